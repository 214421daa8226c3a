// Words for signals that cannot be had.
import HTTPTypes
import Scoring

/// A signal that a program reads and no rollout has, nor can have here.
struct SignalLack: Error, Equatable {
    enum Cause: Equatable {
        /// A model that is not loaded.
        case model(ModelRole)
        /// Rollouts have text, and nothing whose likelihood could be asked for.
        case answers
    }

    /// The operator that reads it, by its place.
    let operation: Int
    let field: String
    let cause: Cause

    func words(param: String) -> ErrorWords {
        let lack = "Operator \(operation) (read) needs \(field), which no rollout has"
        let (code, message) =
            switch cause {
            case .model(let role):
                (
                    "no_model",
                    "\(lack); the \(role.rawValue) that computes it is not loaded: start the server with "
                        + "--model \(role.rawValue)=DIR, or send signals.\(field)."
                )
            case .answers:
                ("missing_signal", "\(lack); send signals.\(field), or answers of which the policy is to tell it.")
            }
        return ErrorWords(status: .unprocessableContent, code: code, message: message, param: param)
    }
}
