// Numbers that tests can repeat.
import Fixtures

extension SeededGenerator {
    /// Uniform in [-scale, scale).
    mutating func floats(_ count: Int, scale: Float = 1) -> [Float] {
        (0..<count).map { _ in Float.random(in: -scale..<scale, using: &self) }
    }
}

extension Sequence where Element == Float {
    /// What promise P2 compares.
    var bits: [UInt32] { map(\.bitPattern) }
}

/// The largest |a - b| of two lists of the same length; NaN where one has a NaN.
func largestDifference(_ found: [Float], _ expected: [Double]) -> Double {
    guard found.count == expected.count else { return .infinity }
    return zip(found, expected).reduce(0) { worst, pair in
        let difference = abs(Double(pair.0) - pair.1)
        return difference.isNaN || worst.isNaN ? .nan : max(worst, difference)
    }
}
