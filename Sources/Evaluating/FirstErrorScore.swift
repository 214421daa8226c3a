// Whether the first wrong step is found, as ProcessBench counts.

extension JudgedChain {
    /// The first step whose reward is under `threshold`, -1 where none is.
    ///
    /// ProcessBench, arXiv 2412.06559 section 4.1: the earliest step that is judged wrong is the predicted one.
    package func predictedLabel(threshold: Double) -> Int {
        rewards.firstIndex { $0 < threshold } ?? -1
    }
}

/// ProcessBench's measure (arXiv 2412.06559, section 3.2) at one threshold; every share is in [0, 1].
package struct FirstErrorScore: Sendable, Equatable {
    package let threshold: Double
    /// Chains that have a wrong step, and those among them whose first one was named exactly.
    package let erroneousChains: Int
    package let foundErrors: Int
    /// Chains that have none, and those among them in which none was named.
    package let correctChains: Int
    package let passedChains: Int

    /// Chains without a label are left out.
    package init(_ chains: [JudgedChain], threshold: Double) {
        let labelled = chains.filter { $0.label != nil }
        let hits = labelled.filter { $0.predictedLabel(threshold: threshold) == $0.label }
        self.init(
            threshold: threshold,
            erroneousChains: labelled.count { $0.label != -1 },
            foundErrors: hits.count { $0.label != -1 },
            correctChains: labelled.count { $0.label == -1 },
            passedChains: hits.count { $0.label == -1 }
        )
    }

    init(threshold: Double, erroneousChains: Int, foundErrors: Int, correctChains: Int, passedChains: Int) {
        self.threshold = threshold
        self.erroneousChains = erroneousChains
        self.foundErrors = foundErrors
        self.correctChains = correctChains
        self.passedChains = passedChains
    }

    /// The share of erroneous chains whose first wrong step was named exactly; nil where there are none.
    package var accuracyErroneous: Double? { share(foundErrors, of: erroneousChains) }

    /// The share of correct chains in which no step was named; nil where there are none.
    package var accuracyCorrect: Double? { share(passedChains, of: correctChains) }

    /// The harmonic mean 2ab / (a + b) of the two accuracies: neither naming nothing nor naming everything scores.
    /// 0 where both are 0 (the limit); nil where one of the two kinds of chains is missing.
    package var f1: Double? {
        guard let one = accuracyErroneous, let other = accuracyCorrect else { return nil }
        return one + other > 0 ? 2 * one * other / (one + other) : 0
    }
}

/// `part` of `whole`, nil of nothing.
func share(_ part: Int, of whole: Int) -> Double? {
    whole > 0 ? Double(part) / Double(whole) : nil
}
