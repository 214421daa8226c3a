// What the service counts and times.
import Batching
import CoreMetrics
import Scoring
import Serving

/// The names of every metric, with the prefix `linchpin_`; times in seconds.
struct ServiceMetrics: Sendable {
    private let factory: PrometheusMetrics
    private let scored: Counter
    private let failed: Counter
    private let tokens: Counter
    private let queue: CoreMetrics.Timer
    private let kernel: CoreMetrics.Timer
    private let rewards: Recorder

    init(factory: PrometheusMetrics) {
        self.factory = factory
        scored = Counter(label: "linchpin_rollouts_total", dimensions: [("outcome", "scored")], factory: factory)
        failed = Counter(label: "linchpin_rollouts_total", dimensions: [("outcome", "failed")], factory: factory)
        tokens = Counter(label: "linchpin_tokens_total", dimensions: [], factory: factory)
        queue = CoreMetrics.Timer(label: "linchpin_queue_seconds", dimensions: [], factory: factory)
        kernel = CoreMetrics.Timer(label: "linchpin_kernel_seconds", dimensions: [], factory: factory)
        rewards = Recorder(label: "linchpin_reward", dimensions: [], aggregate: true, factory: factory)
    }

    func exposition() -> [UInt8] { factory.exposition() }

    /// One answered request. The label `route` comes from the route table, so its values are few.
    func record(route: String, status: Int, seconds: Double) {
        Counter(
            label: "linchpin_requests_total",
            dimensions: [("route", route), ("status", "\(status)")],
            factory: factory
        ).increment()
        CoreMetrics.Timer(
            label: "linchpin_request_seconds",
            dimensions: [("route", route)],
            factory: factory
        ).recordSeconds(seconds)
    }

    /// The rollouts of one request.
    func record(_ results: [Result<ScoredRollout, ScoringError>]) {
        for result in results {
            guard case .success(let rollout) = result else {
                failed.increment()
                continue
            }
            scored.increment()
            tokens.increment(by: rollout.tokenIDs.count)
            queue.recordSeconds(rollout.queueSeconds)
            kernel.recordSeconds(rollout.kernelSeconds)
            for case let reward? in rollout.steps.map(\.reward) { rewards.record(reward) }
        }
    }

    /// What waits and runs at this moment.
    func record(load: Load) {
        set("linchpin_queue_tokens", load.queuedTokens)
        set("linchpin_queue_rollouts", load.queuedItems)
        set("linchpin_waiting_tokens", load.waitingTokens)
        set("linchpin_waiting_rollouts", load.waitingItems)
        set("linchpin_running_tokens", load.runningTokens)
        set("linchpin_running_rollouts", load.runningItems)
        set("linchpin_batches_total", load.batches)
        set("linchpin_dropped_rollouts_total", load.droppedItems)
        set("linchpin_computed_tokens_total", load.tokens)
        set("linchpin_cached_tokens_total", load.cachedTokens)
        set("linchpin_slots_in_use", load.slotsInUse)
        set("linchpin_slots_kept", load.slotsKept)
        Meter(label: "linchpin_kernel_busy_seconds_total", dimensions: [], factory: factory).set(load.busySeconds)
    }

    /// One reload: `replaced`, `unchanged` or `failed`.
    func record(reload outcome: String) {
        Counter(label: "linchpin_model_reloads_total", dimensions: [("outcome", outcome)], factory: factory).increment()
    }

    /// Whether this model is served (1), or was before another (0).
    func record(model: String, revision: String, facts: ModelFacts, isServed: Bool) {
        Meter(
            label: "linchpin_model_info",
            dimensions: [
                ("model", model), ("revision", revision), ("precision", facts.precision), ("kernel", facts.kernel),
            ],
            factory: factory
        ).set(isServed ? 1 : 0)
    }

    func record(connections statistics: Statistics) {
        set("linchpin_open_connections", statistics.openConnections)
        set("linchpin_accepted_connections_total", statistics.acceptedConnections)
        set("linchpin_failed_handshakes_total", statistics.failedHandshakes)
        set("linchpin_refused_requests_total", statistics.refusals)
        set("linchpin_clients_gone_total", statistics.clientsGone)
    }

    private func set(_ label: String, _ value: Int) {
        Meter(label: label, dimensions: [], factory: factory).set(value)
    }
}
