// Whether a step said to be right with 0.8 is right in 8 of 10.

/// Reliability of probabilities, by bins of equal width (Guo et al. 2017, arXiv 1706.04599, section 2).
package struct Calibration: Sendable, Equatable {
    package struct Bin: Sendable, Equatable {
        /// (low, high]; the first bin also has 0.
        package let range: ClosedRange<Double>
        package let count: Int
        /// Mean probability and share of right steps; nil where the bin is empty.
        package let confidence: Double?
        package let accuracy: Double?
    }

    package let bins: [Bin]
    /// Expected calibration error, sum over bins of |B| / n x |accuracy - confidence| (Guo et al., equation 3).
    ///
    /// Guo et al. judge the confidence of the chosen class; here, as is usual for two classes, it is the chance of
    /// "right" itself against how often steps are right.
    package let expectedError: Double
    package let count: Int

    /// Nil where there is no sample, or one whose reward is no probability.
    package init?(_ samples: [StepSample], on axis: RewardAxis = .probability, bins count: Int = 10) {
        guard !samples.isEmpty, count > 0 else { return nil }
        let edges = (1...count).map { Double($0) / Double(count) }
        var sums = [(count: Int, right: Int, confidence: Double)](repeating: (0, 0, 0), count: count)
        for sample in samples {
            guard let probability = axis.probability(of: sample.reward),
                let bin = edges.firstIndex(where: { probability <= $0 })
            else { return nil }
            sums[bin].count += 1
            sums[bin].right += sample.isRight ? 1 : 0
            sums[bin].confidence += probability
        }
        bins = zip(sums, edges).enumerated().map { place, bin in
            let (sum, high) = bin
            return Bin(
                range: (place == 0 ? 0 : edges[place - 1])...high,
                count: sum.count,
                confidence: sum.count > 0 ? sum.confidence / Double(sum.count) : nil,
                accuracy: share(sum.right, of: sum.count)
            )
        }
        expectedError = bins.reduce(0) { error, bin in
            guard let confidence = bin.confidence, let accuracy = bin.accuracy else { return error }
            return error + Double(bin.count) / Double(samples.count) * abs(accuracy - confidence)
        }
        self.count = samples.count
    }
}
