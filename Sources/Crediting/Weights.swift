// How much of the pooled value each step carries.
//
// For a pooling that is a weighted sum the weights are the ones in the sum. For the others they are our own choice
// (inferred, no paper states it): the gradient of the pooled value, divided by its sum. Every set of weights adds up to 1.

import Glibc

extension Scores {
    /// One weight a present step, for `pooling`.
    package func weights(_ pooling: Pooling, temperature: Double) -> [Double] {
        switch pooling {
        case .min: one(at: weakest)
        // PURE (arXiv 2504.15275): w = softmax(-r/T), verified in code; LCA (arXiv 2606.27739): inferred.
        // d softmin / d s_t is this same softmax: textbook gradient of log-sum-exp.
        case .sws, .softmin: softmaxWeights(temperature: temperature)
        // d(prod p)/dp_t = (prod p)/p_t, and the n-th root only scales it: both are proportional to 1/p_t.
        case .product, .geometricMean: reciprocalWeights
        case .mean: uniformWeights
        case .last: one(at: values.count - 1)
        }
    }

    /// softmax(-s/T), with the minimum subtracted first: the largest exponential is exactly 1.
    package func softmaxWeights(temperature: Double) -> [Double] {
        let exponentials = values.map { exp(-($0 - least) / temperature) }
        let sum = exponentials.reduce(0, +)
        return exponentials.map { $0 / sum }
    }

    package var uniformWeights: [Double] {
        [Double](repeating: 1 / count, count: values.count)
    }

    /// (1/p_t) / sum (1/p_u), as m/p_t so that no reciprocal overflows; zeros, its limit, share equally.
    private var reciprocalWeights: [Double] {
        let shares = values.map { least > 0 ? least / $0 : ($0 == 0 ? 1 : 0) }
        let sum = shares.reduce(0, +)
        return shares.map { $0 / sum }
    }

    private func one(at index: Int) -> [Double] {
        var weights = [Double](repeating: 0, count: values.count)
        weights[index] = 1
        return weights
    }
}
