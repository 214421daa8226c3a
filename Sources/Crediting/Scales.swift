// The three scales a step score may stand on.
//
// With p the chance that a step is right: margin r = 2p - 1 (PURE's step score, arXiv 2504.15275, verified in its code)
// and logit z with p = sigmoid(z). Nothing is clamped: what a scale cannot hold is an error that names the step.

import Glibc

extension Scale {
    /// The values a reward may have here.
    ///
    /// A logit has no bound of its own; past 1e300 the difference of two would leave Double, so it is refused there.
    package var range: ClosedRange<Double> {
        switch self {
        case .probability: 0...1
        case .margin: -1...1
        case .logit: -1e300...1e300
        }
    }

    /// `value` of step `step`, checked against this scale's range, on `target`.
    ///
    /// A logit too large for Double's neighbourhood of 1 becomes a probability of exactly 1: that is rounding, not a clamp.
    package func convert(_ value: Double, to target: Scale, step: Int) throws(CreditError) -> Double {
        guard value.isFinite else { throw .notFinite(step: step) }
        guard range.contains(value) else { throw .outOfRange(step: step, value: value, scale: self) }
        let converted = unchecked(value, to: target)
        guard converted.isFinite else { throw .infiniteLogit(step: step) }
        return converted
    }

    private func unchecked(_ value: Double, to target: Scale) -> Double {
        switch (self, target) {
        case (.probability, .probability), (.margin, .margin), (.logit, .logit): value
        case (.probability, .margin): 2 * value - 1
        case (.margin, .probability): (1 + value) / 2
        case (.probability, .logit): log(value / (1 - value))
        // log1p keeps the digits of a margin near 0.
        case (.margin, .logit): log1p(value) - log1p(-value)
        case (.logit, .probability): sigmoid(value)
        case (.logit, .margin): tanh(value / 2)
        }
    }
}

/// 1 / (1 + e^-z) by the exponential that cannot overflow.
private func sigmoid(_ logit: Double) -> Double {
    let small = exp(-abs(logit))
    return logit >= 0 ? 1 / (1 + small) : small / (1 + small)
}
