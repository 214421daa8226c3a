// Keeps asking every kind of thread whether it works.
//
// A probe of a platform is answered from what is known here, so it never waits for the model nor costs anything.
import Batching
import Logging
import Scoring
import Serving
import Synchronization

/// What the watch found out, and whether the service stops.
final class Health: Sendable {
    struct State: Sendable {
        var isDraining = false
        var isWrong = false
        var ticked: ContinuousClock.Instant?
        var isProving = false
        var reported: Trouble?
    }

    private let state = Mutex(State())

    var now: State { state.withLock { $0 } }

    func change<Value: Sendable>(_ body: (inout State) -> Value) -> Value { state.withLock { body(&$0) } }
}

extension Service {
    /// How often it looks.
    private static let tick = Duration.milliseconds(250)

    /// Watches until its task is cancelled; without it the service is ready until it drains.
    package func watch() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                health.change { $0.ticked = .now }
                heartbeat.beat()
                proveWhereIdle(in: &group)
                report()
                try? await Task.sleep(for: Self.tick)
            }
        }
    }

    /// From here on the service is not ready, so that no new caller is sent here; it answers as before.
    package func stopBeingReady() { health.change { $0.isDraining = true } }

    /// - Throws: `notReady` with the reason; the one guard of every path that platforms ask.
    func checkReady() throws(APIError) {
        if let trouble = vitals.trouble(at: .now) { throw .notReady(trouble) }
    }

    func checkLive() throws(APIError) {
        if let trouble = vitals.hang(at: .now, limit: hangLimit) { throw .notReady(trouble) }
    }

    private var vitals: Vitals {
        let (state, model) = (health.now, models.current)
        return Vitals(
            isDraining: state.isDraining,
            isWrong: state.isWrong,
            beat: model.scorer.pulse.now,
            canary: model.canary.map { ($0.tokens, Patience(seconds: $0.seconds, tokens: $0.tokens)) },
            tasks: state.ticked,
            sockets: heartbeat.oldest
        )
    }

    /// Under load the ends of rounds are the proof.
    private func proveWhereIdle(in group: inout DiscardingTaskGroup) {
        let model = models.current
        guard let canary = model.canary else { return }
        let beat = model.scorer.pulse.now
        let interval = Patience(seconds: canary.seconds, tokens: canary.tokens).interval
        guard beat.running == nil, .now - beat.ended >= interval else { return }
        let isFirst = health.change { state in
            defer { state.isProving = true }
            return !state.isProving
        }
        guard isFirst else { return }
        group.addTask { [scorer = model.scorer] in
            defer { health.change { $0.isProving = false } }
            await prove(scorer, canary)
        }
    }

    private func prove(_ scorer: Scorer, _ canary: Canary) async {
        do throws(CanaryError) {
            _ = try await canary.sing(to: scorer)
        } catch {
            guard error == .notRepeatable else {
                return logger.error("the model does not answer its canary", metadata: ["cause": "\(error)"])
            }
            // Of a model that a reload has replaced meanwhile it says nothing about the new one.
            guard models.current.scorer.lifetime === scorer.lifetime else { return }
            health.change { $0.isWrong = true }
            logger.critical("the model gives other bits than when it was loaded")
        }
    }

    /// Logs when readiness comes and goes.
    private func report() {
        let trouble = vitals.trouble(at: .now)
        let before = health.change { state in
            defer { state.reported = trouble }
            return state.reported
        }
        guard trouble != before, trouble != .draining else { return }
        if let trouble {
            logger.error("not ready", metadata: ["code": "\(trouble.rawValue)"])
        } else {
            logger.notice("ready again")
        }
    }
}
