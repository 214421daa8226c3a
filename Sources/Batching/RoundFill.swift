// How full the rounds were.

/// Rounds that ended, counted by the part of the token budget that they used.
package struct RoundFill: Sendable, Equatable {
    /// The part of the budget up to which each of `counts` goes, itself included; no round is fuller than 1.
    package static let bounds = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]

    /// Rounds between a bound and the one before it.
    package private(set) var counts = [Int](repeating: 0, count: bounds.count)
    /// The parts of all rounds, added up.
    package private(set) var sum = 0.0

    package init() {}

    mutating func record(tokens: Int, of budget: Int) {
        let part = Double(tokens) / Double(budget)
        counts[Self.bounds.firstIndex { part <= $0 } ?? counts.count - 1] += 1
        sum += part
    }
}
