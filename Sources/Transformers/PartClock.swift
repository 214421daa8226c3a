// Where a forward pass spends its time.

/// What a pass consists of.
package enum Part: String, Sendable, CaseIterable {
    case embedding
    /// Norms, and their results in the layout and precision of the products.
    case norms
    case projections
    /// Rotary embedding, norms of heads, keys and values to their slots.
    case rotary
    case attention
    case output
    /// Gate and up, their product, and its quantisation.
    case gateUp = "gate_up"
    case down
    case head
}

/// What passes have cost.
package struct Effort: Sendable {
    /// Rows that went through the decoder.
    package var rows = 0
    /// Multiplications and additions of the linear layers, for rows that were computed; padding does not count.
    package var operations = 0.0
    package var seconds: [Part: Double] = [:]
}

/// Adds up the effort; only measurements read it.
final class PartClock {
    private let clock = ContinuousClock()
    private(set) var effort = Effort()

    func reset() { effort = Effort() }

    func time<Result>(_ part: Part, _ work: () -> Result) -> Result {
        let start = clock.now
        let result = work()
        effort.seconds[part, default: 0] += (clock.now - start) / .seconds(1)
        return result
    }

    func count(rows: Int, operations: Double) {
        effort.rows += rows
        effort.operations += operations
    }
}
