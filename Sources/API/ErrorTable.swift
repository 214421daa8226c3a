// The one table of words and status codes for what goes wrong.
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
        case .otherTokens(let param): .otherTokens(param)
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
        case .noReward(let index, let reason):
            ErrorWords(
                status: .unprocessableContent,
                code: "no_reward",
                message: "The method makes no number of rollout \(index): \(reason.rawValue)."
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

extension ScoringError {
    /// - Parameter param: the rollout, as `rollouts[1]`; nil where the whole request failed.
    func words(param: String?) -> ErrorWords {
        func unscorable(_ code: String, _ field: String, _ message: String) -> ErrorWords {
            ErrorWords(
                status: .unprocessableContent,
                code: code,
                message: message,
                param: param.map { field.isEmpty || $0 == field ? $0 : "\($0).\(field)" }
            )
        }
        switch self {
        case .emptySteps: return unscorable("empty_steps", "steps", "The rollout has no step to score.")
        case .stepNotInResponse(let step):
            return unscorable(
                "step_not_in_response",
                "steps[\(step)]",
                "Step \(step) does not follow the step before it in the response; send steps or response alone."
            )
        case .unsupportedMessages(ModelRole.policy.rawValue):
            return unscorable(
                "unsupported_messages",
                "messages",
                "The policy has no chat template that is known here; send its prompt as text or in tokens."
            )
        case .unsupportedMessages(let profile):
            return unscorable(
                "unsupported_messages",
                "messages",
                "A model of the profile \(profile) reads one user message, no conversation."
            )
        case .assistantTurnLast:
            return unscorable(
                "unsupported_messages",
                "messages",
                "The last message must not be the assistant's: send its answer as steps or response."
            )
        case .tooLong(let tokens, let limit):
            return unscorable(
                "too_long",
                "steps",
                "The rollout has \(tokens) tokens; the model reads at most \(limit). Nothing was truncated."
            )
        case .emptyStep, .markerInStep, .rawOnly, .unknownToken, .emptySegment, .idOutOfRange, .badReadPosition,
            .noTag, .untagged:
            let (code, field, message) = renderingWords
            return unscorable(code, field, message)
        case .emptyPrompt, .emptyAnswer, .tooManyPrefixes, .noModel:
            let (code, field, message) = signalWords
            return unscorable(code, field, message)
        case .nonFiniteSignal, .nonFiniteAnswer:
            let (code, field, message) = signalWords
            return ErrorWords(
                status: .internalServerError,
                type: "server_error",
                code: code,
                message: message,
                param: param.map { "\($0).\(field)" }
            )
        case .credit(let error): return unscorable(error.code, error.field, error.message)
        case .nonFiniteReward(let step):
            return ErrorWords(
                status: .internalServerError,
                type: "server_error",
                code: "non_finite_reward",
                message: "The model's reward of step \(step) is not a finite number.",
                param: param.map { "\($0).steps[\(step)]" }
            )
        case .overloaded(let seconds):
            return ErrorWords(
                status: .tooManyRequests,
                type: "overloaded_error",
                code: "overloaded",
                message: "The queue is full; try again in \(seconds) s.",
                retryAfterSeconds: seconds
            )
        case .lineFull(let seconds):
            return ErrorWords(
                status: .serviceUnavailable,
                type: "overloaded_error",
                code: "overloaded",
                message: "Too many wait for room in the queue; try again in \(seconds) s.",
                retryAfterSeconds: seconds
            )
        case .closing:
            return ErrorWords(
                status: .serviceUnavailable,
                type: "overloaded_error",
                code: "shutting_down",
                message: "The server is shutting down.",
                retryAfterSeconds: 1
            )
        case .cancelled:
            return ErrorWords(
                status: .serviceUnavailable,
                type: "overloaded_error",
                code: "cancelled",
                message: "The caller closed its connection before its rollouts were scored.",
                retryAfterSeconds: 1
            )
        case .kernel: return APIError.unexpected("").words
        }
    }
}

extension ScoringError {
    /// What the template of the model could not lay out.
    fileprivate var renderingWords: (code: String, field: String, message: String) {
        switch self {
        case .emptyStep(let step):
            ("empty_step", "steps[\(step)]", "Step \(step) is empty, and this model reads at a step's own last token.")
        case .markerInStep(let step):
            (
                "marker_in_step", "steps[\(step)]",
                "Step \(step) contains what marks a step's end to this model: a reward would be read in its midst."
            )
        case .rawOnly(let profile):
            (
                "raw_only", "segments",
                "A model of the profile \(profile) takes segments, or token_ids with read_positions."
            )
        case .unknownToken(let segment):
            ("unknown_token", "segments[\(segment)].token", "The tokenizer has no added token of this text.")
        case .emptySegment(let segment):
            ("empty_segment", "segments[\(segment)]", "The segment has no token to read at.")
        case .idOutOfRange(let position, let rows):
            (
                "token_out_of_range", "token_ids[\(position)]",
                "The id at position \(position) is not one of the model's \(rows)."
            )
        case .badReadPosition(let index):
            (
                "bad_read_position", "read_positions[\(index)]",
                "Read positions must ascend, and each must be the place of a token."
            )
        case .noTag(let profile):
            (
                "no_step_tag", "",
                "A model of the profile \(profile) has no one token that tags a step; send steps to /v1/rewards."
            )
        case .untagged(let tag):
            (
                "untagged", "",
                "The text has no step tag, which to this model is \(tag.debugDescription) as a token of its own."
            )
        default: ("unscorable", "steps", "The rollout cannot be scored.")
        }
    }
}

extension ScoringError {
    /// What a language model could not be asked, or did not answer.
    fileprivate var signalWords: (code: String, field: String, message: String) {
        switch self {
        case .emptyPrompt: ("empty_prompt", "prompt", "The prompt has no token for the first to follow.")
        case .emptyAnswer(let index): ("empty_answer", "answers[\(index)]", "Answer \(index) has no token.")
        case .tooManyPrefixes(let tokens, let limit):
            (
                "too_many_prefixes", "answers",
                "All prefixes with their answers have \(tokens) tokens, counted apart; at most \(limit) are taken."
            )
        case .noModel(let role):
            ("no_model", "", "This needs a \(role.rawValue), and none is loaded (--model \(role.rawValue)=DIR).")
        case .nonFiniteSignal(let token):
            ("non_finite_signal", "steps", "What the model says after token \(token) is not a finite number.")
        case .nonFiniteAnswer(let index, let step):
            (
                "non_finite_signal", "answers[\(index)]",
                "The model's log-probability of answer \(index) after \(step) steps is not a finite number."
            )
        default: ("unscorable", "", "The rollout cannot be asked about.")
        }
    }
}

extension CreditError {
    var code: String {
        switch self {
        case .noSteps: "empty_steps"
        case .temperature, .undefined: "invalid_credit"
        case .notFinite, .outOfRange: "reward_out_of_range"
        case .infiniteLogit: "infinite_logit"
        case .tokenSpanCount, .tokenSpan: "bad_token_span"
        case .fact(let fault): fault.code
        case .program(let fault): fault.code
        case .tooMuch: "too_many_numbers"
        case .option: "invalid_field"
        }
    }

    /// What of the rollout it is about.
    fileprivate var field: String {
        switch self {
        case .tokenSpanCount: "token_spans"
        case .tokenSpan(let index, _): "token_spans[\(index)]"
        case .temperature, .undefined, .noSteps, .notFinite, .outOfRange, .infiniteLogit: "rewards"
        case .fact(let fault): fault.path
        case .program(let fault): fault.field
        case .tooMuch: ""
        case .option(let name, _): name
        }
    }

    var message: String {
        switch self {
        case .temperature(let value): "The temperature must be a finite number greater than 0, not \(value)."
        case .undefined(let pooling, let scale): "The pooling \(pooling.rawValue) does not exist on the scale \(scale)."
        case .noSteps: "There is no reward to compute credit from."
        case .notFinite(let step): "The reward of step \(step) is not a finite number."
        case .outOfRange(let step, let value, let scale):
            "The reward of step \(step), \(value), is outside the scale \(scale)."
        case .infiniteLogit(let step):
            "Step \(step) is certain, so its logit is infinite; compute credit on the scale probability or margin."
        case .tokenSpanCount(let spans, let steps): "The rollout has \(steps) steps and \(spans) token spans."
        case .tokenSpan(let index, let tokens):
            "Token span \(index) must hold a token, follow the span before it and end within the \(tokens) tokens."
        case .fact(let fault): fault.message
        case .program(let fault): fault.message
        case .tooMuch(let limit): "The program would compute more than \(limit) numbers; send fewer rollouts at once."
        case .option(let name, let wanted): "\(name.fieldName) must be \(wanted ?? "an option of the method")."
        }
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
