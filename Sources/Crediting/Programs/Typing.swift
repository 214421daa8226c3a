// Finds the kind of every result, or the operator that cannot have one.

/// The instructions of a program so far, with what each takes and gives.
struct Typing {
    let supply: Supply
    private(set) var types: [ValueType] = []
    private(set) var inputs: [Plan.Inputs] = []
    private var places: [String: Int] = [:]

    init(supply: Supply) { self.supply = supply }

    mutating func add(_ instruction: Instruction) throws(CreditError) {
        let index = types.count
        do throws(Complaint) {
            let taken = try inputs(of: instruction)
            let type = try self.type(of: instruction.action, taken)
            if let name = instruction.name { try check(output: name, type) }
            types.append(type)
            inputs.append(taken)
        } catch {
            throw .program(ProgramFault(at: index, instruction, error.problem))
        }
        if let name = instruction.name { places[name] = index }
    }

    /// Why an operator cannot stand where it stands.
    struct Complaint: Error {
        let problem: ProgramFault.Problem
        init(_ problem: ProgramFault.Problem) { self.problem = problem }
    }

    private func inputs(of instruction: Instruction) throws(Complaint) -> Plan.Inputs {
        var taken = Plan.Inputs()
        switch instruction.action {
        case .read: break
        case .mix(let terms):
            guard (1...Program.mostTerms).contains(terms.count) else { throw Complaint(.parameter("terms")) }
            for term in terms { taken.named.append(try place(of: term.of)) }
            return taken
        default:
            if let name = instruction.from {
                taken.value = try place(of: name)
            } else {
                guard !types.isEmpty else { throw Complaint(.noInput) }
                taken.value = types.count - 1
            }
        }
        switch instruction.action {
        case .mask(let name), .map(.times(let name)), .map(.least(let name)), .map(.most(let name)),
            .contribution(.weighted(of: let name?)):
            taken.named = [try place(of: name)]
        default: break
        }
        return taken
    }

    private func place(of name: String) throws(Complaint) -> Int {
        guard let place = places[name] else { throw Complaint(.unknownName(name)) }
        return place
    }

    private func check(output name: String, _ type: ValueType) throws(Complaint) {
        let fits =
            switch Output(rawValue: name) {
            case nil: true
            case .weight: type.kind == .steps && type.isWeighted
            case .credit: type.kind == .steps
            case .reward: type.kind == .scalar
            case .advantage: type.kind != .tokens
            case .tokens: type.kind == .tokens
            }
        guard fits else { throw Complaint(.output(name, type.kind)) }
    }

    private func type(of action: Operator, _ taken: Plan.Inputs) throws(Complaint) -> ValueType {
        if let bad = action.badParameter { throw Complaint(.parameter(bad)) }
        if case .read(let read) = action {
            if let lack = supply.lack(read) { throw Complaint(.lacks(lack)) }
            return read.source.type
        }
        let named = taken.named.map { types[$0] }
        if case .mix(let terms) = action { return try mixed(terms, named) }
        guard let place = taken.value else { throw Complaint(.noInput) }
        return try type(of: action, types[place], named)
    }

    private func type(
        of action: Operator,
        _ input: ValueType,
        _ named: [ValueType]
    ) throws(Complaint) -> ValueType {
        switch action {
        case .read, .mix: return input
        case .map(let mapping):
            guard let name = mapping.partner else { return ValueType(kind: input.kind, hasBefore: input.hasBefore) }
            return try combined(input, with: named[0], name)
        case .mask(let name): return try combined(input, with: named[0], name)
        case .select(_, let scope):
            try check(scope, for: input.kind)
            return ValueType(kind: input.kind)
        case .scan(let scan):
            try demand(input, [.steps, .tokens])
            return ValueType(kind: input.kind, hasBefore: input.hasBefore && scan.direction == .prefix)
        case .diff(let start):
            try demand(input, [.steps, .tokens])
            if start == .before, !input.hasBefore { throw Complaint(.noBefore) }
            return ValueType(kind: input.kind)
        case .weights(let weights): return try weighted(weights, input)
        case .pool(let pooled): return try self.pooled(pooled, input)
        case .contribution(let contribution): return try contributed(contribution, input, named)
        case .centre(let centre): return try centred(centre, input)
        case .scale(let scaling): return try scaled(scaling, input)
        case .tokens(_, let isOptional):
            try demand(input, [.scalar, .steps])
            try need(input.kind == .steps ? "token_spans" : "token_count", unless: isOptional)
            return ValueType(kind: .tokens)
        }
    }
}

// MARK: - Families

