// What the rollouts of one request took.
import Scoring
import Synchronization

/// Times in seconds. Each is a part of the request's whole time, and none of them overlaps another.
struct ScoringCost: Sendable, Equatable {
    let rollouts: Int
    let scored: Int
    private(set) var tokens = 0
    private(set) var cachedTokens = 0
    private(set) var tokenize = 0.0
    /// Until the first of them was computed.
    let queue: Double
    /// From there until the last was.
    let kernel: Double

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

    func note(_ cost: ScoringCost) { noted.withLock { $0 = cost } }
}
