// Step rewards in, weights, credits and returns out.

/// The credit of one rollout from its step rewards, computed on the scale of `settings`.
///
/// An absent reward (nil) is skipped, as if the step were not there: it is never counted as 0, and stays nil in the result.
/// - Parameter scale: what the rewards are given on.
/// - Throws: `noSteps`, `notFinite`, `outOfRange` or `infiniteLogit`; the last three name the step.
package func credit(
    for rewards: [Double?],
    on scale: Scale,
    settings: CreditSettings
) throws(CreditError) -> Credit {
    var present: [Int] = []
    var values: [Double] = []
    for (index, reward) in rewards.enumerated() {
        guard let reward else { continue }
        values.append(try scale.convert(reward, to: settings.scale, step: index))
        present.append(index)
    }
    guard let scores = Scores(values) else { throw .noSteps }

    let poolings = Pooling.allCases.filter { $0.exists(on: settings.scale) }
        .map { (pooling: $0, value: scores.pooled($0, temperature: settings.temperature)) }
    let pooled = scores.pooled(settings.pooling, temperature: settings.temperature)
    var steps = [StepCredit?](repeating: nil, count: rewards.count)
    for (index, step) in zip(present, scores.steps(settings, pooled: pooled)) { steps[index] = step }
    return Credit(steps: steps, pooled: pooled, poolings: poolings, weakestStep: present[scores.weakest])
}

extension Scores {
    /// Weight, credit and return of each present step.
    ///
    /// Credit is w_t s_t where the pooling is a weighted sum (PURE's r*_t, arXiv 2504.15275, verified in code), else
    /// w_t times the pooled value (our own choice, see `Weights.swift`): both add up to the pooled value.
    /// The return is PURE's G_t without its KL term: the sum of credit from this step on.
    fileprivate func steps(_ settings: CreditSettings, pooled: Double) -> [StepCredit] {
        let weights = weights(settings.pooling, temperature: settings.temperature)
        var steps: [StepCredit] = []
        var later = 0.0
        for (weight, value) in zip(weights, values).reversed() {
            let credit = weight * (settings.pooling.isWeightedSum ? value : pooled)
            later += credit
            steps.append(StepCredit(score: value, weight: weight, credit: credit, return: later))
        }
        return steps.reversed()
    }
}

extension Pooling {
    /// Whether the pooled value is the sum of weight x score.
    fileprivate var isWeightedSum: Bool {
        switch self {
        case .min, .sws, .mean, .last: true
        case .softmin, .product, .geometricMean: false
        }
    }
}
