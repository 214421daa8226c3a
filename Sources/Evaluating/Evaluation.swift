// Every measure of one set of chains, as one value.

/// How chains are to be judged.
package struct EvaluationSettings: Sendable, Equatable {
    /// A number, or the best one on half of the problems, judged on the other half.
    package enum Threshold: Sendable, Equatable {
        case given(Double)
        case chosen
    }

    package let axis: RewardAxis
    package let threshold: Threshold
    /// From which trajectory value on a final answer counts as judged right; nil: accuracy is left out.
    package let outcomeThreshold: Double?

    package init(axis: RewardAxis, threshold: Threshold, outcomeThreshold: Double?) {
        self.axis = axis
        self.threshold = threshold
        self.outcomeThreshold = outcomeThreshold
    }
}

/// What rewards are worth on one set of chains; where nothing could be measured there is nil, or no row.
package struct Evaluation: Sendable {
    package let axis: RewardAxis
    /// Chains that were judged; where the threshold was chosen these are not the chains it was chosen on.
    package let chains: Int
    package let labelledChains: Int
    /// Chains that the threshold was chosen on; 0 where it was given.
    package let tuningChains: Int
    package let threshold: Double
    /// Nil where no chain is labelled.
    package let firstError: FirstErrorScore?
    package let stepAUROC: Double?
    package let outcomeThreshold: Double?
    package let outcome: OutcomeScore?
    package let calibration: Calibration?
    package let bestOfN: [BestOfN]
    package let bySteps: [BreakdownRow]
    package let byTokens: [BreakdownRow]
    /// F1 against the threshold, for the plot.
    package let curve: [FirstErrorScore]
    package let samples: [StepSample]

    /// Nil where a threshold is to be chosen and the half to choose on lacks erroneous chains or correct ones.
    package init?(_ all: [JudgedChain], settings: EvaluationSettings) {
        var judged = all
        switch settings.threshold {
        case .given(let value):
            threshold = value
            tuningChains = 0
        case .chosen:
            let split = ThresholdSplit(all)
            guard let best = ThresholdSweep(split.tuning).best else { return nil }
            threshold = best.threshold
            tuningChains = split.tuning.count
            judged = split.held
        }
        axis = settings.axis
        chains = judged.count
        labelledChains = judged.count { $0.label != nil }
        firstError = labelledChains > 0 ? FirstErrorScore(judged, threshold: threshold) : nil
        stepAUROC = Evaluating.stepAUROC(judged)
        outcomeThreshold = settings.outcomeThreshold
        outcome = OutcomeScore(judged, threshold: settings.outcomeThreshold)
        samples = judged.flatMap(\.samples)
        calibration = Calibration(samples, on: axis)
        bestOfN = BestOfN.rows(judged)
        bySteps = breakdown(judged, by: .steps, threshold: threshold, limit: 12)
        byTokens = breakdown(judged, by: .tokens, threshold: threshold, limit: 4)
        curve = Self.curve(judged, axis)
    }

    private static func curve(_ chains: [JudgedChain], _ axis: RewardAxis) -> [FirstErrorScore] {
        let rewards = chains.filter { $0.label != nil }.flatMap(\.rewards)
        guard let low = rewards.min(), let high = rewards.max() else { return [] }
        return ThresholdSweep(chains).curve(over: axis.range ?? low...high, count: 201)
    }
}
