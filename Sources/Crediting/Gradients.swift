// The pooled chance of a right answer, as training needs it.
//
// In logarithms throughout, from logits z: a step whose chance is under Double's smallest number, or so near 1 that it
// rounds to 1, still has a finite loss and the right gradient. Formulas: reference/credit-methods.md 1.2 and 1.5.
import Glibc

/// The poolings that training can learn through; the raw value is the spelling of `Pooling`.
package enum LearntPooling: String, Sendable, CaseIterable {
    case sws
    case min
    case mean
    case last
    case product

    /// The pooling that scoring has for it.
    package var pooling: Pooling {
        switch self {
        case .sws: .sws
        case .min: .min
        case .mean: .mean
        case .last: .last
        case .product: .product
        }
    }
}

/// Where step scores are pooled while learning; both become the chance of a right answer.
package enum LearntScale: String, Sendable, CaseIterable {
    /// s = sigmoid(z), and the pooled S is itself the chance.
    case probability
    /// s = z, and the chance is sigmoid(S).
    case logit

    /// The scale that scoring has for it.
    package var scale: Scale { self == .probability ? .probability : .logit }
}

/// The logarithm of an outcome's chance, and its gradient.
package struct LogChance: Sendable, Equatable {
    /// log P(outcome); at most 0, finite.
    package let value: Double
    /// d value / d z, one a step.
    package let logits: [Double]
    /// d value / d temperature; 0 for a pooling that has none.
    package let temperature: Double
}

/// Pooling as a function that can be differentiated.
package struct ChancePooling: Sendable, Equatable {
    package let pooling: LearntPooling
    package let scale: LearntScale

    /// - Throws: `undefined` for `product` on logits.
    package init(pooling: LearntPooling, scale: LearntScale) throws(CreditError) {
        guard pooling.pooling.exists(on: scale.scale) else { throw .undefined(pooling.pooling, scale.scale) }
        self.pooling = pooling
        self.scale = scale
    }

    /// log P(right) where `right`, else log P(wrong) = log(1 - P(right)) without cancellation.
    ///
    /// - Parameters:
    ///   - logits: z = z1 - z0 of each step; at least one, all finite.
    ///   - temperature: on `scale`, greater than 0; `sws` alone uses it.
    package func logChance(right: Bool, logits: [Double], temperature: Double) -> LogChance {
        precondition(!logits.isEmpty, "a rollout without steps has no chance")
        return switch (pooling, scale) {
        case (.product, _): productChance(right, logits)
        case (_, .probability): sumOfChances(right, logits, temperature)
        case (_, .logit): chanceOfSum(right, logits, temperature)
        }
    }
}

// MARK: - Weighted sums

extension ChancePooling {
    /// P = sum w p or sum w q with q = 1 - p: each is a sum of positive terms, so its logarithm is a log-sum-exp.
    ///
    /// With r_k = w_k p_k / S (or w_k q_k / (1 - S)), dS/ds_k = w_k [1 - (s_k - S)/T] becomes
    /// d log S / dz_k = r_k q_k [1 - (s_k - S)/T], and dS/dT = sum w s (s - S)/T^2 becomes sum r (s - S)/T^2.
    private func sumOfChances(_ right: Bool, _ logits: [Double], _ temperature: Double) -> LogChance {
        let chances = logits.map(sigmoid)
        let weights = logWeights(chances, logits, temperature)
        let terms = zip(weights, logits).map { $0 + logSigmoid(right ? $1 : -$1) }
        let value = logSumExp(terms)
        let pooled = zip(weights, chances).reduce(0) { $0 + exp($1.0) * $1.1 }
        let sign = right ? 1.0 : -1.0
        var gradient: [Double] = []
        var byTemperature = 0.0
        for (index, term) in terms.enumerated() {
            let share = exp(term - value)
            let away = pooling == .sws ? (chances[index] - pooled) / temperature : 0
            gradient.append(sign * share * sigmoid(-sign * logits[index]) * (1 - away))
            byTemperature += share * away / temperature
        }
        return LogChance(value: Swift.min(value, 0), logits: gradient, temperature: byTemperature)
    }

