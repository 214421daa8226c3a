// Words and status codes for what is wrong with a request.
//
// With RefusalWords, ScoringWords, CreditWords and LifeWords it is the one table of what goes wrong.
import Crediting
import HTTPTypes
import JSON
import Scoring
import Serving
import Transcripts

extension APIError {
    var words: ErrorWords {
        switch self {
        case .refusal(let refusal): refusal.words
        case .scoring(let error, let param): error.words(param: param)
        case .lacksSignal(let lack, let param): lack.words(param: param)
        case .crowded(let seconds):
            ErrorWords(
                status: .serviceUnavailable,
                type: "overloaded_error",
                code: "overloaded",
                message: "The requests under way take all the memory there is for them; try again in \(seconds) s.",
                retryAfterSeconds: seconds
            )
        case .unknownPath:
            ErrorWords(
                status: .notFound,
                code: "unknown_path",
                message: "There is no such path; GET /openapi.yaml lists them."
            )
        case .methodNotAllowed(let allowed):
            ErrorWords(
                status: .methodNotAllowed,
                code: "method_not_allowed",
                message: "This path takes \(allowed.joined(separator: " or ")).",
                allowed: allowed
            )
        case .mediaType:
            ErrorWords(
                status: .unsupportedMediaType,
                code: "unsupported_media_type",
                message: "The body must be application/json (curl: -H 'Content-Type: application/json')."
            )
        case .unknownModel(let served):
            ErrorWords(
                status: .notFound,
                code: "unknown_model",
                message: "There is no such model here; \(served) is served.",
                param: "model"
            )
        case .notReady(let trouble): trouble.words
        case .reload(let error): error.words
        case .noReward(let index, let reason, let param):
            ErrorWords(
                status: .unprocessableContent,
                code: "no_reward",
                message: "The method makes no number of rollout \(index): \(reason.rawValue).",
                param: param
            )
        case .denied(.noKey):
            ErrorWords(
                status: .unauthorized,
                type: "authentication_error",
                code: "invalid_api_key",
                message: "A key is needed: Authorization: Bearer KEY, or ?api_key=KEY, or /KEY before the path."
            )
        case .denied(.noAdminKey):
            ErrorWords(
                status: .forbidden,
                type: "permission_error",
                code: "admin_key_needed",
                message: "This needs an admin key, in a header: Authorization: Bearer KEY."
            )
        case .denied(.noAdminKeys):
            ErrorWords(
                status: .forbidden,
                type: "permission_error",
                code: "no_admin_keys",
                message: "This needs an admin key, and the server was started with none (--admin-key-file)."
            )
        case .deadline(let seconds):
            ErrorWords(
                status: .serviceUnavailable,
                type: "overloaded_error",
                code: "deadline_exceeded",
                message: "The rollouts were not scored in time; nothing of them is left in the queue.",
                retryAfterSeconds: Int(seconds.rounded(.up))
            )
        case .transcript(let error, let param):
            ErrorWords(status: .badRequest, code: error.code, message: error.message, param: param)
        case .unexpected:
            // The cause goes to the log; what is inside is nobody else's affair.
            ErrorWords(
                status: .internalServerError,
                type: "server_error",
                code: "internal_error",
                message: "Something went wrong inside; the log has it under this request id."
            )
        case .notJSON, .missingField, .wrongField, .unknownField, .conflictingFields, .notServed, .noPrompt:
            fieldWords
        }
    }

    /// What is wrong with the body itself: all of these are a 400, but for one that is too large.
    private var fieldWords: ErrorWords {
        func words(_ code: String, _ message: String, _ param: String?) -> ErrorWords {
            ErrorWords(status: .badRequest, code: code, message: message, param: param)
        }
        switch self {
        case .notJSON(let error):
            if let sizeWords = error.sizeWords { return sizeWords }
            let path = error.path.fieldPath
            let place = "at byte \(error.offset)" + (path.isEmpty ? "" : " in \(path)")
            let param = path.isEmpty ? nil : path
            if case .duplicateKey = error.kind {
                return words("duplicate_key", "The body is not valid JSON: a key is there twice \(place).", param)
            }
            return words("invalid_json", "The body is not valid JSON: \(error.kind) \(place).", param)
        case .missingField(let param): return words("missing_field", "\(param) is missing.", param)
        case .wrongField(let param, let expected): return words("invalid_field", "\(param) must be \(expected).", param)
        case .unknownField(let param, let known):
            return words(
                "unknown_field",
                "\(param) is not known here; known are \(known.joined(separator: ", ")).",
                param
            )
        case .conflictingFields(let one, let other):
            if one == other { return words("conflicting_fields", "\(one) is there twice.", one) }
            return words("conflicting_fields", "\(one) and \(other) exclude each other.", one)
        case .notServed(let param, let instead):
            return words("not_served", "\(param) is not served by this version; use \(instead).", param)
        case .noPrompt(let param):
            return words("missing_field", "\(param) is missing: a step's reward depends on what was asked.", param)
        default: return words("invalid_request", "The request is not valid.", nil)
        }
    }
}

extension JSONError {
    /// Where it is valid JSON, for all we know, and too much of it.
    fileprivate var sizeWords: ErrorWords? {
        let message: String
        switch kind {
        case .tooManyValues(let limit): message = "The body may have at most \(limit) values."
        case .tooManyContainers(let limit): message = "The body may have at most \(limit) arrays and objects."
        default: return nil
        }
        return ErrorWords(status: .contentTooLarge, code: "body_too_large", message: message)
    }
}

extension TranscriptError {
    var code: String {
        switch self {
        case .noAnswer: "no_answer"
        case .unknownTemplate: "unknown_chat_template"
        case .noQuestion: "no_question"
        }
    }

    var message: String {
        switch self {
        case .noAnswer:
            "The text does not begin with its prompt, and no assistant header of a known chat template is in it."
        case .unknownTemplate: "The prompt is in no known chat template; send messages to /v1/rewards."
        case .noQuestion: "The prompt has no user's turn."
        }
    }
}
