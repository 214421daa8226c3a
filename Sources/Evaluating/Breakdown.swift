// The same measures for short chains and long ones.

/// The measures of the chains whose size lies in one range.
package struct BreakdownRow: Sendable, Equatable {
    package let sizes: ClosedRange<Int>
    package let chains: Int
    package let score: FirstErrorScore
    package let stepAUROC: Double?
}

/// What a chain's size is counted in.
package enum ChainSize: String, Sendable, CaseIterable {
    case steps
    case tokens

    func of(_ chain: JudgedChain) -> Int? {
        switch self {
        case .steps: chain.rewards.count
        case .tokens: chain.tokens
        }
    }
}

/// Labelled chains by size, in at most `limit` rows: one a size where that is few enough, else of about equal counts.
package func breakdown(
    _ chains: [JudgedChain],
    by size: ChainSize,
    threshold: Double,
    limit: Int
) -> [BreakdownRow] {
    let sized = chains.compactMap { chain -> (size: Int, chain: JudgedChain)? in
        guard chain.label != nil, let count = size.of(chain) else { return nil }
        return (count, chain)
    }
    return ranges(of: sized.map(\.size), limit: limit).map { range in
        let inside = sized.filter { range.contains($0.size) }.map(\.chain)
        return BreakdownRow(
            sizes: range,
            chains: inside.count,
            score: FirstErrorScore(inside, threshold: threshold),
            stepAUROC: stepAUROC(inside)
        )
    }
}

/// Ranges that hold every value; equal values are never parted.
private func ranges(of values: [Int], limit: Int) -> [ClosedRange<Int>] {
    let distinct = Set(values).sorted()
    guard distinct.count > limit else { return distinct.map { $0...$0 } }
    let sorted = values.sorted()
    var ranges: [ClosedRange<Int>] = []
    var start = 0
    for part in 1...max(1, limit) {
        let end = sorted.count * part / max(1, limit)
        guard end > start else { continue }
        let high = sorted[end - 1]
        ranges.append(sorted[start]...high)
        start = sorted.firstIndex { $0 > high } ?? sorted.count
    }
    return ranges
}
