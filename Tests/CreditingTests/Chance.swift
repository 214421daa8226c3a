// Random cases that are the same in every run.
import Fixtures

extension SeededGenerator {
    /// 1 to 40 probabilities; some cases have ties, exact zeros and exact ones.
    mutating func probabilities() -> [Double] {
        let coarse = Bool.random(using: &self)
        return (0..<Int.random(in: 1...40, using: &self)).map { _ in
            coarse ? Double(Int.random(in: 0...4, using: &self)) / 4 : Double.random(in: 0...1, using: &self)
        }
    }

    /// From 1e-4 to 1e4, evenly in its logarithm.
    mutating func temperature() -> Double {
        var value = 1.0
        for _ in 0..<Int.random(in: 0...8, using: &self) { value *= Double.random(in: 0.1...1, using: &self) }
        return Bool.random(using: &self) ? value : 1 / value
    }
}

/// Whether two numbers agree to `digits` of the larger of them and 1.
func agree(_ one: Double, _ other: Double, within tolerance: Double = 1e-12) -> Bool {
    abs(one - other) <= tolerance * max(1, abs(one), abs(other))
}
