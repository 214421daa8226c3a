// Runs methods and programs on few words.

import Crediting
import Fixtures

/// What a method gave, as plain numbers; nil is absent.
struct Answer {
    let result: ProgramResult

    init(_ method: String, _ options: [String: OptionValue] = [:], _ rollouts: [RolloutFacts]) throws {
        guard let method = Method.named(method) else { throw NoSuchMethod(name: method) }
        try self.init(method.program(options), rollouts)
    }

    init(_ program: Program, _ rollouts: [RolloutFacts]) throws {
        result = try Plan(program, on: CheckedFacts(rollouts)).run()
    }

    init(_ instructions: [Instruction], _ rollouts: [RolloutFacts]) throws {
        try self.init(Program(instructions), rollouts)
    }

    func cells(_ output: Output, _ rollout: Int = 0) -> [Cell] {
        switch result.outputs[output] {
        case .scalar(let cells)?: [cells[rollout]]
        case .rows(let rows)?: rows.cells[rollout]
        case nil: []
        }
    }

    func numbers(_ output: Output, _ rollout: Int = 0) -> [Double?] { cells(output, rollout).map(\.value) }

    func reasons(_ output: Output, _ rollout: Int = 0) -> [Reason?] { cells(output, rollout).map(\.reason) }

    func weights(_ rollout: Int = 0) -> [Double] {
        guard case .rows(let rows)? = result.outputs[.weight] else { return [] }
        return rows.shares?.weights[rollout] ?? []
    }
}

struct NoSuchMethod: Error {
    let name: String
}

/// A rollout with some of its facts.
func rollout(_ set: (inout RolloutFacts) -> Void) -> RolloutFacts {
    var facts = RolloutFacts()
    set(&facts)
    return facts
}

func margins(_ rewards: [Double?], group: Int? = nil, lengths: [Int] = []) -> RolloutFacts {
    rollout {
        $0.rewards = rewards
        $0.scale = .margin
        $0.group = group
        if !lengths.isEmpty { $0.spans = laid(lengths) }
    }
}

/// Steps of these lengths, one after the other.
func laid(_ lengths: [Int]) -> [TokenSpan] {
    var start = 0
    return lengths.map { length in
        defer { start += length }
        return TokenSpan(start: start, end: start + length)
    }
}

func outcomes(_ values: [Double?], group: Int? = 0) -> [RolloutFacts] {
    values.map { value in
        rollout {
            $0.outcome = value
            $0.group = group
        }
    }
}

/// Whether both are absent, or as near as `digits`.
func near(_ found: [Double?], _ wanted: [Double?], _ tolerance: Double = 5e-7) -> Bool {
    found.count == wanted.count
        && zip(found, wanted).allSatisfy { one, other in
            guard let one, let other else { return one == nil && other == nil }
            return abs(one - other) <= tolerance * max(1, abs(other))
        }
}
