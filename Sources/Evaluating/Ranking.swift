// How well numbers put right things above wrong ones.

/// The chance that a positive is above a negative, a tie counting half; nil unless there are both.
///
/// The area under the ROC curve is the Mann-Whitney statistic: AUROC = (R - p(p + 1)/2) / (p n), where R is the sum of
/// the mid-ranks of the p positives among all p + n numbers (Hanley and McNeil 1982; Fawcett 2006, section 7).
package func auroc(positives: [Double], negatives: [Double]) -> Double? {
    guard !positives.isEmpty, !negatives.isEmpty else { return nil }
    let all = (positives.map { (value: $0, isPositive: true) } + negatives.map { (value: $0, isPositive: false) })
        .sorted { $0.value < $1.value }
    // Twice the sum of ranks: mid-ranks of ties are halves, and integers add up without rounding.
    var doubledRanks = 0
    var start = 0
    while start < all.count {
        var end = start
        while end < all.count, all[end].value == all[start].value { end += 1 }
        // Ranks start+1 ... end have the middle (start + 1 + end) / 2.
        doubledRanks += all[start..<end].count(where: \.isPositive) * (start + 1 + end)
        start = max(end, start + 1)
    }
    let count = positives.count
    return Double(doubledRanks - count * (count + 1)) / (2 * Double(count) * Double(negatives.count))
}

/// AUROC of step rewards: right steps are the positives, each chain's first wrong step a negative.
package func stepAUROC(_ chains: [JudgedChain]) -> Double? {
    let samples = chains.flatMap(\.samples)
    return auroc(
        positives: samples.filter(\.isRight).map(\.reward),
        negatives: samples.filter { !$0.isRight }.map(\.reward)
    )
}

/// How well the trajectory value tells right final answers from wrong ones.
package struct OutcomeScore: Sendable, Equatable {
    /// Chains whose outcome is known, and how many of them are right.
    package let chains: Int
    package let right: Int
    /// The share judged rightly by `trajectory >= threshold`; nil where no threshold was given.
    package let accuracy: Double?
    /// Nil where all outcomes are alike.
    package let auroc: Double?

    /// Nil where no outcome is known.
    package init?(_ chains: [JudgedChain], threshold: Double?) {
        let known = chains.filter { $0.correct != nil }
        guard !known.isEmpty else { return nil }
        self.chains = known.count
        right = known.count { $0.correct == true }
        accuracy = threshold.flatMap { limit in
            share(known.count { ($0.trajectory >= limit) == $0.correct }, of: known.count)
        }
        auroc = Evaluating.auroc(
            positives: known.filter { $0.correct == true }.map(\.trajectory),
            negatives: known.filter { $0.correct == false }.map(\.trajectory)
        )
    }
}
