// What the rollouts of one request took.
import Scoring
import Synchronization

/// Times in seconds. Each is a part of the request's whole time, and none of them overlaps another.
struct ScoringCost: Sendable, Equatable {
    private(set) var rollouts: Int
    private(set) var scored: Int
    private(set) var tokens = 0
    private(set) var cachedTokens = 0
    private(set) var tokenize = 0.0
    /// Until the first of them was computed.
    private(set) var queue: Double
    /// From there until the last was.
    private(set) var kernel: Double

    init(_ results: [Result<ScoredRollout, ScoringError>]) {
        let done = results.compactMap { try? $0.get() }
        rollouts = results.count
        scored = done.count
        queue = done.map(\.queueSeconds).min() ?? 0
        kernel = max(0, (done.map { $0.queueSeconds + $0.kernelSeconds }.max() ?? 0) - queue)
        for rollout in done {
            tokens += rollout.tokenIDs.count
            cachedTokens += rollout.cachedTokens
            tokenize += rollout.tokenizeSeconds
        }
    }

    /// Of what language models were asked.
    init(_ results: [Result<LanguageSignals, ScoringError>]) {
        let costs = results.compactMap { try? $0.get().cost }
        rollouts = results.count
        scored = costs.count
        queue = costs.map(\.queueSeconds).min() ?? 0
        kernel = max(0, (costs.map { $0.queueSeconds + $0.kernelSeconds }.max() ?? 0) - queue)
        tokens = costs.reduce(0) { $0 + $1.tokens }
        tokenize = costs.reduce(0) { $0 + $1.tokenizeSeconds }
    }

    /// One after the other, of the same rollouts.
    static func + (first: ScoringCost, second: ScoringCost) -> ScoringCost {
        var sum = first
        sum.rollouts = max(first.rollouts, second.rollouts)
        sum.scored = max(first.scored, second.scored)
        sum.tokens += second.tokens
        sum.cachedTokens += second.cachedTokens
        sum.tokenize += second.tokenize
        sum.queue += second.queue
        sum.kernel += second.kernel
        return sum
    }

    /// The value of `Server-Timing` (W3C), in milliseconds.
    func serverTiming(total: Double) -> String {
        [("queue", queue), ("tokenize", tokenize), ("kernel", kernel), ("total", total)]
            .map { "\($0);dur=\(Self.milliseconds($1))" }
            .joined(separator: ", ")
    }

    /// To the microsecond.
    private static func milliseconds(_ seconds: Double) -> String {
        let digits = String(Int((max(0, seconds) * 1e6).rounded()))
        let padded = String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
        return "\(padded.dropLast(3)).\(padded.suffix(3))"
    }
}

/// Where an endpoint leaves what it took, for the answer's header, the metrics and the log.
final class Account: Sendable {
    private let noted = Mutex<ScoringCost?>(nil)

    /// Nil where nothing was scored.
    var cost: ScoringCost? { noted.withLock { $0 } }

    /// What is noted later came after it.
    func note(_ cost: ScoringCost) { noted.withLock { $0 = $0.map { $0 + cost } ?? cost } }
}
