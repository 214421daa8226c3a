// Where papers, codes and limits differ: credit-methods.md 1.5, 2.4, 3, 7 and 9.

import Crediting
import Fixtures
import Testing

@Suite struct EdgeRuleTests {
    // MARK: 1.5, SWS

    @Test(arguments: [0.02, 0.1, 0.7, 5])
    func `SWS moves with its scores and scales with its temperature`(temperature: Double) throws {
        func sws(_ scores: [Double], _ temperature: Double, _ scale: Scale = .logit) throws -> Double {
            let facts = rollout {
                $0.rewards = scores
                $0.scale = scale
            }
            let options: [String: OptionValue] = [
                "temperature": .number(temperature), "scale": .word(scale.rawValue),
            ]
            return try #require(try Answer("sws", options, [facts]).numbers(.reward)[0])
        }
        let scores = [0.95, 0.9, 0.2, 0.7]
        let pooled = try sws(scores, temperature)
        #expect(abs(try sws(scores.map { $0 + 3 }, temperature) - (pooled + 3)) < 1e-12)
        #expect(abs(try sws(scores.map { 4 * $0 }, 4 * temperature) - 4 * pooled) < 1e-12)
        // r = 2p - 1 at T = 2 tau is the same operator: S_r = 2 S_p - 1.
        let margin = try sws(scores.map { 2 * $0 - 1 }, 2 * temperature, .margin)
        #expect(abs(margin - (2 * pooled - 1)) < 1e-12)
        #expect(pooled >= 0.2 && pooled <= 0.6875)
        #expect(try sws([0.4, 0.4, 0.4], temperature) == 0.4 && sws([0.3], temperature) == 0.3)
    }

    @Test func `SWS is not monotone, and log-sum-exp is`() throws {
        let rising = [0.1, 0.128, 0.2, 0.5, 1]
        func pooled(_ method: String) throws -> [Double?] {
            try rising.map { high in
                let facts = rollout { $0.rewards = [0, high] }
                return try Answer(method, ["temperature": .number(0.1)], [facts]).numbers(.reward)[0]
            }
        }
        #expect(near(try pooled("sws"), [0.026894, 0.027846, 0.023841, 0.003346, 0.000045]))
        let softmin = try pooled("softmin").compactMap(\.self)
        #expect(zip(softmin, softmin.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func `a masked step has no weight at all`() throws {
        let facts = rollout {
            $0.rewards = [0.9, 0.01, 0.5]
            $0.mask = [true, false, true]
        }
        let answer = try Answer("sws", [facts])
        #expect(answer.weights()[1] == 0 && answer.reasons(.credit) == [nil, .masked, nil])
        #expect(answer.numbers(.reward) == (try Answer("sws", [rollout { $0.rewards = [0.9, 0.5] }])).numbers(.reward))
    }

    @Test func `nothing to pool is no number`() throws {
        let none = try Answer("sws", [rollout { $0.rewards = [] }])
        #expect(none.cells(.reward) == [Cell(absent: .noSteps)])
        let missing = try Answer("pure", [rollout { $0.rewards = [nil, nil] }])
        #expect(missing.cells(.reward) == [Cell(absent: .missing)] && missing.numbers(.advantage) == [nil, nil])
    }

    // MARK: 2.4, PURE

    @Test func `the strict form skips what is absent and never caps`() throws {
        let answer = try Answer("pure_strict", [margins([0.9, nil, 0.3, 0.4])])
        #expect(answer.numbers(.credit) == [0.3, nil, 0.3, 0.4])
    }

    @Test func `a rollout alone keeps its raw returns`() throws {
        let answer = try Answer("pure", ["baseline": .word("token")], [margins([0.9, -0.6], lengths: [2, 3])])
        let plain = try Answer("pure", [margins([0.9, -0.6])])
        #expect(answer.numbers(.advantage) == plain.numbers(.advantage))
        #expect(answer.reasons(.advantage).allSatisfy { $0 == .singleton })
    }

