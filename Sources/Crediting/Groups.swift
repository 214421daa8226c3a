// The credit of a rollout against the others of its prompt.
//
// `Pool.swift` has how a group is summed. Formulas and marks: reference/credit-methods.md 7.1; "verl" is
// verl/trainer/ppo/core_algos.py at 012be9d9.

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
