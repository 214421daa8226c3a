// Every number of reference/credit-methods.md section 10, by method.

import Crediting
import Testing

@Suite struct MethodNumbersTests {
    private let r: [Double?] = [0.9, 0.8, -0.6, 0.4]
    private let group = [
        margins([0.9, 0.8, -0.6, 0.4], group: 0, lengths: [20, 30, 40, 10]),
        margins([0.9, 0.7, 0.8], group: 0, lengths: [25, 25, 30]),
    ]

    @Test(
        arguments: [
            ("min", [:], 0.2), ("product", [:], 0.1197), ("mean", [:], 0.6875), ("last", [:], 0.7),
            ("softmin", ["temperature": .number(0.05)], 0.269312), ("softmin", ["temperature": .number(0.1)], 0.337812),
            ("softmin", ["temperature": .number(1)], 0.640257), ("sws", ["temperature": .number(0.05)], 0.200024),
            ("sws", ["temperature": .number(0.1)], 0.204386), ("sws", ["temperature": .number(0.5)], 0.485102),
            ("sws", ["temperature": .number(1)], 0.590276), ("sws", ["temperature": .number(10)], 0.678594),
        ] as [(String, [String: OptionValue], Double)]
    )
    func `10 1 has the aggregates`(method: String, options: [String: OptionValue], wanted: Double) throws {
        // The margins as probabilities: each method converts.
        let answer = try Answer(method, options, [margins(r)])
        #expect(near(answer.numbers(.reward), [wanted], 1e-6))
    }

    @Test(
        arguments: [
            (0.1, [0, 0.000001, 0.999953, 0.000045], [0, 0.000001, -0.599972, 0.000018], -0.599953),
            (0.5, [0.039960, 0.048807, 0.802612, 0.108622], [0.035964, 0.039045, -0.481567, 0.043449], -0.363109),
            (1, [0.121424, 0.134195, 0.544186, 0.200195], [0.109282, 0.107356, -0.326512, 0.080078], -0.029796),
        ] as [(Double, [Double], [Double], Double)]
    )
    func `10 1 has PURE's transform`(temperature: Double, weights: [Double], credit: [Double], pooled: Double) throws {
        let answer = try Answer("pure", ["temperature": .number(temperature)], [margins(r)])
        #expect(near(answer.weights(), weights))
        #expect(near(answer.numbers(.credit), credit))
        #expect(near(answer.numbers(.reward), [pooled]))
        if temperature == 0.1 {
            #expect(near(answer.numbers(.advantage), [-0.599953, -0.599953, -0.599954, 0.000018]))
        }
    }

    @Test func `10 2 has PURE's leave-one-out by the token`() throws {
        let answer = try Answer("pure", ["baseline": .word("token")], group)
        #expect(near(answer.numbers(.reward, 0), [-0.599953]) && near(answer.numbers(.reward, 1), [0.742479]))
        #expect(near(answer.numbers(.advantage, 0), [-1.5281, -1.3424, -1.0640, -0.0928], 5e-5))
        #expect(near(answer.numbers(.advantage, 1), [1.2224, 0.9914, 0.3758], 5e-5))
        // The adjusted rewards stand at the steps' last tokens.
        let tokens = answer.numbers(.tokens, 0)
        #expect(near([19, 49, 89, 99].map { tokens[$0] }, [-0.1856, -0.2784, -0.9712, -0.0928], 5e-5))
        #expect(tokens.count == 100 && tokens[0] == 0)
    }

    @Test func `10 3 has GRPO's process supervision`() throws {
        let answer = try Answer("grpo_process", group)
        #expect(near(answer.numbers(.advantage, 0), [-1.3540, -1.9912, -2.4426, -0.2920], 5e-5))
        #expect(near(answer.numbers(.advantage, 1), [1.3540, 0.7168, 0.4513], 5e-5))
    }

    @Test func `10 4 has the strict form of the paper and of its code`() throws {
        for (rewards, paper, code) in [
            (r, [-0.6, -0.6, -0.6, 0.4], [-0.6, -0.6, -0.6, 0]),
            ([0.9, 0.8, 0.3, 0.4], [0.3, 0.3, 0.3, 0.4], [0, 0, 0, 0]),
        ] as [([Double?], [Double], [Double])] {
            #expect(near(try Answer("pure_strict", [margins(rewards)]).numbers(.credit), paper))
            let capped = try Answer("pure_strict", ["form": .word("code")], [margins(rewards)])
            #expect(near(capped.numbers(.credit), code))
        }
    }

    @Test func `10 5 has MIG's watermark and IGPO's differences`() throws {
        func facts(last: Double) -> [RolloutFacts] {
            [rollout { $0.answerLogprob = [-2.0, -1.2, -1.5, -0.9, -0.9, last] }]
        }
        let mig = try Answer("mig", facts(last: -0.4))
        #expect(near(mig.numbers(.credit), [0.8, 0, 0.3, 0, 0.5]) && near(mig.numbers(.reward), [1.6]))
        let log = try Answer("igpo", ["form": .word("log")], facts(last: -0.4))
        #expect(near(log.numbers(.credit), [0.8, -0.3, 0.6, 0, 0.5]) && near(log.numbers(.reward), [1.6]))
        let chance = try Answer("igpo", facts(last: -0.4))
        #expect(near(chance.numbers(.credit), [0.1659, -0.0781, 0.1834, 0, 0.2638], 5e-5))
        let fallen = try Answer("mig", facts(last: -1.8))
        #expect(near(fallen.numbers(.credit), [0.8, 0, 0.3, 0, 0]) && near(fallen.numbers(.reward), [1.1]))
        #expect(near(try Answer("igpo", ["form": .word("log")], facts(last: -1.8)).numbers(.reward), [0.2]))
    }
}

extension Answer {
    init(_ method: String, _ rollouts: [RolloutFacts]) throws { try self.init(method, [:], rollouts) }
}
