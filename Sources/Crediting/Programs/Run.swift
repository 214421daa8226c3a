// Runs a plan, operator after operator.

/// The values that a program gave.
package struct ProgramResult: Sendable {
    package let outputs: [Output: Value]
    /// Named results that are no output and that nobody took.
    package let others: [(name: String, value: Value)]
    /// One an instruction where a trace was asked for, else none.
    package let trace: [Value]
}

extension Plan {
    /// Every number is finite or absent with its reason. What a rollout gets from operators of its own scope has the
    /// same bits in any company.
    /// - Throws: between two operators, where the task was cancelled.
    package func run(tracing: Bool = false) throws(CancellationError) -> ProgramResult {
        let run = Run(facts: facts)
        var values: [Value?] = []
        for (index, instruction) in program.instructions.enumerated() {
            guard !Task.isCancelled else { throw CancellationError() }
            let taken = inputs[index]
            let value = run.result(
                of: instruction.action,
                taken.value.flatMap { values[$0] } ?? .scalar([]),
                taken.named.map { values[$0] ?? .scalar([]) }
            )
            values.append(value)
            if tracing { continue }
            // What nobody takes any more need not be kept: a program of 64 operators holds few values at a time.
            for input in taken.named + [taken.value].compactMap(\.self) where lastUses[input] <= index {
                values[input] = nil
            }
        }
        return ProgramResult(
            outputs: outputs.compactMapValues { values[$0] },
            others: others.compactMap { place in
                guard let name = program.instructions[place].name, let value = values[place] else { return nil }
                return (name, value)
            },
            trace: tracing ? values.compactMap(\.self) : []
        )
    }
}

/// One operator after another over the same data.
struct Run {
    let facts: CheckedFacts

    /// - Parameters:
    ///   - input: of a kind that the plan has checked; unused by `read` and `mix`.
    ///   - named: those that the operator names.
    func result(of action: Operator, _ input: Value, _ named: [Value]) -> Value {
        switch action {
        case .read(let read): return self.read(read)
        case .map(let mapping): return map(input, mapping, named.first)
        case .mask: return combine(input, with: named[0]) { $1.value == 0 ? Cell(absent: .masked) : $0.marked($1) }
        case .select(let share, let scope): return select(input, share, scope)
        case .mix(let terms): return mix(terms, named)
        case .centre(let centre): return self.centre(input, centre)
        case .scale(let scaling): return scale(input, scaling)
        case .tokens(let layout, _): return lay(input, layout)
        case .scan, .diff, .weights, .pool, .contribution: break
        }
        switch (action, input) {
        case (.scan(let scan), .rows(let rows)): return .rows(scanned(rows, scan))
        case (.diff(let start), .rows(let rows)): return .rows(differences(rows, start))
        case (.weights(let weights), .rows(let rows)): return .rows(weighted(rows, weights))
        case (.weights(let weights), .scalar(let cells)): return .scalar(self.weights(cells, weights))
        case (.pool(let pooled), .rows(let rows)):
            return pooled.over == .step ? .rows(stepPools(rows, pooled)) : .scalar(pools(rows, pooled))
        case (.contribution(.weighted), .rows(let rows)): return .rows(contributions(rows, named.first))
        case (.contribution(let contribution), .scalar(let cells)):
            return .rows(spread(cells, toLast: contribution == .last))
        default: preconditionFailure("the plan has checked the kind of every input")
        }
    }
}

extension Cell {
    /// This one where the other is present.
    fileprivate func marked(_ other: Cell) -> Cell { other.value == nil ? other : self }
}

extension Run {
    /// Number by number; a rollout's own number goes with each of its steps or tokens.
    func combine(_ input: Value, with other: Value, _ change: (Cell, Cell) -> Cell) -> Value {
        switch (input, other) {
        case (.scalar(let one), .scalar(let two)): return .scalar(zip(one, two).map(change))
        case (.rows(let rows), .scalar(let two)):
            return .rows(rows.map { index, row in row.map { change($0, two[index]) } })
        case (.rows(let rows), .rows(let two)):
            return .rows(rows.map { index, row in zip(row, two.cells[index]).map(change) })
        case (.scalar, .rows): preconditionFailure("the plan has checked the kind of every input")
        }
    }
}