    /// P = sigmoid(S), S = sum w z; dS/dz_k = w_k [1 - (z_k - S)/T], dS/dT = sum w (z - S)^2/T^2.
    private func chanceOfSum(_ right: Bool, _ logits: [Double], _ temperature: Double) -> LogChance {
        let weights = logWeights(logits, logits, temperature).map(exp)
        let least = logits.reduce(.infinity, Swift.min)
        // As m + sum w (z - m), so that equal steps are exact.
        let pooled = least + zip(weights, logits).reduce(0) { $0 + $1.0 * ($1.1 - least) }
        let sign = right ? 1.0 : -1.0
        let slope = sign * sigmoid(-sign * pooled)
        var gradient: [Double] = []
        var byTemperature = 0.0
        for (weight, logit) in zip(weights, logits) {
            let away = pooling == .sws ? (logit - pooled) / temperature : 0
            gradient.append(slope * weight * (1 - away))
            byTemperature += slope * weight * away * away
        }
        return LogChance(value: logSigmoid(sign * pooled), logits: gradient, temperature: byTemperature)
    }

    /// log w, -infinity where a step has no weight.
    private func logWeights(_ scores: [Double], _ logits: [Double], _ temperature: Double) -> [Double] {
        switch pooling {
        case .sws:
            let exponents = scores.map { -$0 / temperature }
            let total = logSumExp(exponents)
            return exponents.map { $0 - total }
        case .mean: return scores.map { _ in -log(Double(scores.count)) }
        // By logits: chances that round to the same number still have one smallest.
        case .min: return Self.all(at: logits.indices.min { logits[$0] < logits[$1] } ?? 0, of: scores.count)
        case .last, .product: return Self.all(at: scores.count - 1, of: scores.count)
        }
    }

    private static func all(at index: Int, of count: Int) -> [Double] {
        (0..<count).map { $0 == index ? 0 : -.infinity }
    }
}

// MARK: - Noisy-and

extension ChancePooling {
    /// S = prod p; log S = sum log p, and d log(1 - S)/dz_k = -q_k S / (1 - S).
    private func productChance(_ right: Bool, _ logits: [Double]) -> LogChance {
        let logRight = logits.reduce(0) { $0 + logSigmoid($1) }
        if right {
            return LogChance(value: logRight, logits: logits.map { sigmoid(-$0) }, temperature: 0)
        }
        // Where S rounds to 1, 1 - S is -log S to the last bit, and that is a sum of positive terms -log p.
        let logWrong =
            logRight > -0x1p-50
            ? logSumExp(logits.map(logOfMinusLogSigmoid))
            : (logRight > -M_LN2 ? log(-expm1(logRight)) : log1p(-exp(logRight)))
        return LogChance(
            value: Swift.min(logWrong, 0),
            logits: logits.map { -exp(logRight - logWrong + logSigmoid(-$0)) },
            temperature: 0
        )
    }
}

// MARK: - Logarithms that keep their digits

/// log(sum exp x); the largest exponential is exactly 1. At least one term is finite.
private func logSumExp(_ terms: [Double]) -> Double {
    let most = terms.reduce(-.infinity, max)
    return most + log(terms.reduce(0) { $0 + exp($1 - most) })
}

/// log sigmoid(z) = -log(1 + e^-z)
private func logSigmoid(_ logit: Double) -> Double {
    logit >= 0 ? -log1p(exp(-logit)) : logit - log1p(exp(logit))
}

/// log(-log sigmoid(z)); past z = 37 log1p(e^-z) is e^-z in Double.
private func logOfMinusLogSigmoid(_ logit: Double) -> Double {
    logit > 37 ? -logit : log(-logSigmoid(logit))
}

/// 1 / (1 + e^-z) by the exponential that cannot overflow.
private func sigmoid(_ logit: Double) -> Double {
    let small = exp(-abs(logit))
    return logit >= 0 ? 1 / (1 + small) : small / (1 + small)
}
