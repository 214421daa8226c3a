// Whether the service is ready, and whether it lives: decided here.
package import Batching

/// Why new callers are to be sent elsewhere.
package enum Trouble: String, Sendable, Equatable {
    case draining
    /// Rounds do not end, or an idle model does not answer its canary.
    case modelStalled = "model_stalled"
    /// The canary's bits are others than when the model was loaded.
    case modelWrong = "model_wrong"
    /// Swift's tasks get no turn.
    case tasksStalled = "tasks_stalled"
    /// A loop that serves connections gets no turn.
    case socketsStalled = "sockets_stalled"
}

/// How long a model may be silent.
package struct Patience: Sendable, Equatable {
    /// Between two proofs of an idle model: a fiftieth of the time goes into them, at most.
    package let interval: Duration
    private let secondsPerToken: Double

    /// - Parameters:
    ///   - seconds: what the canary took when the model was loaded.
    ///   - tokens: of the canary.
    package init(seconds: Double, tokens: Int) {
        interval = .seconds(min(60, max(0.25, 50 * seconds)))
        secondsPerToken = seconds / Double(max(1, tokens))
    }

    /// Four times what a round of so many tokens takes where each costs what one of the canary's costs, which is more:
    /// the fewer tokens, the dearer each. At least so much that a machine with other work does not count as one that
    /// hangs, at most what a caller may be left without an answer.
    package func limit(ofRound tokens: Int) -> Duration {
        .seconds(min(30, max(1, 4 * secondsPerToken * Double(tokens))))
    }
}

/// When each kind of thread last showed that it works.
package struct Vitals: Sendable {
    package var isDraining: Bool
    package var isWrong: Bool
    package var beat: Pulse.Beat
    /// Of the canary; nil where no idle model is proven.
    package var canary: (tokens: Int, patience: Patience)?
    /// When the watch last had a turn; nil where nobody watches.
    package var tasks: ContinuousClock.Instant?
    /// When the slowest loop last had one; nil without a server.
    package var sockets: ContinuousClock.Instant?

    package init(
        isDraining: Bool = false,
        isWrong: Bool = false,
        beat: Pulse.Beat,
        canary: (tokens: Int, patience: Patience)?,
        tasks: ContinuousClock.Instant?,
        sockets: ContinuousClock.Instant?
    ) {
        self.isDraining = isDraining
        self.isWrong = isWrong
        self.beat = beat
        self.canary = canary
        self.tasks = tasks
        self.sockets = sockets
    }

    /// How long tasks and loops may be without a turn: many large bodies at once may keep them busy for some seconds.
    static let turnLimit = Duration.seconds(5)

    /// Why no new callers should come; nil where they may.
    package func trouble(at now: ContinuousClock.Instant) -> Trouble? {
        if isDraining { return .draining }
        guard let tasks else { return nil }
        if isWrong { return .modelWrong }
        if let canary, isSilent(at: now, limit: canary.patience.limit(ofRound:), canary) { return .modelStalled }
        if now - tasks > Self.turnLimit { return .tasksStalled }
        if let sockets, now - sockets > Self.turnLimit { return .socketsStalled }
        return nil
    }

    /// Why only a new process helps; nil where this one lives.
    package func hang(at now: ContinuousClock.Instant, limit: Duration) -> Trouble? {
        guard let tasks else { return nil }
        // What is wrong in memory stays wrong.
        if isWrong { return .modelWrong }
        if let canary, isSilent(at: now, limit: { _ in limit }, canary) { return .modelStalled }
        if now - tasks > limit { return .tasksStalled }
        if let sockets, now - sockets > limit { return .socketsStalled }
        return nil
    }

    /// Whether a round runs for too long; where none runs, whether none has ended well since a canary was due.
    private func isSilent(
        at now: ContinuousClock.Instant,
        limit: (_ tokens: Int) -> Duration,
        _ canary: (tokens: Int, patience: Patience)
    ) -> Bool {
        guard let running = beat.running else {
            return now - beat.ended > canary.patience.interval + limit(canary.tokens)
        }
        return now - running.since > limit(running.tokens)
    }
}
