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
        /// Those that gave other bits than when they were loaded.
        var wrong: Set<ObjectIdentifier> = []
        var ticked: ContinuousClock.Instant?
        /// Those that are asked for their canary now.
        var proving: Set<ObjectIdentifier> = []
        var reported: Trouble?
    }

    private let state = Mutex(State())

    var now: State { state.withLock { $0 } }

    func change<Value: Sendable>(_ body: (inout State) -> Value) -> Value { state.withLock { body(&$0) } }
}

/// A model that is proven again and again.
private struct Watched {
    let engine: Engine
    let canary: Canary?

    var name: ObjectIdentifier { ObjectIdentifier(engine.lifetime) }
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
                for model in watched { proveWhereIdle(model, in: &group) }
                report()
                try? await Task.sleep(for: Self.tick)
            }
        }
    }

    /// From here on the service is not ready, so that no new caller is sent here; it answers as before.
    package func stopBeingReady() { health.change { $0.isDraining = true } }

    /// - Throws: `notReady` with the reason; the one guard of every path that platforms ask.
    func checkReady() throws(APIError) {
        if let trouble { throw .notReady(trouble) }
    }

    func checkLive() throws(APIError) {
        let hang = vitals.lazy.compactMap { $0.hang(at: .now, limit: hangLimit) }.first
        if let hang { throw .notReady(hang) }
    }

    private var trouble: Trouble? { vitals.lazy.compactMap { $0.trouble(at: .now) }.first }

    /// The reward model of now, then the language models: a process is as sound as the worst of them.
    private var watched: [Watched] {
        let model = models.current
        return [Watched(engine: model.scorer.engine, canary: model.canary)]
            + languages.all.map { Watched(engine: $0.engine, canary: $0.canary) }
    }

    /// One for each model.
    private var vitals: [Vitals] {
        let state = health.now
        return watched.map { model in
            Vitals(
                isDraining: state.isDraining,
                isWrong: state.wrong.contains(model.name),
                beat: model.engine.pulse.now,
                canary: model.canary.map { ($0.tokens, Patience(seconds: $0.seconds, tokens: $0.tokens)) },
                tasks: state.ticked,
                sockets: heartbeat.oldest
            )
        }
    }

    /// Under load the ends of rounds are the proof.
    private func proveWhereIdle(_ model: Watched, in group: inout DiscardingTaskGroup) {
        guard let canary = model.canary else { return }
        let beat = model.engine.pulse.now
        let interval = Patience(seconds: canary.seconds, tokens: canary.tokens).interval
        guard beat.running == nil, .now - beat.ended >= interval else { return }
        guard health.change({ $0.proving.insert(model.name).inserted }) else { return }
        group.addTask {
            defer { health.change { _ = $0.proving.remove(model.name) } }
            await prove(model, canary)
        }
    }

    private func prove(_ model: Watched, _ canary: Canary) async {
        do throws(CanaryError) {
            _ = try await canary.sing(to: model.engine)
        } catch {
            guard error == .notRepeatable else {
                return logger.error("the model does not answer its canary", metadata: ["cause": "\(error)"])
            }
            // Of a model that a reload has replaced meanwhile it says nothing about the new one.
            health.change { _ = $0.wrong.insert(model.name) }
            logger.critical("the model gives other bits than when it was loaded")
        }
    }

    /// Logs when readiness comes and goes.
    private func report() {
        let trouble = trouble
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
