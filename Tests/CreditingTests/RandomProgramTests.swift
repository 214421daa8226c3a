// 10,000 random programs over random data.

import Crediting
import Fixtures
import Testing

@Suite struct RandomProgramTests {
    @Test(arguments: 0..<20)
    func `a random program is refused precisely or gives finite, explained numbers`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: 20_261_121 + seed)
        var ran = 0
        for _ in 0..<500 {
            let facts = (0..<Int.random(in: 0...6, using: &generator)).map { RolloutFacts.random(&generator, $0) }
            let instructions = (0..<Int.random(in: 1...9, using: &generator)).map { index in
                Instruction.random(&generator, index)
            }
            let plan: Plan
            do throws(CreditError) {
                plan = try Plan(Program(instructions), on: CheckedFacts(facts))
            } catch {
                guard case .program(let fault) = error else {
                    Issue.record("not precise: \(error)")
                    continue
                }
                #expect(instructions.indices.contains(fault.index))
                #expect(fault.operation == instructions[fault.index].action.name)
                continue
            }
            try check(plan, instructions, facts)
            var stranger = RolloutFacts.random(&generator, 0)
            stranger.group = 7
            if ran.isMultiple(of: 8) { try check(plan, beside: stranger, facts) }
            ran += 1
        }
        // Else the test would say nothing of what runs.
        #expect(ran > 50)
    }

    private func check(_ plan: Plan, _ instructions: [Instruction], _ facts: [RolloutFacts]) throws {
        let result = try plan.run(tracing: true)
        #expect(result.trace.count == instructions.count)
        for (value, type) in zip(result.trace, plan.types) {
            switch value {
            case .scalar(let cells):
                #expect(type.kind == .scalar && cells.count == facts.count)
                #expect(cells.allSatisfy(isExplained))
            case .rows(let rows):
                #expect(rows.axis.rawValue == type.kind.rawValue && rows.cells.count == facts.count)
                #expect(rows.cells.allSatisfy { $0.allSatisfy(isExplained) })
                #expect((rows.before ?? []).allSatisfy(isExplained))
                #expect((rows.shares?.weights ?? []).allSatisfy { $0.allSatisfy { (0...1).contains($0) } })
            }
        }
        let untraced = try plan.run()
        #expect(untraced.outputs == result.outputs && untraced.trace.isEmpty)
    }

    /// A rollout of another prompt moves no bit, but where the program compares all of the request.
    private func check(_ plan: Plan, beside stranger: RolloutFacts, _ facts: [RolloutFacts]) throws {
        guard !plan.program.instructions.contains(where: \.action.comparesAll) else { return }
        let company = try plan.on(CheckedFacts(facts + [stranger])).run(tracing: true).trace
        for (alone, beside) in zip(try plan.run(tracing: true).trace, company) {
            let areSame = facts.indices.allSatisfy { alone.row($0) == beside.row($0) }
            #expect(areSame, "\(plan.program)")
        }
    }

    private func isExplained(_ cell: Cell) -> Bool { cell.value.map(\.isFinite) ?? (cell.reason != nil) }
}

extension Value {
    fileprivate func row(_ rollout: Int) -> [Cell] {
        switch self {
        case .scalar(let cells): [cells[rollout]]
        case .rows(let rows): rows.cells[rollout]
        }
    }
}

extension Operator {
    fileprivate var comparesAll: Bool {
        switch self {
        case .select(_, let scope): scope == .batch
        case .weights(let weights): weights.scope == .batch
        // The longest of the request pads all.
        case .centre(let centre): centre.scope == .batch || centre.by == .otherPadded
        case .scale(let scaling): scaling.scope == .batch
        default: false
        }
    }
}

private typealias Generator = SeededGenerator

extension RolloutFacts {
    fileprivate static func random(_ generator: inout Generator, _ index: Int) -> RolloutFacts {
        func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }
        func numbers(_ count: Int, _ range: ClosedRange<Double>) -> [Double?] {
            (0..<count).map { _ in chance(10) ? nil : .random(in: range, using: &generator) }
        }
        let steps = Int.random(in: 0...5, using: &generator)
        let lengths = (0..<steps).map { _ in Int.random(in: 1...3, using: &generator) }
        let tokens = lengths.reduce(0, +)
        // Half of the largest number: a range of more would itself be infinite.
        let wide = chance(20) ? 8e307 : 5
        var facts = RolloutFacts()
        if chance(80) { facts.rewards = numbers(steps, 0...1) }
        if chance(30) { facts.scale = .margin }
        if chance(30), index > 0 { facts.parent = Int.random(in: 0..<index, using: &generator) }
        if chance(80) { facts.external = numbers(steps, -wide...wide) }
        if chance(80) { facts.value = numbers(steps + 1, 0...1) }
        if chance(80) { facts.answerLogprob = numbers(steps + 1, -wide...0) }
        if chance(80) { facts.outcome = chance(50) ? 1 : .random(in: -wide...wide, using: &generator) }
        if chance(80) { facts.group = Int.random(in: 0...1, using: &generator) }
        if chance(50) { facts.turns = (0..<steps).map { _ in Int.random(in: 0...2, using: &generator) } }
        if chance(60) { facts.states = (0..<steps).map { _ in Int.random(in: 0...2, using: &generator) } }
        facts.mask = (0..<steps).map { _ in chance(85) }
        if chance(50) { facts.answer = Int.random(in: 0...2, using: &generator) }
        if chance(50) { facts.dimensions = numbers(2, -wide...wide) }
        if chance(50) { facts.pivot = Int.random(in: 0...steps, using: &generator) }
        if steps > 0, chance(80) {
            facts.spans = laid(lengths)
            if chance(30) { facts.teacherLogprob = numbers(tokens, -wide...0) }
            facts.tokenLogprob = numbers(tokens, -wide...0)
            facts.tokenEntropy = numbers(tokens, 0...wide)
            facts.logratio = numbers(tokens, -wide...wide)
            if chance(30) { facts.tokenMask = (0..<tokens).map { _ in chance(80) } }
        }
        return facts
    }
}

