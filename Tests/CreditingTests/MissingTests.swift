// What nobody said is no number, and moves no other's.

import Crediting
import Fixtures
import Testing

@Suite struct MissingTests {
    /// All that any method reads, of two steps and three tokens.
    private func whole(_ sign: Double, parent: Int? = nil) -> RolloutFacts {
        rollout {
            $0.rewards = [0.9, 0.5 - 0.3 * sign]
            $0.outcome = sign > 0 ? 1 : 0
            $0.external = [1, sign]
            $0.value = [0.2, 0.4, 0.5 + 0.4 * sign]
            $0.answerLogprob = [-2, -1.5, -1 + 0.5 * sign]
            $0.tokenLogprob = [-1, -2 + sign, -1]
            $0.tokenEntropy = [1, 2 + sign, 1]
            $0.logratio = [0.1, 0.2 * sign, -0.1]
            $0.teacherLogprob = [-1, -1, -1 - sign]
            $0.dimensions = [1, sign]
            $0.answer = sign > 0 ? 0 : 1
            $0.group = 0
            $0.parent = parent
            $0.turns = [0, 1]
            $0.states = [0, 1]
            $0.spans = laid([1, 2])
            $0.pivot = 1
        }
    }

    /// What stays of a rollout that failed, or that says who it is and no more.
    private let unknown = rollout { $0.group = 0 }

    @Test(arguments: Method.all.map(\.name))
    func `one of whom nothing is known moves no bit of its group, and has no number`(name: String) throws {
        let good = [whole(1), whole(-1, parent: 0)]
        let alone = try Answer(name, good)
        for place in 0...2 {
            var all = good
            all.insert(unknown, at: place)
            let others = all.indices.filter { $0 != place }
            all[others[1]].parent = others[0]
            let answer = try Answer(name, all)
            for output in Output.allCases {
                for (index, other) in others.enumerated() {
                    #expect(answer.cells(output, other) == alone.cells(output, index), "\(output)")
                }
                #expect(answer.numbers(output, place).allSatisfy { $0 == nil }, "\(output)")
            }
        }
    }

    @Test func `no steps are worth what the program says, unknown steps nothing`() throws {
        let program = [
            Instruction(.read(Read(.external))), Instruction(.pool(Pooled(.sum, empty: 0)), name: "reward"),
            Instruction(.read(Read(.stepCount)), name: "counted"),
        ]
        let answer = try Answer(program, [rollout { $0.external = [] }, rollout { $0.outcome = 1 }])
        #expect(answer.cells(.reward, 0) == [Cell(0)] && answer.cells(.reward, 1) == [Cell(absent: .missing)])
        guard case .scalar(let counted)? = answer.result.others.first?.value else {
            Issue.record("step_count is a number a rollout")
            return
        }
        #expect(counted == [Cell(0), Cell(absent: .missing)])
    }

    @Test func `unknown tokens are worth nothing, whether or not their number is known`() throws {
        let program = [
            Instruction(.read(Read(.logratio)), name: "ratio"),
            Instruction(.pool(Pooled(.sum, empty: 0)), name: "reward"),
            Instruction(.read(Read(.external))), Instruction(.tokens(.span, optional: true)),
            Instruction(.pool(Pooled(.sum, empty: 0)), name: "laid"),
        ]
        let bare = rollout { $0.external = [1] }
        let known = rollout {
            $0.external = [1]
            $0.logratio = [0.5, 0.25]
        }
        let none = rollout { $0.logratio = [] }
        let answer = try Answer(program, [bare, known, none])
        #expect((0..<3).map { answer.cells(.reward, $0)[0] } == [Cell(absent: .noTokens), Cell(0.75), Cell(0)])
        guard case .scalar(let laid)? = answer.result.others.first?.value else {
            Issue.record("a pool is a number a rollout")
            return
        }
        #expect(laid == [Cell(absent: .noTokens), Cell(absent: .noTokens), Cell(0)])
    }

    @Test func `a plan on what became of its data asks for no field anew`() throws {
        let program = try #require(Method.named("grpo")).program()
        let plan = try Plan(program, on: CheckedFacts(outcomes([1, 0])))
        let failed = try plan.on(CheckedFacts([unknown, unknown])).run()
        #expect(failed.outputs[.advantage] == .scalar([Cell(absent: .missing), Cell(absent: .missing)]))
        let many = rollout { $0.tokenCount = 1 << 24 }
        #expect(throws: CreditError.tooMuch(limit: Plan.mostNumbers)) { try plan.on(CheckedFacts([many])) }
    }

    @Test func `a sum is charged by its terms, and an answer by what it shows`() throws {
        let read = Instruction(.read(Read(.tokenEntropy)), name: "e")
        let wide = rollout { $0.tokenEntropy = [Double?](repeating: 1, count: 1 << 16) }
        let sums = (0..<60).map { _ in Instruction(.mix((0..<16).map { _ in Term("e") })) }
        #expect(throws: CreditError.tooMuch(limit: Plan.mostNumbers)) {
            try Plan(Program([read] + sums), on: CheckedFacts([wide]))
        }
        let small = rollout {
            $0.external = [1, 2]
            $0.outcome = 1
            $0.tokenCount = 5
        }
        let program = [
            Instruction(.read(Read(.external)), name: "credit"), Instruction(.read(Read(.outcome)), name: "reward"),
            Instruction(.tokens(.span, optional: false)), Instruction(.map(.sigmoid), name: "tokens"),
        ]
        let plan = try Plan(Program(program), on: CheckedFacts([small, small]))
        #expect(plan.answered(tracing: false) == 2 * (2 + 1 + 5))
        #expect(plan.answered(tracing: true) == 2 * (2 + 1 + 5) + 2 * (2 + 1 + 5 + 5))
    }

    @Test func `whoever left is computed no further for`() async throws {
        let plan = try Plan(Program([Instruction(.read(Read(.outcome)))]), on: CheckedFacts(outcomes([1])))
        let left = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try plan.run()
        }
        await #expect(throws: CancellationError.self) { try await left.value }
    }
}
