// What rewards are worth against known answers.
//
// Pure maths on arrays and text made from it: no model, no I/O. A measure that needs two classes of things and has only
// one is nil, never NaN and never 0: what could not be measured is left out of the report.

/// One chain with the rewards a model gave its steps, and what is known about it.
package struct JudgedChain: Sendable, Equatable {
    /// One a step, on the model's own scale (`RewardAxis`); finite.
    package let rewards: [Double]
    /// Index of the first wrong step, -1 where none is wrong, nil where nobody says.
    package let label: Int?
    /// Whether the chain's final answer is right; nil where nobody says.
    package let correct: Bool?
    /// Chains of one group answer one problem.
    package let group: String?
    /// The pooled value of the whole chain; only its order and its side of `outcomeThreshold` matter.
    package let trajectory: Double
    /// How many tokens the model read; nil where that does not matter.
    package let tokens: Int?

    package init(
        rewards: [Double],
        label: Int? = nil,
        correct: Bool? = nil,
        group: String? = nil,
        trajectory: Double,
        tokens: Int? = nil
    ) {
        self.rewards = rewards
        self.label = label
        self.correct = correct
        self.group = group
        self.trajectory = trajectory
        self.tokens = tokens
    }
}

/// What numbers rewards are.
package enum RewardAxis: String, Sendable, CaseIterable {
    /// The chance of being right, in [0, 1].
    case probability
    /// 2p - 1, in [-1, 1].
    case margin
    /// Any finite number; it has no natural threshold and no calibration.
    case raw

    /// Where a reward says neither right nor wrong; nil where no such place is known.
    package var neutral: Double? {
        switch self {
        case .probability: 0.5
        case .margin: 0
        case .raw: nil
        }
    }

    package var range: ClosedRange<Double>? {
        switch self {
        case .probability: 0...1
        case .margin: -1...1
        case .raw: nil
        }
    }

    /// The chance that a reward stands for; nil where it stands for none.
    package func probability(of reward: Double) -> Double? {
        guard let range, range.contains(reward) else { return nil }
        return self == .margin ? (1 + reward) / 2 : reward
    }
}

/// One step whose rightness is known.
package struct StepSample: Sendable, Equatable {
    package let reward: Double
    package let isRight: Bool
}

extension JudgedChain {
    /// The steps up to and with the first wrong one; after it, right and wrong are not defined (ProcessBench labels
    /// only the first error, arXiv 2412.06559 section 3.1). All are right where the label is -1; none are known without.
    package var samples: [StepSample] {
        guard let label else { return [] }
        guard label >= 0 else { return rewards.map { StepSample(reward: $0, isRight: true) } }
        return rewards.prefix(label + 1).enumerated().map { StepSample(reward: $1, isRight: $0 < label) }
    }
}
