// How problems and steps are said.

extension ArithmeticProblem {
    private static let ends = [
        "", " What do you get?", " Show each step.",
    ]

    func prompt(_ chance: inout SplitMix64) -> String {
        let form = chance.below(4)
        let end = chance.happens(70) ? "" : chance.one(of: Self.ends)
        switch form {
        case 0:
            let first = capitalised(instructions.prefix(1).map(\.imperative).joined())
            return "Start with \(start). "
                + ([first] + instructions.dropFirst().map(\.imperative)).joined(separator: ", then ") + "." + end
        case 1:
            let last = instructions.last?.imperative ?? ""
            let others = instructions.dropLast().map(\.imperative).joined(separator: ", ")
            return "Take \(start), " + (others.isEmpty ? last : "\(others) and \(last)") + "." + end
        case 2:
            // It is a question already.
            let question = end == Self.ends[1] ? "" : end
            return "What is \(start), " + instructions.map(\.spoken).joined(separator: ", then ") + "?" + question
        default:
            return "Begin at \(start): " + instructions.map(\.symbolic).joined(separator: ", ") + "." + end
        }
    }

    private func capitalised(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}

extension ArithmeticTask {
    /// A chain's steps in words: mostly all in one style, sometimes each in its own.
    func written(_ steps: [ArithmeticStep], _ chance: inout SplitMix64) -> [String] {
        let isMixed = chance.happens(20)
        let style = chance.one(of: Style.allCases)
        return steps.enumerated().map { place, step in
            step.written(isMixed ? chance.one(of: Style.allCases) : style, isFirst: place == 0)
        }
    }
}

enum Style: CaseIterable {
    case equation
    case words
    case result
    case ordered
}

extension ArithmeticStep {
    func written(_ style: Style, isFirst: Bool) -> String {
        let (operand, equation) = (instruction.operand, "\(from) \(instruction.symbolic) = \(result)")
        switch style {
        case .equation: return equation
        case .words: return "\(from) \(instruction.spoken) is \(result)."
        case .ordered: return "\(isFirst ? "First" : "Next"), \(equation)."
        case .result:
            switch instruction.operation {
            case .add: return "Adding \(operand) to \(from) gives \(result)."
            case .subtract: return "Taking \(operand) from \(from) leaves \(result)."
            case .multiply: return "Multiplying \(from) by \(operand) gives \(result)."
            case .divide: return "Dividing \(from) by \(operand) gives \(result)."
            }
        }
    }
}

extension Instruction {
    fileprivate var imperative: String {
        switch operation {
        case .add: "add \(operand)"
        case .subtract: "subtract \(operand)"
        case .multiply: "multiply by \(operand)"
        case .divide: "divide by \(operand)"
        }
    }

    fileprivate var spoken: String {
        switch operation {
        case .add: "plus \(operand)"
        case .subtract: "minus \(operand)"
        case .multiply: "times \(operand)"
        case .divide: "divided by \(operand)"
        }
    }

    fileprivate var symbolic: String {
        switch operation {
        case .add: "+ \(operand)"
        case .subtract: "- \(operand)"
        case .multiply: "* \(operand)"
        case .divide: "/ \(operand)"
        }
    }
}
