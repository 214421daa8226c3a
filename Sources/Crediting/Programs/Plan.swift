// A program that fits its data: what every operator takes is there.

/// A program checked against the data that it is to run on.
package struct Plan: Sendable {
    /// What one program may compute of one request: 16 bytes each while somebody takes them.
    package static let mostNumbers = 1 << 24

    package let program: Program
    /// Numbers that it computes.
    package private(set) var cost: Int
    /// One an instruction.
    package let types: [ValueType]
    /// Which result is which output; an output that nothing bears the name of is the last value of its kind.
    package let outputs: [Output: Int]
    /// Named results that no operator takes and that are no output, in their order.
    package let others: [Int]
    /// Where the value of each instruction is taken for the last time.
    let lastUses: [Int]
    let inputs: [Inputs]
    private(set) var facts: CheckedFacts

    /// What an instruction takes, as places in the program.
    struct Inputs: Sendable {
        var value: Int?
        /// By name: of masks, products, shares and sums, in the order in which the operator has them.
        var named: [Int] = []
    }

    /// - Throws: `program`, which names the operator and what it lacks, or `tooMuch`.
    package init(_ program: Program, on facts: CheckedFacts) throws(CreditError) {
        cost = try Self.cost(program, facts)
        var typing = Typing(supply: Supply(facts))
        for instruction in program.instructions { try typing.add(instruction) }
        self.program = program
        self.facts = facts
        types = typing.types
        inputs = typing.inputs
        outputs = Self.outputs(program, typing.types)
        var lastUses = Array(program.instructions.indices)
        for (index, taken) in typing.inputs.enumerated() {
            for input in taken.named + [taken.value].compactMap(\.self) { lastUses[input] = index }
        }
        others = program.instructions.indices.filter { index in
            guard let name = program.instructions[index].name, Output(rawValue: name) == nil else { return false }
            return lastUses[index] == index
        }
        let kept = Set(outputs.values).union(others)
        self.lastUses = lastUses.enumerated().map { kept.contains($0) ? lastUses.count : $1 }
    }

    /// The same program on what has become of its data: of a rollout all is there that was, or nothing is.
    /// - Throws: `tooMuch`.
    package func on(_ facts: CheckedFacts) throws(CreditError) -> Plan {
        var plan = self
        plan.cost = try Self.cost(program, facts)
        plan.facts = facts
        return plan
    }

    private static func cost(_ program: Program, _ facts: CheckedFacts) throws(CreditError) -> Int {
        let passes = program.instructions.reduce(0) { passes, instruction in
            if case .mix(let terms) = instruction.action { passes + max(1, terms.count) } else { passes + 1 }
        }
        let (cells, overflow) = facts.cells.multipliedReportingOverflow(by: passes)
        guard !overflow, cells <= mostNumbers else { throw .tooMuch(limit: mostNumbers) }
        return cells
    }

    /// How many numbers its result has: those of outputs and names, and of every operator where it is traced.
    package func answered(tracing: Bool) -> Int {
        let (scalars, steps, tokens) = facts.rollouts.reduce((0, 0, 0)) {
            ($0.0 + 1, $0.1 + $1.steps, $0.2 + $1.tokens)
        }
        let shown = Array(outputs.values) + others + (tracing ? Array(types.indices) : [])
        return shown.reduce(0) { total, place in
            switch types[place].kind {
            case .scalar: total + scalars
            case .steps: total + steps
            case .tokens: total + tokens
            }
        }
    }

    /// What is known of a rollout, for who lays results beside it.
    package func rollout(_ index: Int) -> CheckedRollout { facts.rollouts[index] }

    private static func outputs(_ program: Program, _ types: [ValueType]) -> [Output: Int] {
        let names = program.instructions.map { $0.name.flatMap(Output.init) }
        var found: [Output: Int] = [:]
        for (index, name) in names.enumerated() {
            if let name { found[name] = index }
        }
        func last(where fits: (ValueType) -> Bool) -> Int? {
            types.indices.last { names[$0] == nil && fits(types[$0]) }
        }
        found[.weight] = found[.weight] ?? last { $0.kind == .steps && $0.isWeighted }
        found[.credit] = found[.credit] ?? last { $0.kind == .steps && !$0.isWeighted }
        found[.reward] = found[.reward] ?? last { $0.kind == .scalar }
        found[.tokens] = found[.tokens] ?? last { $0.kind == .tokens }
        return found
    }
}

/// Which fields the data has.
struct Supply: Sendable {
    private let fields: Set<String>
    private let dimensions: Int
    /// Whether there is no rollout at all, which lacks nothing.
    private let isEmpty: Bool

    init(_ facts: CheckedFacts) {
        var fields: Set<String> = []
        for rollout in facts.rollouts {
            for (name, isThere) in Self.fields(of: rollout) where isThere { fields.insert(name) }
        }
        self.fields = fields
        isEmpty = facts.rollouts.isEmpty
        dimensions = facts.rollouts.map { $0.facts.dimensions?.count ?? 0 }.reduce(0, max)
    }

    private static func fields(of rollout: CheckedRollout) -> [(String, Bool)] {
        let facts = rollout.facts
        return [
            ("rewards", facts.rewards != nil), ("external", facts.external != nil), ("value", facts.value != nil),
            ("answer_logprob", facts.answerLogprob != nil), ("token_logprob", facts.tokenLogprob != nil),
            ("token_entropy", facts.tokenEntropy != nil), ("logratio", facts.logratio != nil),
            ("teacher_logprob", facts.teacherLogprob != nil), ("outcome", facts.outcome != nil),
            ("answer", facts.answer != nil), ("pivot", facts.pivot != nil), ("states", facts.states != nil),
            ("parent", facts.parent != nil), ("token_spans", rollout.spans != nil),
            ("token_count", rollout.tokens > 0),
        ]
    }

    /// What is lacking, or nil.
    func lack(_ field: String) -> String? { isEmpty || fields.contains(field) ? nil : field }

    func lack(_ read: Read) -> String? {
        if isEmpty || read.isOptional { return nil }
        if read.source == .dimension { return read.index < dimensions ? nil : "dimensions[\(read.index)]" }
        return read.source.field.flatMap(lack)
    }
}
