// Words and status codes for what becomes of a server and its model.
import HTTPTypes

extension Trouble {
    var words: ErrorWords {
        let message =
            switch self {
            case .draining: "The server is shutting down."
            case .modelStalled: "The model has not answered for too long."
            case .modelWrong: "The model gives other numbers than when it was loaded."
            case .tasksStalled: "The server's tasks get no turn."
            case .socketsStalled: "The server's connections get no turn."
            }
        return ErrorWords(
            status: .serviceUnavailable,
            type: "overloaded_error",
            code: rawValue,
            message: message,
            retryAfterSeconds: 1
        )
    }
}

extension ReloadError {
    var words: ErrorWords {
        switch self {
        case .busy:
            ErrorWords(status: .conflict, code: "reload_in_progress", message: sentence, retryAfterSeconds: 1)
        case .draining: Trouble.draining.words
        case .refused: ErrorWords(status: .unprocessableContent, code: "model_refused", message: sentence)
        case .unproven: Trouble.modelWrong.words
        }
    }

    /// For a log, and for the operator who asked.
    var sentence: String {
        switch self {
        case .busy: "Another reload is under way, or the model before this one still answers what it accepted."
        case .draining: Trouble.draining.words.message
        case .refused(let refusal): "\(refusal.sentence); the model that is served stays."
        case .unproven: Trouble.modelWrong.words.message
        }
    }
}
