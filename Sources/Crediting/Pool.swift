// The numbers that a number is compared with.
//
// They are summed in ascending order and in units of their own range. So equal numbers give exactly 0, a group in another
// order gets the same bits in that order, and rewards on the whole of `Scale.logit` give finite numbers.

import Glibc

/// The numbers of a group, the compared one's own among them.
struct Pool: Sendable {
    let count: Double
    private let least: Double
    private let range: Double
    /// Mean and sum of squared deviations of (x - least) / range: both are of order 1, however large the rewards are.
    private let mean: Double
    private let squares: Double

    init(_ values: [Double]) {
        // Of millions of numbers each may be alone.
        if values.count == 1 {
            (count, least, range, mean, squares) = (1, values[0], 0, 0, 0)
            return
        }
        let sorted = values.sorted()
        let (least, most) = (sorted.first ?? 0, sorted.last ?? 0)
        let places = sorted.map { Self.place(of: $0, from: least, range: most - least) }
        let mean = places.reduce(0, +) / Double(places.count)
        count = Double(values.count)
        self.least = least
        range = most - least
        self.mean = mean
        squares = places.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    }

    /// (x - mean) / (std + 1e-6): GRPO, arXiv 2402.03300 (verified text) and verl's `compute_grpo_outcome_advantage`
    /// (verified in code; its one rollout alone is R / (1 + 1e-6), ours is R).
    func standardized(_ value: Double, _ spread: Spread) -> Double {
        guard count > 1 else { return value }
        let variance = squares / (spread == .unbiased ? count - 1 : count)
        return deviation(of: value) / (range * variance.squareRoot() + spreadEpsilon)
    }

    /// x - mean of the others = n/(n - 1) (x - mean): RLOO, arXiv 2402.14740, verl's `compute_rloo_outcome_advantage`
    /// and PURE (verified in both codes, with the raw reward for one alone in verl's).
    func leftOneOut(_ value: Double) -> Double {
        guard count > 1 else { return value }
        return count / (count - 1) * deviation(of: value)
    }

    /// x - mean, also of a number that is none of them.
    func deviation(of value: Double) -> Double {
        range > 0 ? range * (Self.place(of: value, from: least, range: range) - mean) : value - least
    }

    var average: Double { least + range * mean }

    /// The standard deviation; 0 where there is one value at the most.
    /// - Parameter inside: added to the variance, as in the square root of (var + 1e-8).
    func deviation(_ spread: Spread, inside: Double) -> Double {
        guard count > 1 else { return 0 }
        let variance = squares / (spread == .unbiased ? count - 1 : count)
        let deviation = range * variance.squareRoot()
        return inside > 0 ? hypot(deviation, inside.squareRoot()) : deviation
    }

    private static func place(of value: Double, from least: Double, range: Double) -> Double {
        range > 0 ? (value - least) / range : 0
    }
}
