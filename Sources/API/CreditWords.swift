// Words and codes for what no credit can be computed from.
import Crediting

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
    var field: String {
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
        case .tooMuch(let limit):
            "The program would compute or answer more than \(limit) numbers; send fewer rollouts at once, or no trace."
        case .option(let name, let wanted): "\(name.fieldName) must be \(wanted ?? "an option of the method")."
        }
    }
}
