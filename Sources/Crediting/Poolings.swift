// The value of each pooling over a rollout's steps.
//
// Every smooth pooling is written as the minimum m plus something >= 0 (or times something >= 1): equal steps and the
// limit of a small temperature are then exact, and exponents are never positive.

import Glibc

/// The scores of the present steps of one rollout, on one scale.
package struct Scores: Sendable {
    /// At least one, all finite, within the scale's range.
    package let values: [Double]
    /// Index of the first minimum.
    package let weakest: Int
    /// The minimum m.
    package let least: Double

    /// nil where there are no values.
    package init?(_ values: [Double]) {
        guard var least = values.first else { return nil }
        var weakest = 0
        for (index, value) in values.enumerated() where value < least {
            least = value
            weakest = index
        }
        self.values = values
        self.weakest = weakest
        self.least = least
    }

    package var count: Double { Double(values.count) }

    /// The value of `pooling`; `temperature` matters to `sws` and `softmin` alone.
    package func pooled(_ pooling: Pooling, temperature: Double) -> Double {
        switch pooling {
        // min s_t: Math-Shepherd, arXiv 2312.08935 (verified quotation).
        case .min: least
        case .sws: weightedSum(softmaxWeights(temperature: temperature))
        case .softmin: softmin(temperature: temperature)
        // prod p_t, all steps right: Let's Verify Step by Step, arXiv 2305.20050 (verified quotation).
        case .product: values.reduce(1, *)
        case .geometricMean: geometricMean
        // (1/n) sum s_t: PURE's `disable_weighted_reward`, arXiv 2504.15275 (verified in code).
        case .mean: weightedSum(uniformWeights)
        // s_n: The Lessons of Developing PRMs, arXiv 2501.07301, for models trained on value (verified quotation).
        case .last: values[values.count - 1]
        }
    }

    /// S = sum w s, as m + sum w (s - m).
    ///
    /// With w = softmax(-s/T) this is the softmax-weighted sum. Verified: PURE, arXiv 2504.15275, its README and code.
    /// Inferred: LCA's SWS, arXiv 2606.27739; that paper's own equation is not public, this is its probable form.
    /// It is not monotone: dS/ds_k < 0 where s_k > S + T. Source of the properties: reference/credit-methods.md 1.5.
    func weightedSum(_ weights: [Double]) -> Double {
        var sum = 0.0
        for (weight, value) in zip(weights, values) { sum += weight * (value - least) }
        return least + sum
    }

    /// -T log((1/n) sum exp(-s/T)), as m - T log1p((1/n) sum expm1(-(s - m)/T)).
    ///
    /// Inferred: the textbook log-sum-exp with 1/n (credit-methods.md 1.4), read in no paper on credit.
    /// expm1 and log1p keep the digits when T is large, where the plain form loses them all to 1 + tiny.
    private func softmin(temperature: Double) -> Double {
        // It differs from the mean by var/(2T) at most; here that is under the last bit, and gaps may underflow.
        guard let most = values.max(), (most - least) / temperature > 0x1p-54 else {
            return weightedSum(uniformWeights)
        }
        var sum = 0.0
        for value in values { sum += expm1(-(value - least) / temperature) }
        return least - temperature * log1p(sum / count)
    }

    /// (prod p)^(1/n), as m exp((1/n) sum (log p - log m)). Inferred: the usual length-free form of the product.
    private var geometricMean: Double {
        guard least > 0 else { return 0 }
        var sum = 0.0
        for value in values { sum += log(value) - log(least) }
        return least * exp(sum / count)
    }
}
