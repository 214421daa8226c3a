// Words and status codes for what a model cannot read or does not answer.
import HTTPTypes
import Scoring

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
        case .tooManyPrefixes(let cost, let limit):
            (
                "too_many_prefixes", "answers",
                "All prefixes with their answers have \(cost) tokens, each counted apart and for 64 more; at most "
                    + "\(limit) are taken."
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
