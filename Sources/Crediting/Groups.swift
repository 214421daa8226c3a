// The credit of a rollout against the others of its prompt.
//
// A group is summed in ascending order and in units of its own range. So equal rewards give exactly 0, a group in another
// order gets the same bits in that order, and rewards on the whole of `Scale.logit` give finite numbers.
// Formulas and marks: reference/credit-methods.md 7.1; "verl" is verl/trainer/ppo/core_algos.py at 012be9d9.

/// How credit is taken against the group; the raw value is the spelling on the wire.
///
/// One rollout alone (for `process`: one step alone) keeps its raw reward: mean 0 and std 1, as in verl (verified).
package enum Normalization: String, Sendable, CaseIterable {
    /// Not at all: the raw reward.
    case none
    /// By mean and spread of the rollouts' rewards.
    case grpo
    /// By the mean of the other rollouts' rewards.
    case rloo
    /// By mean and spread of all steps of all rollouts, then summed from each step to the last.
    case process
}

/// Which standard deviation: the sum of squares over n - 1, or over n.
package enum Spread: String, Sendable, CaseIterable {
    case unbiased
    case population
}

/// One rollout of a group.
package struct GroupRollout: Sendable {
    /// The number by which it is compared; finite, at most 1e300 either way, as everything on `Scale.logit`.
    package let reward: Double
    /// One a step, on the scale of the credit and of the same bounds; nil where the reward was absent.
    package let steps: [Double?]

    package init(reward: Double, steps: [Double?]) {
        self.reward = reward
        self.steps = steps
    }
}

/// What a rollout and each of its steps are worth against the group.
package struct Advantage: Sendable, Equatable {
    /// For `process` the first present step's, which is the sum over all steps.
    package let rollout: Double
    /// The rollout's own at every step; for `process` A_{i,k}. Nil where the reward was absent.
    package let steps: [Double?]
}

/// What `grpo` and `process` add to the spread, so that equal rewards are not divided by 0: verl's default (verified).
package let spreadEpsilon = 1e-6

/// The advantages of the rollouts of one prompt, in their order.
///
/// Absent steps are skipped: they count in no mean and stay nil.
package func advantages(
    of group: [GroupRollout],
    by normalization: Normalization,
    spread: Spread
) -> [Advantage] {
    switch normalization {
    case .none: return group.map { $0.everywhere($0.reward) }
    case .grpo:
        let rewards = Pool(group.map(\.reward))
        return group.map { $0.everywhere(rewards.standardized($0.reward, spread)) }
    case .rloo:
        let rewards = Pool(group.map(\.reward))
        return group.map { $0.everywhere(rewards.leftOneOut($0.reward)) }
    case .process:
        let steps = Pool(group.flatMap { $0.steps.compactMap(\.self) })
        return group.map { $0.suffixSums { steps.standardized($0, spread) } }
    }
}

extension GroupRollout {
    /// Outcome supervision: one number for all tokens, so for all steps.
    fileprivate func everywhere(_ advantage: Double) -> Advantage {
        Advantage(rollout: advantage, steps: steps.map { $0 == nil ? nil : advantage })
    }

    /// A_{i,k} = sum of r~ from step k on: GRPO's process supervision, arXiv 2402.03300 4.1.3 (verified text).
    fileprivate func suffixSums(_ normalized: (Double) -> Double) -> Advantage {
        var sums: [Double?] = []
        var later = 0.0
        for step in steps.reversed() {
            if let step { later += normalized(step) }
            sums.append(step == nil ? nil : later)
        }
        return Advantage(rollout: later, steps: sums.reversed())
    }
}

/// The rewards that a reward is compared with, its own among them.
private struct Pool {
    private let count: Double
    private let least: Double
    private let range: Double
    /// Mean and sum of squared deviations of (x - least) / range: both are of order 1, however large the rewards are.
    private let mean: Double
    private let squares: Double

    init(_ values: [Double]) {
        let sorted = values.sorted()
        let (least, most) = (sorted.first ?? 0, sorted.last ?? 0)
        let places = sorted.map { Self.place(of: $0, from: least, range: most - least) }
        let mean = places.reduce(0, +) / Double(places.count)
        count = Double(values.count)
        self.least = least
        range = most - least
        self.mean = mean
        squares = places.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    }

    /// (x - mean) / (std + 1e-6): GRPO, arXiv 2402.03300 (verified text) and verl's `compute_grpo_outcome_advantage`
    /// (verified in code; its one rollout alone is R / (1 + 1e-6), ours is R).
    func standardized(_ value: Double, _ spread: Spread) -> Double {
        guard count > 1 else { return value }
        let variance = squares / (spread == .unbiased ? count - 1 : count)
        return deviation(of: value) / (range * variance.squareRoot() + spreadEpsilon)
    }

    /// x - mean of the others = n/(n - 1) (x - mean): RLOO, arXiv 2402.14740, verl's `compute_rloo_outcome_advantage`
    /// and PURE (verified in both codes, with the raw reward for one alone in verl's).
    func leftOneOut(_ value: Double) -> Double {
        guard count > 1 else { return value }
        return count / (count - 1) * deviation(of: value)
    }

    private func deviation(of value: Double) -> Double {
        range * (Self.place(of: value, from: least, range: range) - mean)
    }

    private static func place(of value: Double, from least: Double, range: Double) -> Double {
        range > 0 ? (value - least) / range : 0
    }
}