extension Instruction {
    /// Names are "v" and their place; the operator takes one that may exist.
    fileprivate static func random(_ generator: inout Generator, _ index: Int) -> Instruction {
        let action: Operator = index == 0 ? .read(.random(&generator)) : .random(&generator, index)
        let from = index > 0 && Bool.random(using: &generator) ? name(&generator, index) : nil
        return Instruction(action, from: from, name: "v\(index)")
    }

    fileprivate static func name(_ generator: inout Generator, _ index: Int) -> String {
        "v\(Int.random(in: 0...index, using: &generator))"
    }
}

extension CaseIterable {
    fileprivate static func any(_ generator: inout Generator) -> Self {
        guard let found = allCases.randomElement(using: &generator) else { preconditionFailure("it has cases") }
        return found
    }
}

extension Read {
    fileprivate static func random(_ generator: inout Generator) -> Read {
        let source = Source.any(&generator)
        let scale: Scale? = source == .rewards && Bool.random(using: &generator) ? .any(&generator) : nil
        return Read(
            source,
            scale: scale,
            index: Int.random(in: 0...2, using: &generator),
            optional: Bool.random(using: &generator)
        )
    }
}

extension Operator {
    private static func number(_ generator: inout Generator) -> Double {
        let special: [Double] = [0, 1, -1, 2, 0.5, 1e-9, 1e300, -1e300]
        return special.randomElement(using: &generator) ?? 0
    }

    fileprivate static func random(_ generator: inout Generator, _ index: Int) -> Operator {
        switch Int.random(in: 0..<13, using: &generator) {
        case 0: return .read(.random(&generator))
        case 1, 2: return .map(mapping(&generator, index))
        case 3: return .mask(where: Instruction.name(&generator, index))
        case 4: return .select(share: Double.random(in: 0...1, using: &generator), scope: .any(&generator))
        case 5:
            let discount = Double.random(in: 0...1, using: &generator)
            return .scan(Scan(.any(&generator), .any(&generator), discount: discount))
        case 6:
            let starts: [Start] = [.before, .first, .constant(number(&generator))]
            return .diff(starts.randomElement(using: &generator) ?? .first)
        case 7: return .weights(weights(&generator))
        case 8: return .pool(pooled(&generator))
        case 9:
            let name = Instruction.name(&generator, index)
            let all: [Contribution] = [.weighted(of: nil), .weighted(of: name), .all, .last]
            return .contribution(all.randomElement(using: &generator) ?? .all)
        case 10:
            return .mix(
                (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                    Term(
                        Instruction.name(&generator, index),
                        number(&generator),
                        to: .any(&generator),
                        optional: Bool.random(using: &generator)
                    )
                }
            )
        case 11: return Bool.random(using: &generator) ? .centre(centre(&generator)) : .scale(scaling(&generator))
        default: return .tokens(.any(&generator), optional: Bool.random(using: &generator))
        }
    }

    private static func mapping(_ generator: inout Generator, _ index: Int) -> Mapping {
        let (one, name) = (number(&generator), Instruction.name(&generator, index))
        let all: [Mapping] = [
            .affine(one, plus: number(&generator)), .clip(from: -1, to: 1), .exp, .log(epsilon: 1e-8), .sigmoid,
            .threshold(one), .bestOf(one), .absolute, .power(one), .times(name), .least(name), .most(name),
        ]
        return all.randomElement(using: &generator) ?? .exp
    }

    private static func weights(_ generator: inout Generator) -> Weights {
        let by = Weights.By.any(&generator)
        return Weights(
            by,
            temperature: by == .softmin ? temperature(&generator) : nil,
            scope: .any(&generator),
            countsUp: Bool.random(using: &generator)
        )
    }

    private static func temperature(_ generator: inout Generator) -> Double {
        Bool.random(using: &generator) ? 0.1 : 1e-9
    }

    private static func pooled(_ generator: inout Generator) -> Pooled {
        let by = Pooled.By.any(&generator)
        return Pooled(
            by,
            temperature: by == .softmin ? temperature(&generator) : nil,
            over: .any(&generator),
            empty: Bool.random(using: &generator) ? 0 : nil,
            optional: Bool.random(using: &generator)
        )
    }

    private static func centre(_ generator: inout Generator) -> Centre {
        let by = Centre.By.any(&generator)
        return Centre(
            by,
            share: by == .tree ? 0.5 : nil,
            scope: .any(&generator),
            singleton: .any(&generator),
            sample: .any(&generator)
        )
    }

    private static func scaling(_ generator: inout Generator) -> Scaling {
        var scaling = Scaling(.any(&generator))
        scaling.scope = .any(&generator)
        scaling.spread = .any(&generator)
        scaling.epsilon = [0, 1e-6].randomElement(using: &generator) ?? 0
        scaling.inside = [0, 1e-8].randomElement(using: &generator) ?? 0
        scaling.singleton = .any(&generator)
        scaling.zeroSpread = .any(&generator)
        scaling.sample = .any(&generator)
        return scaling
    }
}
