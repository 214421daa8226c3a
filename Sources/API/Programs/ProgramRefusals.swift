// Words for what is wrong with a program, or with the data that it is to run on.
import Crediting

extension FactFault {
    /// Where it stands in its rollout.
    var path: String {
        let place =
            switch problem {
            case .notFinite(let index?), .outOfRange(let index, _, _), .span(let index, _): "[\(index)]"
            default: ""
            }
        return (FactsReader.signals.contains(field) ? "signals." : "") + field + place
    }

    var code: String {
        switch problem {
        case .count, .empty: "length_mismatch"
        case .notFinite, .outOfRange: "reward_out_of_range"
        case .cycle: "parent_cycle"
        case .span: "bad_token_span"
        case .badIndex: "invalid_field"
        case .otherTokens: "token_mismatch"
        }
    }

    var message: String {
        switch problem {
        case .count(let count, let expected):
            "\(field) has \(count) values where the rollout's other fields make it \(expected)."
        case .empty: "\(field) has no value: it begins with the one before the first step."
        case .notFinite: "\(field) has a number that is not finite."
        case .outOfRange(let index, let value, let scale):
            "The reward of step \(index), \(value), is outside the scale \(scale)."
        case .badIndex(let index): "\(field) cannot be \(index)."
        case .cycle: "The rollout is its own ancestor."
        case .otherTokens:
            "\(field) is of other tokens than the policy's, which the signals are computed of; leave it out, and the "
                + "answer has token_spans, or send prompt_token_ids and step_token_ids."
        case .span(let index, let tokens):
            "Token span \(index) must hold a token, follow the span before it and end within the \(tokens) tokens."
        }
    }
}

extension CreditError {
    /// Which part of a request it is about.
    /// - Parameter path: where the program stands, if its caller wrote it.
    func param(program path: String?, otherwise: String) -> String {
        switch self {
        case .fact(let fault): return "rollouts[\(fault.rollout)]"
        case .program(let fault):
            guard let path else { return otherwise }
            // The whole is at fault, and no operator of it.
            return fault.problem == .empty || fault.problem == .tooLong ? path : "\(path)[\(fault.index)]"
        default: return path ?? otherwise
        }
    }
}

extension ProgramFault {
    /// The parameter that is wrong, where one is.
    var field: String {
        switch problem {
        case .parameter(let name): name
        case .badName, .nameTaken, .output: "as"
        default: ""
        }
    }

    var code: String {
        switch problem {
        case .lacks: "missing_signal"
        default: "invalid_program"
        }
    }

    var message: String {
        let what = "Operator \(index) (\(operation))"
        return switch problem {
        case .empty: "A program has one operator at least."
        case .tooLong: "A program has at most \(Program.mostOperators) operators."
        case .badName:
            "\(what): a name is a to z, 0 to 9 and _, begins with a letter and has at most "
                + "\(Program.longestName)."
        case .nameTaken(let name): "\(what): an earlier operator's result is called \(name)."
        case .noInput: "\(what) takes the value before it, and nothing is before it; begin with read."
        case .unknownName(let name): "\(what): no earlier operator's result is called \(name.fieldName)."
        case .kind(let kind, let wanted):
            "\(what) takes \(wanted.map(\.rawValue).joined(separator: " or ")), and its input is \(kind.rawValue)."
        case .mismatch(let name, let kind, let other):
            "\(what): \(name) is \(kind.rawValue), which does not go with \(other.rawValue)."
        case .unweighted: "\(what) takes steps with weights; put weights before it."
        case .noBefore:
            "\(what) takes what stands before the first step, and its input has none; init may be first "
                + "or a number."
        case .scope(let scope, let kind): "\(what): the scope \(scope.rawValue) does not exist for \(kind.rawValue)."
        case .parameter(let name): "\(what): \(name) is missing, not finite or out of its range."
        case .lacks(let field): "\(what) needs \(field), which no rollout has."
        case .output(let name, let kind): "\(what): \(name) is an output of another kind than \(kind.rawValue)."
        }
    }
}