    @Test func `the outcome joins at the last step, against the others`() throws {
        var group = [margins([0.5, 0.5], group: 1), margins([0.5], group: 1)]
        group[0].outcome = 1
        group[1].outcome = 0
        let answer = try Answer("pure", group)
        let plain = try Answer("pure", group.map { margins($0.rewards ?? [], group: 1) })
        #expect(near(answer.numbers(.advantage, 0), plain.numbers(.advantage, 0).map { ($0 ?? 9) + 1 }, 1e-12))
        #expect(near(answer.numbers(.advantage, 1), plain.numbers(.advantage, 1).map { ($0 ?? 9) - 1 }, 1e-12))
    }

    // MARK: 3, MIG and IGPO

    @Test(arguments: 0..<50)
    func `MIG telescopes, however the gain is split`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let values = (0..<Int.random(in: 1...12, using: &generator)).map { _ in
            Double.random(in: -5...0, using: &generator)
        }
        let answer = try Answer("mig", [rollout { $0.answerLogprob = values }])
        let most = values.reduce(values[0], max)
        #expect(near(answer.numbers(.reward), [most - values[0]], 1e-12))
        #expect(answer.numbers(.credit).allSatisfy { $0 ?? -1 >= 0 })
        // A step in two, the likelihood between anywhere below its end: the same sum.
        let split = Array(values.prefix(1)) + values.dropFirst().flatMap { [min($0, values[0]), $0] }
        #expect(
            near(try Answer("mig", [rollout { $0.answerLogprob = split }]).numbers(.reward), [most - values[0]], 1e-12)
        )
    }

    @Test func `an unknown likelihood is no progress, and no steps are worth 0`() throws {
        let answer = try Answer("mig", [rollout { $0.answerLogprob = [-2, nil, -1.5, -0.5] }])
        #expect(answer.numbers(.credit) == [nil, 0.5, 1] && answer.numbers(.reward) == [1.5])
        #expect(try Answer("mig", [rollout { $0.answerLogprob = [-2] }]).numbers(.reward) == [0])
        let blind = try Answer("mig", [rollout { $0.answerLogprob = [nil, -1, -0.5] }])
        #expect(blind.cells(.credit) == [Cell(absent: .missing), Cell(0.5)])
    }

    @Test func `a true zero gain is in IGPO's statistics, but not in its code's`() throws {
        let facts = [
            rollout {
                $0.answerLogprob = [-2, -2, -1, -3]
                $0.group = 0
            }
        ]
        let paper = try Answer("igpo", ["form": .word("log")], facts).numbers(.advantage)
        let code = try Answer("igpo", ["form": .word("log"), "zeros": .word("missing")], facts).numbers(.advantage)
        // Gains 0, 1, -2: mean -1/3 of three, or -1/2 of two.
        let (three, two) = (1.2472191289246470, 1.5)
        #expect(near(paper, [0, -1.0 / 3 / three, -5.0 / 3 / three], 1e-5))
        #expect(near(code, [0, 0, -1.5 / two], 1e-5))
    }

    @Test func `IGPO's code drops what was zero, not what equals the mean`() throws {
        let facts = rollout { $0.answerLogprob = [-6, -5, -3, 0] }
        let options: [String: OptionValue] = ["form": .word("log"), "zeros": .word("missing")]
        // Gains 1, 2, 3.
        #expect(near(try Answer("igpo", options, [facts]).numbers(.advantage), [0, 1.224744, 1.224744], 1e-5))
    }

    @Test func `of a rollout with an outcome the last step has that, and no gain`() throws {
        let group = [([-6.0, -5, 0], 1.0), ([-6, -3, 4], 0)].map { levels, outcome in
            rollout {
                $0.answerLogprob = levels
                $0.outcome = outcome
                $0.group = 0
            }
        }
        let log: [String: OptionValue] = ["form": .word("log")]
        let igpo = try Answer("igpo", log, group)
        // Gains 1 and 3, outcomes 1 and 0: -1 and 1, 1 and -1. The gains of the last step are credit, and no advantage.
        #expect(near(igpo.numbers(.credit, 0) + igpo.numbers(.credit, 1), [1, 5, 3, 7], 1e-12))
        #expect(near(igpo.numbers(.advantage, 0) + igpo.numbers(.advantage, 1), [0, 1, 0, -1], 1e-5))
        let turns = try Answer("a2tgpo", log, group)
        #expect(near(turns.numbers(.advantage, 0), [0.7071068 - 0.3, 0.7071068], 1e-5))
        guard case .rows(let clip)? = turns.result.others.first(where: { $0.name == "clip" })?.value else {
            Issue.record("the clip is of steps")
            return
        }
        // 1 + 0.3 (2 sigmoid(-1) - 1), and 1 where the outcome is.
        #expect(near(clip.cells[0].map(\.value), [0.8613648, 1], 1e-5))
        let both = try Answer("igpo", log.merging(["answer_turn": .word("gain")]) { $1 }, group)
        // Gains 1, 5, 3, 7: (x - 4)/2.236068.
        #expect(near(both.numbers(.advantage, 0), [1 - 0.894427, 1 + 0.447214], 1e-5))
        let open = group.map { facts in
            var facts = facts
            facts.outcome = nil
            return facts
        }
        #expect(near(try Answer("igpo", log, open).numbers(.advantage, 1), [0.894427, 1.341641], 1e-5))
    }

    // MARK: 7, groups

    @Test func `one alone is raw or zero as the method says, and says so`() throws {
        #expect(try Answer("grpo", outcomes([0.7])).cells(.advantage) == [Cell(0.7, note: .singleton)])
        #expect(try Answer("rloo", outcomes([0.7])).cells(.advantage) == [Cell(0.7, note: .singleton)])
        let zero = try Answer("grpo", ["singleton": .word("zero")], outcomes([0.7]))
        #expect(zero.numbers(.advantage) == [0])
        // Without a group a rollout is alone.
        let strangers = try Answer("rloo", outcomes([0.7, 0.1], group: nil))
        #expect(strangers.numbers(.advantage, 1) == [0.1])
    }

    @Test func `no spread is 0, exactly, and says so`() throws {
        let answer = try Answer("grpo", outcomes([0.1, 0.1, 0.1]))
        for index in 0..<3 { #expect(answer.cells(.advantage, index) == [Cell(0, note: .zeroSpread)]) }
    }

    @Test func `a missing outcome counts nowhere`() throws {
        let with = try Answer("grpo", outcomes([1, nil, 0, 0]))
        let without = try Answer("grpo", outcomes([1, 0, 0]))
        #expect(with.numbers(.advantage, 0) == without.numbers(.advantage, 0))
        #expect(with.cells(.advantage, 1) == [Cell(absent: .missing)])
    }

    @Test func `a state met once has 0 and a rollout alone its raw reward`() throws {
        let facts = rollout {
            $0.outcome = 1
            $0.states = [0, 1, 0]
            $0.mask = [true, true, true]
        }
        let answer = try Answer("gigpo", ["discount": .number(0.5)], [facts])
        // Returns 0.25, 0.5, 1: the state 0 is met twice, the episode is alone.
        #expect(near(answer.numbers(.advantage), [0.625, 1, 1.375], 1e-12))
    }

    @Test func `a node takes the parent, the siblings, both or neither`() throws {
        func node(_ reward: Double, parent: Int?, group: Int? = 0) -> RolloutFacts {
            rollout {
                $0.outcome = reward
                $0.parent = parent
                $0.group = group
            }
        }
        let tree = [node(1, parent: nil), node(0.5, parent: 0), node(0.1, parent: 0), node(0.4, parent: 2)]
        let rewards = try (0..<4).map { try Answer("mars2", tree).numbers(.reward, $0)[0] }
        // Surpluses 0.5 - 0.55, 0.1 - 0.75 and 0.4 - 0.1, by 0.3.
        #expect(near(rewards, [1, 0.485, -0.095, 0.49], 1e-12))
        // Children of one parent are siblings, with a group or without.
        let strangers = [node(1, parent: nil, group: nil), node(0.5, parent: 0, group: nil), node(0.1, parent: 0)]
        let others = try (0..<3).map { try Answer("mars2", strangers).numbers(.reward, $0)[0] }
        #expect(near(others, [1, 0.485, -0.095], 1e-12))
    }

    @Test func `steps before the pivot are masked, and the best has alpha or the code's 1`() throws {
        var group = outcomes([1, 0.5, 0, 0])
        for index in group.indices {
            group[index].mask = [true, true, true]
            group[index].pivot = index == 3 ? nil : 1
        }
        let paper = try Answer("r3l", group)
        #expect(paper.cells(.credit, 0) == [Cell(absent: .masked), Cell(3), Cell(3)])
        #expect(near(paper.numbers(.credit, 1), [nil, 0.375, 0.375], 1e-12))
        #expect(near(paper.numbers(.credit, 2), [nil, -0.375, -0.375], 1e-12))
        #expect(paper.reasons(.credit, 3) == [.missing, .missing, .missing])
        #expect(try Answer("r3l", ["form": .word("code")], group).numbers(.credit, 0) == [nil, 1, 1])
    }

    @Test func `SCOPE favours the unsure student, its code the sure one`() throws {
        var group = outcomes([1, 1, 0])
        for (index, logprob) in [-2.0, -1, -1].enumerated() {
            group[index].tokenLogprob = [logprob, logprob]
            group[index].teacherLogprob = [-3, -3]
        }
        let (paper, code) = (try Answer("scope", group), try Answer("scope", ["form": .word("code")], group))
        let share = 1.4621171572600098
        #expect(near(paper.numbers(.reward, 0) + paper.numbers(.reward, 1), [share / 2, 1 - share / 2], 1e-12))
        // The code's are 1 on average.
        #expect(near(code.numbers(.reward, 0) + code.numbers(.reward, 1), [2 - share, share], 1e-12))
        #expect(paper.numbers(.reward, 2) == [1])
    }

    @Test func `a first failure zeroes the rest`() throws {
        let answer = try Answer("scrl", [rollout { $0.external = [1, 0, 1, 1] }])
        #expect(answer.numbers(.credit) == [1, 0, 0, 0] && answer.numbers(.reward) == [1])
    }

    @Test func `iStar's code sees the first step of each trajectory alone`() throws {
        let group = [[1.0, 2], [3, 5]].map { ratios in
            rollout {
                $0.logratio = ratios
                $0.spans = laid([1, 1])
                $0.outcome = 0
                $0.group = 0
            }
        }
        let code = try Answer("istar", ["form": .word("code"), "beta": .number(1)], group)
        // By the largest step, 5 (a row of the code is one step); the mean of the first steps is 2; n is 2 trajectories.
        #expect(near(code.numbers(.advantage, 0), [-0.4, 0], 1e-6))
        #expect(near(code.numbers(.advantage, 1), [0.4, 1.2], 1e-6))
    }

    // MARK: 9 and its table

    @Test func `CAPO's four rows, and no division in GroundedPRM without steps`() throws {
        for (outcome, rewards, wanted) in [
            (1, [0.9, 0.8], 2), (1, [0.9, 0.1], 1), (0, [0.9, 0.9], 0), (0, [0.1, 0.9], -1),
        ] as [(Double, [Double], Double)] {
            let facts = rollout {
                $0.outcome = outcome
                $0.rewards = rewards
            }
            #expect(try Answer("capo", [facts]).numbers(.reward) == [wanted])
        }
        let bare = rollout {
            $0.external = []
            $0.outcome = -1
        }
        #expect(try Answer("grounded_prm", [bare]).numbers(.reward) == [-1])
        let labelled = rollout {
            $0.external = [1, -1]
            $0.outcome = 1
        }
        #expect(near(try Answer("grounded_prm", [labelled]).numbers(.reward), [0.75], 1e-12))
        // One N in the formula: of the steps that have a label.
        let gap = rollout {
            $0.external = [1, nil, 1]
            $0.outcome = 1
        }
        #expect(near(try Answer("grounded_prm", [gap]).numbers(.reward), [1.25], 1e-12))
    }

    @Test func `one step alone has SIOP's answer part and no gain`() throws {
        let facts = rollout {
            $0.answerLogprob = [-2, -0.1]
            $0.answer = 0
        }
        #expect(try Answer("siop", [facts]).numbers(.credit) == [0.5])
        // Which needs no likelihood; of several steps each does, and the answer's part stays at the last.
        for (likely, wanted) in [([-2, nil], [0.5]), ([-2, -1, nil], [1, nil])] as [([Double?], [Double?])] {
            let unsure = rollout {
                $0.answerLogprob = likely
                $0.answer = 0
            }
            #expect(near(try Answer("siop", [unsure]).numbers(.credit), wanted, 1e-6))
        }
    }

    @Test func `a peak past every number divides nothing`() throws {
        let returns = Instruction(.scale(scaling(.largestReturn)))
        let huge = try Answer(
            [Instruction(.read(Read(.external))), returns],
            [rollout { $0.external = [1e308, 1e308, 1] }]
        )
        #expect(huge.reasons(.credit) == [.notFinite, .notFinite, .notFinite])
        let largest = Instruction(.scale(scaling(.largest)))
        // The epsilon of 1e-6 weighs ten times as much beside a tenth.
        for size in [1, 0.1] {
            let facts = [rollout { $0.external = [-4 * size, size] }]
            let plain = try Answer([Instruction(.read(Read(.external))), largest], facts)
            #expect(near(plain.numbers(.credit), [-1, 0.25], 1e-6 / size))
            let summed = try Answer([Instruction(.read(Read(.external))), returns], facts)
            #expect(near(summed.numbers(.credit), [-4.0 / 3, 1.0 / 3], 1e-6 / size))
        }
    }

    @Test func `PRIME adds the outcome of those that have one`() throws {
        // Sums from k on: 0.1, -0.1 and 0.4, 0.1; by the peak 0.4: 0.5, -0.25 and 0.75, 0.25, of means 0.125 and 0.5.
        for (outcomes, wanted) in [
            ([nil, nil], [[-3.75, -5.625], [3.75, -0.625]]), ([1, 0], [[-2.75, -4.625], [2.75, -1.625]]),
        ] as [([Double?], [[Double]])] {
            let rollouts = zip([[0.2, -0.1], [0.3, 0.1]], outcomes).map { ratios, outcome in
                rollout {
                    $0.group = 0
                    $0.logratio = ratios
                    $0.outcome = outcome
                }
            }
            let answer = try Answer("prime", ["whiten": .word("none")], rollouts)
            for (index, tokens) in wanted.enumerated() {
                #expect(near(answer.numbers(.tokens, index), tokens, 1e-5), "\(answer.numbers(.tokens, index))")
            }
        }
    }

    private func scaling(_ by: Scaling.By) -> Scaling {
        var scaling = Scaling(by)
        scaling.scope = .batch
        return scaling
    }

    @Test func `a share of a whole number of them is that number`() throws {
        let answer = try Answer(
            [Instruction(.read(Read(.external))), Instruction(.select(share: 0.07, scope: .batch))],
            [rollout { $0.external = (0..<100).map(Double.init) }]
        )
        #expect(answer.numbers(.credit).compactMap(\.self).reduce(0, +) == 7)
    }

    @Test func `a sum has the tokens that any of its terms has, in whatever order`() throws {
        let facts = rollout {
            $0.external = [1]
            $0.tokenEntropy = [1, 2]
        }
        for terms in [
            [Term("a", optional: true), Term("e", optional: true)],
            [Term("e", optional: true), Term("a", optional: true)],
        ] {
            let answer = try Answer(
                [
                    Instruction(.read(Read(.external))), Instruction(.tokens(.span, optional: true), name: "a"),
                    Instruction(.read(Read(.tokenEntropy)), name: "e"), Instruction(.mix(terms), name: "tokens"),
                ],
                [facts]
            )
            #expect(answer.numbers(.tokens) == [1, 2])
        }
    }

    @Test func `what overflows is absent with its reason`() throws {
        let answer = try Answer(
            [Instruction(.read(Read(.external))), Instruction(.map(.exp)), Instruction(.pool(Pooled(.sum)))],
            [rollout { $0.external = [1, 800] }, rollout { $0.external = [709, 709, 709] }]
        )
        #expect(answer.cells(.credit, 0)[1] == Cell(absent: .notFinite))
        #expect(answer.cells(.reward, 1) == [Cell(absent: .notFinite)])
    }
}
