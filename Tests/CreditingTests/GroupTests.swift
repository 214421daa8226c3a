// Credit against the group: worked numbers, identities and ends.

import Crediting
import Fixtures
import Testing

/// A rollout of which only the outcome counts.
private func outcome(_ reward: Double) -> GroupRollout { GroupRollout(reward: reward, steps: [reward]) }

private func rollouts(
    _ rewards: [Double],
    by normalization: Normalization,
    _ spread: Spread = .unbiased
) -> [Double] {
    advantages(of: rewards.map(outcome), by: normalization, spread: spread).map(\.rollout)
}

private let smallest = Double.leastNonzeroMagnitude

/// The two rollouts of credit-methods.md 10.2 and 10.3, on margins.
private let worked = [
    GroupRollout(reward: -0.599953, steps: [0.9, 0.8, -0.6, 0.4]),
    GroupRollout(reward: 0.742479, steps: [0.9, 0.7, 0.8]),
]

/// verl/trainer/ppo/core_algos.py at 012be9d9, written anew: `compute_grpo_outcome_advantage` and
/// `compute_rloo_outcome_advantage` of one group.
private enum Verl {
    static func mean(_ scores: [Double]) -> Double { scores.reduce(0, +) / Double(scores.count) }

    /// torch.std: unbiased.
    static func std(_ scores: [Double]) -> Double {
        let mean = mean(scores)
        let squares = scores.map { ($0 - mean) * ($0 - mean) }
        return (squares.reduce(0, +) / Double(scores.count - 1)).squareRoot()
    }

    static func grpo(_ scores: [Double]) -> [Double] {
        let (mean, std) = scores.count == 1 ? (0, 1) : (mean(scores), std(scores))
        return scores.map { ($0 - mean) / (std + 1e-6) }
    }

    static func rloo(_ scores: [Double]) -> [Double] {
        guard scores.count > 1 else { return scores }
        let count = Double(scores.count)
        let mean = mean(scores)
        return scores.map { $0 * count / (count - 1) - mean * count / (count - 1) }
    }
}

