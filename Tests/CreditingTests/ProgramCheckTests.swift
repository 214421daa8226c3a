// What is refused before anything runs, and whom the refusal names.

import Crediting
import Testing

private let steps = [rollout { $0.external = [1, 2] }]

private func fault(_ instructions: [Instruction], _ rollouts: [RolloutFacts] = steps) -> ProgramFault? {
    do throws(CreditError) {
        _ = try Plan(Program(instructions), on: CheckedFacts(rollouts))
        return nil
    } catch {
        if case .program(let fault) = error { return fault }
        return nil
    }
}

/// A rollout of which one thing is said, or two.
private func facts<One>(_ key: WritableKeyPath<RolloutFacts, One>, _ value: One) -> RolloutFacts {
    var facts = RolloutFacts()
    facts[keyPath: key] = value
    return facts
}

private func facts<One, Two>(
    _ key: WritableKeyPath<RolloutFacts, One>,
    _ value: One,
    _ second: WritableKeyPath<RolloutFacts, Two>,
    _ other: Two
) -> RolloutFacts {
    var both = facts(key, value)
    both[keyPath: second] = other
    return both
}

private func read(_ source: Source, as name: String? = nil) -> Instruction {
    Instruction(.read(Read(source)), name: name)
}

@Suite struct ProgramCheckTests {
    @Test(
        arguments: [
            ([Instruction(.map(.exp))], 0, .noInput),
            ([read(.external), Instruction(.map(.exp), from: "a")], 1, .unknownName("a")),
            ([read(.external, as: "a"), Instruction(.map(.exp), name: "a")], 1, .nameTaken("a")),
            ([read(.external, as: "A")], 0, .badName),
            ([read(.outcome)], 0, .lacks("outcome")),
            ([read(.external), Instruction(.pool(Pooled(.weighted)))], 1, .unweighted),
            ([read(.external), Instruction(.diff(.before))], 1, .noBefore),
            ([read(.external), Instruction(.centre(Centre(.mean, scope: .state)))], 1, .lacks("states")),
            ([read(.external), Instruction(.centre(Centre(.otherTokens)))], 1, .lacks("token_spans")),
            ([read(.external), Instruction(.tokens(.span, optional: false))], 1, .lacks("token_spans")),
            ([read(.external), Instruction(.centre(Centre(.tree, share: 0.5)))], 1, .kind(.steps, wanted: [.scalar])),
            (
                [read(.external), Instruction(.weights(Weights(.softmin, temperature: 0)))], 1,
                .parameter("temperature")
            ),
            ([read(.external), Instruction(.select(share: 2, scope: .batch))], 1, .parameter("share")),
            ([read(.external, as: "reward")], 0, .output("reward", .steps)),
            ([read(.external), Instruction(.mix([]))], 1, .parameter("terms")),
            ([read(.stepCount), Instruction(.centre(Centre(.mean, scope: .turn)))], 1, .scope(.turn, .scalar)),
            (
                [read(.stepCount), Instruction(.scan(Scan(.sum, .prefix)))], 1,
                .kind(.scalar, wanted: [.steps, .tokens])
            ),
            (
                [read(.stepCount), read(.external, as: "a"), read(.stepCount), Instruction(.map(.times("a")))], 3,
                .mismatch("a", .steps, with: .scalar)
            ),
        ] as [([Instruction], Int, ProgramFault.Problem)]
    )
    func `an operator that cannot run is named`(program: [Instruction], index: Int, problem: ProgramFault.Problem) {
        let found = fault(program)
        #expect(found?.index == index && found?.problem == problem)
        #expect(found?.operation == program[index].action.name)
    }

    @Test func `a dimension is one of those that rollouts have`() {
        let rollouts = [facts(\.dimensions, [1, 0]), facts(\.dimensions, [0, 1])]
        for (index, problem) in [(1, nil), (2, .lacks("dimensions[2]"))] as [(Int, ProgramFault.Problem?)] {
            #expect(fault([Instruction(.read(Read(.dimension, index: index)))], rollouts)?.problem == problem)
        }
    }

