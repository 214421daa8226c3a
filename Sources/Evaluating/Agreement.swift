// How far two ways of computing the same rewards agree.
package import JSON

/// The rewards of the same rollouts from two precisions of one model.
package struct Agreement: Sendable, Equatable {
    package let rollouts: Int
    /// Steps with a reward in both.
    package let steps: Int
    package let largestDifference: Double
    package let meanDifference: Double
    /// Spearman's rho of all step rewards; nil where one side has a single value.
    package let rankCorrelation: Double?
    /// Where a reward under it calls a step wrong.
    package let threshold: Double
    /// Steps that one calls wrong and the other does not.
    package let verdictFlips: Int
    /// Rollouts whose first wrong step is another one, or is wrong in one alone.
    package let firstErrorFlips: Int

    /// Rewards by rollout and step, as many on either side; nil where a step has none.
    package init(_ first: [[Double?]], _ second: [[Double?]], threshold: Double) {
        precondition(first.map(\.count) == second.map(\.count), "rewards of other rollouts")
        let pairs = zip(first.joined(), second.joined()).compactMap { first, second in
            first.flatMap { first in second.map { (first, $0) } }
        }
        let differences = pairs.map { abs($0 - $1) }
        rollouts = first.count
        steps = pairs.count
        largestDifference = differences.max() ?? 0
        meanDifference = differences.isEmpty ? 0 : differences.reduce(0, +) / Double(differences.count)
        rankCorrelation = correlation(midRanks(of: pairs.map(\.0)), midRanks(of: pairs.map(\.1)))
        self.threshold = threshold
        verdictFlips = pairs.count { ($0 < threshold) != ($1 < threshold) }
        func firstError(_ rewards: [Double?]) -> Int? { rewards.firstIndex { $0.map { $0 < threshold } ?? false } }
        firstErrorFlips = zip(first, second).count { firstError($0) != firstError($1) }
    }

    package var object: JSONObject {
        func number(_ value: Double?) -> JSONValue { value.flatMap { JSONValue($0) } ?? .null }
        return JSONObject([
            ("rollouts", JSONValue(rollouts)), ("steps", JSONValue(steps)),
            ("largest_difference", number(largestDifference)), ("mean_difference", number(meanDifference)),
            ("rank_correlation", number(rankCorrelation)), ("threshold", number(threshold)),
            ("verdict_flips", JSONValue(verdictFlips)), ("first_error_flips", JSONValue(firstErrorFlips)),
        ])
    }

    package var text: String {
        func of(_ count: Int, _ all: Int) -> String { "\(count) of \(all) (\(percent(share(count, of: all))) %)" }
        return """
            rewards: \(decimal(largestDifference, 6)) apart at most, \(decimal(meanDifference, 6)) on average \
            (\(steps) steps of \(rollouts) rollouts)
            ranks: correlation \(decimal(rankCorrelation, 6))
            verdicts at \(decimal(threshold)) that flip: \(of(verdictFlips, steps))
            first wrong steps that move: \(of(firstErrorFlips, rollouts))
            """
    }
}

/// Ranks from 1; equal values share the middle of their ranks.
private func midRanks(of values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
        let end = order[start...].firstIndex { values[$0] != values[order[start]] } ?? order.count
        for place in start..<end { ranks[order[place]] = Double(start + 1 + end) / 2 }
        start = end
    }
    return ranks
}

/// Pearson's correlation; nil where either side does not vary.
private func correlation(_ x: [Double], _ y: [Double]) -> Double? {
    guard !x.isEmpty else { return nil }
    let (meanX, meanY) = (x.reduce(0, +) / Double(x.count), y.reduce(0, +) / Double(y.count))
    var (xy, xx, yy) = (0.0, 0.0, 0.0)
    for (x, y) in zip(x, y) {
        xy += (x - meanX) * (y - meanY)
        xx += (x - meanX) * (x - meanX)
        yy += (y - meanY) * (y - meanY)
    }
    return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : nil
}