extension Typing {
    private func weighted(_ weights: Weights, _ input: ValueType) throws(Complaint) -> ValueType {
        guard input.kind == .scalar else { return ValueType(kind: input.kind, isWeighted: true) }
        switch weights.by {
        case .uniform, .softmin: break
        default: throw Complaint(.kind(.scalar, wanted: [.steps, .tokens]))
        }
        try check(weights.scope, for: .scalar)
        return input
    }

    private func pooled(_ pooled: Pooled, _ input: ValueType) throws(Complaint) -> ValueType {
        if pooled.over == .step {
            try demand(input, [.tokens])
            try need("token_spans", unless: pooled.isOptional)
            if pooled.by == .weighted { throw Complaint(.parameter("over")) }
            return ValueType(kind: .steps)
        }
        try demand(input, [.steps, .tokens])
        if pooled.by == .weighted, !input.isWeighted { throw Complaint(.unweighted) }
        return ValueType(kind: .scalar)
    }

    private func contributed(
        _ contribution: Contribution,
        _ input: ValueType,
        _ named: [ValueType]
    ) throws(Complaint) -> ValueType {
        guard case .weighted(let name) = contribution else {
            try demand(input, [.scalar])
            return ValueType(kind: .steps)
        }
        try demand(input, [.steps, .tokens])
        guard input.isWeighted else { throw Complaint(.unweighted) }
        if let name, named[0].kind != .scalar { throw Complaint(.mismatch(name, named[0].kind, with: .scalar)) }
        return ValueType(kind: input.kind)
    }

    private func mixed(_ terms: [Term], _ types: [ValueType]) throws(Complaint) -> ValueType {
        let kind = types.first { $0.kind != .scalar }?.kind ?? .scalar
        for (term, type) in zip(terms, types) {
            try combine(kind, with: type, term.of)
            // A number that has no steps to stand at has no last one either.
            if kind == .scalar || type.kind != .scalar, term.place == .last { throw Complaint(.parameter("to")) }
        }
        return ValueType(kind: kind)
    }

    private func centred(_ centre: Centre, _ input: ValueType) throws(Complaint) -> ValueType {
        try check(centre.scope, for: input.kind)
        if centre.sample == .first { try demand(input, [.steps, .tokens]) }
        switch centre.by {
        case .mean, .others: break
        case .otherMeans, .rloo:
            try demand(input, [.steps, .tokens])
            try between(centre.scope, input.kind)
        case .otherTokens:
            try demand(input, [.steps])
            try between(centre.scope, input.kind)
            try need("token_spans", unless: false)
        case .otherPadded:
            try demand(input, [.tokens])
            try between(centre.scope, input.kind)
        case .tree:
            try demand(input, [.scalar])
            try need("parent", unless: false)
        }
        return ValueType(kind: input.kind)
    }

    private func scaled(_ scaling: Scaling, _ input: ValueType) throws(Complaint) -> ValueType {
        try check(scaling.scope, for: input.kind)
        if scaling.sample == .first { try demand(input, [.steps, .tokens]) }
        switch scaling.by {
        case .deviation, .mean, .largest: break
        case .remaining: try demand(input, [.steps, .tokens])
        case .largestReturn:
            try demand(input, [.steps, .tokens])
            if [.turn, .position, .state].contains(scaling.scope) {
                throw Complaint(.scope(scaling.scope, input.kind))
            }
        }
        return ValueType(kind: input.kind)
    }

    // MARK: Conditions

    private func demand(_ input: ValueType, _ wanted: [ValueType.Kind]) throws(Complaint) {
        guard wanted.contains(input.kind) else { throw Complaint(.kind(input.kind, wanted: wanted)) }
    }

    private func need(_ field: String, unless isOptional: Bool) throws(Complaint) {
        if !isOptional, let lack = supply.lack(field) { throw Complaint(.lacks(lack)) }
    }

    private func combined(
        _ input: ValueType,
        with other: ValueType,
        _ name: String
    ) throws(Complaint) -> ValueType {
        try combine(input.kind, with: other, name)
        return ValueType(kind: input.kind)
    }

    private func combine(_ kind: ValueType.Kind, with other: ValueType, _ name: String) throws(Complaint) {
        guard other.kind == kind || other.kind == .scalar else {
            throw Complaint(.mismatch(name, other.kind, with: kind))
        }
    }

    /// Rollouts are compared, not steps.
    private func between(_ scope: Scope, _ kind: ValueType.Kind) throws(Complaint) {
        guard scope == .prompt || scope == .batch else { throw Complaint(.scope(scope, kind)) }
    }

    private func check(_ scope: Scope, for kind: ValueType.Kind) throws(Complaint) {
        let exists =
            switch scope {
            case .prompt, .batch: true
            case .rollout, .position: kind != .scalar
            case .turn, .state: kind == .steps
            }
        guard exists else { throw Complaint(.scope(scope, kind)) }
        if scope == .state { try need("states", unless: false) }
    }
}