    @Test(arguments: [(0, true), (1e-6, true), (-1e-300, false), (-1, false), (.infinity, false), (.nan, false)])
    func `what is added to a divisor is a number and not below 0`(epsilon: Double, isTaken: Bool) {
        var scaling = Scaling(.deviation)
        scaling.epsilon = epsilon
        let found = fault([read(.external), Instruction(.scale(scaling))])
        #expect(found?.problem == (isTaken ? nil : .parameter("epsilon")))
    }

    @Test func `a program has 1 to 64 operators`() {
        #expect(fault([])?.problem == .empty)
        #expect(fault([Instruction](repeating: read(.external), count: 64)) == nil)
        #expect(fault([Instruction](repeating: read(.external), count: 65))?.problem == .tooLong)
    }

    @Test func `what no rollout has is missing, what some have is masked in the others`() throws {
        let answer = try Answer([read(.outcome)], outcomes([nil, 1]))
        #expect(answer.cells(.reward, 0) == [Cell(absent: .missing)] && answer.numbers(.reward, 1) == [1])
        #expect(fault([read(.outcome)], outcomes([nil, nil]))?.problem == .lacks("outcome"))
        #expect(fault([Instruction(.read(Read(.outcome, optional: true)))], outcomes([nil])) == nil)
    }

    @Test(
        arguments: [
            (facts(\.rewards, [0.1, 0.2], \.external, [1]), "external", .count(1, expected: 2)),
            (facts(\.rewards, [0.1], \.answerLogprob, [-1]), "answer_logprob", .count(1, expected: 2)),
            (facts(\.value, []), "value", .empty),
            (facts(\.rewards, [0.1, 1.5]), "rewards", .outOfRange(index: 1, value: 1.5, scale: .probability)),
            (facts(\.external, [.infinity]), "external", .notFinite(index: 0)),
            (facts(\.outcome, .nan), "outcome", .notFinite(index: nil)),
            (facts(\.parent, 7), "parent", .badIndex(7)),
            (facts(\.parent, 0), "parent", .cycle),
            (facts(\.spans, laid([2]), \.tokenEntropy, [1]), "token_spans", .span(index: 0, tokens: 1)),
            (facts(\.tokenEntropy, [1], \.logratio, [1, 2]), "logratio", .count(2, expected: 1)),
            (facts(\.pivot, 3, \.external, [1]), "pivot", .badIndex(3)),
            (facts(\.tokenCount, -1), "token_count", .badIndex(-1)),
        ] as [(RolloutFacts, String, FactFault.Problem)]
    )
    func `facts that do not agree name rollout and field`(
        facts: RolloutFacts,
        field: String,
        problem: FactFault.Problem
    ) {
        #expect(throws: CreditError.fact(FactFault(rollout: 0, field: field, problem: problem))) {
            try CheckedFacts([facts])
        }
    }

    @Test func `a cycle of parents is found wherever it begins`() {
        let ring = [1, 2, 1].map { parent in rollout { $0.parent = parent } }
        #expect(throws: CreditError.fact(FactFault(rollout: 1, field: "parent", problem: .cycle))) {
            try CheckedFacts(ring)
        }
    }

    @Test func `a program may not compute more numbers than fit`() throws {
        let program = try Program([Instruction](repeating: read(.stepCount), count: 64))
        let facts = try CheckedFacts([rollout { $0.tokenCount = 1 << 20 }])
        #expect(throws: CreditError.tooMuch(limit: Plan.mostNumbers)) { try Plan(program, on: facts) }
    }

    @Test func `company moves no bit of what a rollout has alone`() throws {
        let one = rollout { $0.rewards = [0.3, 0.7, 0.1] }
        let other = rollout { $0.rewards = [0.9, 1.0] }
        for method in ["sws", "pure", "product", "softmin"] {
            let alone = try Answer(method, [one])
            let among = try Answer(method, [other, one])
            #expect(alone.cells(.credit) == among.cells(.credit, 1))
            #expect(alone.cells(.reward) == among.cells(.reward, 1))
        }
    }

    @Test func `the order of a group moves no bit`() throws {
        let values: [Double] = [0.1, 0.7, 0.3, 0.9, 0.2]
        for method in ["grpo", "rloo", "maxrl"] {
            let there = try Answer(method, outcomes(values))
            let back = try Answer(method, outcomes(values.reversed()))
            for index in values.indices {
                #expect(there.cells(.advantage, index) == back.cells(.advantage, values.count - 1 - index))
            }
        }
    }
}