@Suite struct GroupTests {
    @Test func `GRPO has the worked numbers of either spread`() {
        // mean 0.5; squares 4 x 0.25, over 3 and over 4.
        let unbiased = rollouts([1, 0, 0, 1], by: .grpo)
        for (value, sign) in zip(unbiased, [1.0, -1, -1, 1]) { #expect(agree(value, sign * 0.8660239037870368)) }
        let population = rollouts([1, 0, 0, 1], by: .grpo, .population)
        for (value, sign) in zip(population, [1.0, -1, -1, 1]) { #expect(agree(value, sign * 0.5 / 0.500001)) }
    }

    @Test func `RLOO has the worked numbers`() {
        #expect(rollouts([1, 0, 0, 1], by: .rloo).map { ($0 * 3).rounded() } == [2, -2, -2, 2])
        #expect(rollouts([0.5, 1.5], by: .rloo, .population) == [-1, 1])
    }

    @Test(arguments: [
        (Spread.unbiased, [-1.3540, -1.9912, -2.4426, -0.2920], [1.3540, 0.7168, 0.4513]),
        (.population, [-1.4625, -2.1508, -2.6383, -0.3154], [1.4625, 0.7743, 0.4875]),
    ])
    func `process supervision has the worked numbers of credit-methods 10 3`(
        spread: Spread,
        one: [Double],
        other: [Double]
    ) throws {
        let result = advantages(of: worked, by: .process, spread: spread)
        for (advantage, wanted) in zip(result, [one, other]) {
            for (step, value) in zip(advantage.steps, wanted) { #expect(abs(try #require(step) - value) <= 1e-4) }
            #expect(advantage.rollout == advantage.steps[0])
        }
    }

    @Test(arguments: [[1, 0, 0, 1], [0.2, 0.9, 0.4], [-3.5, 12, 7.25, 7.25, 0], [0.3, 0.7], [0.25]])
    func `the numbers are verl's`(rewards: [Double]) {
        for (ours, theirs) in zip(rollouts(rewards, by: .rloo), Verl.rloo(rewards)) { #expect(agree(ours, theirs)) }
        // One alone is R / (1 + 1e-6) in verl.
        let tolerance = rewards.count == 1 ? 1.1e-6 : 1e-12
        for (ours, theirs) in zip(rollouts(rewards, by: .grpo), Verl.grpo(rewards)) {
            #expect(agree(ours, theirs, within: tolerance))
        }
    }

    @Test func `on random groups the identities hold`() {
        var chance = SeededGenerator(seed: 61)
        for _ in 0..<500 {
            let rewards = chance.probabilities()
            let count = Double(rewards.count)
            guard count > 1 else { continue }
            for spread in Spread.allCases {
                let grpo = rollouts(rewards, by: .grpo, spread)
                #expect(abs(grpo.reduce(0, +)) < 1e-9)
                let squares = grpo.reduce(0) { $0 + $1 * $1 } / (spread == .unbiased ? count - 1 : count)
                let isFlat = Set(rewards).count == 1
                // std / (std + 1e-6), squared.
                #expect(isFlat ? squares == 0 : squares < 1 && squares > 0.999)
            }
            let sum = rewards.reduce(0, +)
            for (reward, advantage) in zip(rewards, rollouts(rewards, by: .rloo)) {
                #expect(agree(advantage, reward - (sum - reward) / (count - 1)))
            }
        }
    }

    @Test func `process advantages are suffix sums of normalised steps that add up to nothing`() throws {
        var chance = SeededGenerator(seed: 62)
        for _ in 0..<200 {
            let group = (0..<3).map { _ in GroupRollout(reward: 0, steps: chance.probabilities()) }
            let result = advantages(of: group, by: .process, spread: .unbiased)
            #expect(abs(result.reduce(0) { $0 + $1.rollout }) < 1e-9)
            let steps = group.flatMap { $0.steps.compactMap(\.self) }
            let normalised = Verl.grpo(steps)
            var start = 0
            for (rollout, advantage) in zip(group, result) {
                let own = normalised[start..<start + rollout.steps.count]
                start += rollout.steps.count
                for (index, value) in advantage.steps.enumerated() {
                    #expect(agree(try #require(value), own.dropFirst(index).reduce(0, +), within: 1e-9))
                }
            }
        }
    }

    @Test(arguments: Normalization.allCases, Spread.allCases)
    func `a group in another order gets the same bits in that order`(normalization: Normalization, spread: Spread) {
        var chance = SeededGenerator(seed: 63)
        for _ in 0..<100 {
            let group = (0..<9).map { _ in
                GroupRollout(
                    reward: Double.random(in: -2...2, using: &chance),
                    steps: chance.probabilities().map { $0 == 0.25 ? nil : $0 }
                )
            }
            let order = Array(0..<9).shuffled(using: &chance)
            let straight = advantages(of: group, by: normalization, spread: spread)
            let shuffled = advantages(of: order.map { group[$0] }, by: normalization, spread: spread)
            #expect(shuffled == order.map { straight[$0] })
        }
    }

    @Test(arguments: Normalization.allCases, [0.1, -0.7, 1e300, smallest, 1.0 / 3, 0])
    func `one rollout alone keeps its raw reward`(normalization: Normalization, reward: Double) {
        for spread in Spread.allCases {
            let result = advantages(of: [outcome(reward)], by: normalization, spread: spread)
            #expect(result.map(\.rollout) == [reward] && result.map(\.steps) == [[reward]])
        }
    }

    @Test(arguments: [0.1, -0.7, 1e300, -1e300, 1.0 / 3, smallest], [2, 3, 7, 1000])
    func `equal rewards give exactly nothing`(reward: Double, count: Int) {
        let group = Array(repeating: GroupRollout(reward: reward, steps: [reward, nil, reward]), count: count)
        for normalization in [Normalization.grpo, .rloo, .process] {
            for advantage in advantages(of: group, by: normalization, spread: .unbiased) {
                #expect(advantage.rollout == 0 && advantage.steps == [0, nil, 0])
            }
        }
    }

    @Test(arguments: [Normalization.grpo, .rloo, .process], Spread.allCases)
    func `the widest rewards leave no number's range`(normalization: Normalization, spread: Spread) {
        let widest = [-1e300, 1e300, 0, smallest, 1e300] + [Double](repeating: -1e300, count: 2000)
        let group = widest.map { GroupRollout(reward: $0, steps: [1e300, $0, -1e300]) }
        for advantage in advantages(of: group, by: normalization, spread: spread) {
            #expect(advantage.rollout.isFinite && advantage.steps.allSatisfy { $0?.isFinite == true })
        }
        #expect(rollouts([-1e300, 1e300], by: .rloo) == [-2e300, 2e300])
        let two = rollouts([-1e300, 1e300], by: .grpo, .population)
        #expect(agree(two[0], -1) && agree(two[1], 1))
    }

    @Test func `a large offset costs no digits`() {
        let plain = rollouts([0, 1, 0, 0], by: .grpo)
        #expect(rollouts([1e9, 1e9 + 1, 1e9, 1e9], by: .grpo) == plain)
        #expect(rollouts([1e15, 1e15 + 1, 1e15, 1e15], by: .rloo) == rollouts([0, 1, 0, 0], by: .rloo))
    }

    @Test func `absent steps are skipped and stay absent`() {
        let with = [
            GroupRollout(reward: 1, steps: [nil, 0.9, nil, 0.3]), GroupRollout(reward: 0, steps: [0.2, nil]),
        ]
        let without = [GroupRollout(reward: 1, steps: [0.9, 0.3]), GroupRollout(reward: 0, steps: [0.2])]
        for normalization in Normalization.allCases {
            let (some, all) = (
                advantages(of: with, by: normalization, spread: .unbiased),
                advantages(of: without, by: normalization, spread: .unbiased)
            )
            #expect(some.map(\.rollout) == all.map(\.rollout))
            #expect(some[0].steps == [nil, all[0].steps[0], nil, all[0].steps[1]])
            #expect(some[1].steps == [all[1].steps[0], nil])
        }
    }

    @Test func `one step in all keeps its raw reward among rollouts without`() {
        let group = [GroupRollout(reward: 0.4, steps: [nil, 0.4]), GroupRollout(reward: 0.5, steps: [nil])]
        let result = advantages(of: group, by: .process, spread: .unbiased)
        #expect(result.map(\.rollout) == [0.4, 0] && result.map(\.steps) == [[nil, 0.4], [nil]])
        for normalization in Normalization.allCases {
            #expect(advantages(of: [], by: normalization, spread: .population).isEmpty)
        }
    }

    @Test(arguments: Scale.allCases)
    func `the scores of a credit, which a group pools, are on the scale of the credit`(scale: Scale) throws {
        let settings = try CreditSettings(pooling: .mean, scale: scale)
        let credit = try credit(for: [0.95, nil, 0.2], on: .probability, settings: settings)
        let scores = try [0.95, 0.2].map { try Scale.probability.convert($0, to: scale, step: 0) }
        #expect(credit.steps.map { $0?.score } == [scores[0], nil, scores[1]])
    }

    @Test func `the words are spelt as on the wire`() {
        #expect(Normalization.allCases.map(\.rawValue) == ["none", "grpo", "rloo", "process"])
        #expect(Spread.allCases.map(\.rawValue) == ["unbiased", "population"])
        #expect(TokenLayout.allCases.map(\.rawValue) == ["step_end", "span"])
    }
}
