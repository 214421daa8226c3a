// What a program needs of a rollout, told from its operators.

/// Fields of a rollout, each once, in the order in which the program comes to them.
package struct Needs: Sendable, Equatable {
    /// At least one rollout must have them.
    package private(set) var required: [String] = []
    /// Without them the program runs, by the rule of the operator.
    package private(set) var optional: [String] = []

    package init(of program: Program) {
        // On no data everything is there: what is left are the kinds of values.
        let plan = try? Plan(program, on: CheckedFacts([]))
        for (index, instruction) in program.instructions.enumerated() {
            let input = plan?.inputs[index].value.flatMap { plan?.types[$0].kind }
            add(instruction.action, to: input)
        }
        optional.removeAll(where: required.contains)
    }

    private mutating func add(_ action: Operator, to input: ValueType.Kind?) {
        switch action {
        case .read(let read):
            add(read.source.field, isOptional: read.isOptional)
            if read.source == .answerShare || read.source == .answerMajority { add("group", isOptional: true) }
        case .tokens(_, let isOptional): add("token_spans", isOptional: isOptional)
        case .pool(let pooled) where pooled.over == .step: add("token_spans", isOptional: pooled.isOptional)
        case .centre(let centre):
            if centre.by == .otherTokens { add("token_spans", isOptional: false) }
            if centre.by == .tree { add("parent", isOptional: false) }
            add(centre.scope)
        case .scale(let scaling) where scaling.by != .remaining: add(scaling.scope)
        case .select(_, let scope): add(scope)
        // Of steps and tokens the weights are the rollout's own.
        case .weights(let weights) where input == .scalar: add(weights.scope)
        default: break
        }
    }

    private mutating func add(_ scope: Scope) {
        switch scope {
        case .prompt, .position: add("group", isOptional: true)
        case .turn:
            add("group", isOptional: true)
            add("turns", isOptional: true)
        case .state:
            add("group", isOptional: true)
            add("states", isOptional: false)
        case .rollout, .batch: break
        }
    }

    private mutating func add(_ field: String?, isOptional: Bool) {
        guard let field, !required.contains(field) else { return }
        if !isOptional {
            required.append(field)
        } else if !optional.contains(field) {
            optional.append(field)
        }
    }
}
