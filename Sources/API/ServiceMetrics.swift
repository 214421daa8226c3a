// What the service counts and times.
import Batching
import CoreMetrics
import Scoring
import Serving

/// Every metric but those of `process_`; times in seconds. Labels come from tables of ours, so callers cannot add any.
struct ServiceMetrics: Sendable {
    /// Why rollouts are given up with their whole request.
    enum Reason: String, CaseIterable {
        case clientGone = "client_gone"
        case deadline
        case overload
        case shuttingDown = "shutting_down"
        /// Ours.
        case fault
    }

    private let factory: PrometheusMetrics

    init(factory: PrometheusMetrics) {
        self.factory = factory
        gauge("linchpin_build_info", 1.0, [("version", linchpinVersion)])
        gauge("process_start_time_seconds", ProcessReading.startTime)
        // A series that begins with its first event has no rate of it.
        for outcome in ["scored", "failed"] { count("linchpin_rollouts_total", [("outcome", outcome)], 0) }
        for outcome in ["answered", "failed"] { count("linchpin_signal_rollouts_total", [("outcome", outcome)], 0) }
        count("linchpin_signal_tokens_total", [], 0)
        for outcome in ["replaced", "unchanged", "failed"] {
            count("linchpin_model_reloads_total", [("outcome", outcome)], 0)
        }
        for reason in Reason.allCases { count("linchpin_unscored_rollouts_total", [("reason", reason.rawValue)], 0) }
        for error in [APIError.unexpected(""), .deadline(retryAfterSeconds: 0)] {
            count("linchpin_errors_total", [("code", error.words.code)], 0)
        }
        let reward = ScoringError.nonFiniteReward(step: 0).words(param: nil)
        count("linchpin_rollout_errors_total", [("code", reward.code)], 0)
        count("linchpin_tokens_total", [], 0)
        count("linchpin_cached_rollouts_total", [], 0)
    }

    func exposition() -> [UInt8] { factory.exposition() }

    /// One answered request.
    func record(_ call: CallRecord) {
        count("linchpin_requests_total", [("route", call.route), ("status", "\(call.status)")])
        if let code = call.code { count("linchpin_errors_total", [("code", code)]) }
        time("linchpin_request_seconds", call.route, call.seconds)
        guard let cost = call.cost, cost.scored > 0 else { return }
        time("linchpin_tokenize_seconds", call.route, cost.tokenize)
        time("linchpin_queue_seconds", call.route, cost.queue)
        time("linchpin_kernel_seconds", call.route, cost.kernel)
    }

    /// The rollouts of one request, with the scale of the rewards.
    func record(_ results: [Result<ScoredRollout, ScoringError>], model: String, scale: RewardScale) {
        let rewards = factory.recorder(
            "linchpin_reward",
            [("model", model), ("scale", scale.rawValue)],
            bounds: scale.bounds
        )
        for result in results {
            switch result {
            case .success(let rollout):
                count("linchpin_rollouts_total", [("outcome", "scored")])
                count("linchpin_tokens_total", [], rollout.tokenIDs.count)
                if rollout.cachedTokens > 0 { count("linchpin_cached_rollouts_total", []) }
                for case let reward? in rollout.steps.map(\.reward) { rewards.record(reward) }
            case .failure(let error):
                count("linchpin_rollouts_total", [("outcome", "failed")])
                count("linchpin_rollout_errors_total", [("code", error.words(param: nil).code)])
            }
        }
    }

    /// The rollouts of one request of which signals were computed.
    func record(signals results: [Result<LanguageSignals, ScoringError>]) {
        for result in results {
            switch result {
            case .success(let signals):
                count("linchpin_signal_rollouts_total", [("outcome", "answered")])
                count("linchpin_signal_tokens_total", [], signals.cost.tokens)
            case .failure(let error):
                count("linchpin_signal_rollouts_total", [("outcome", "failed")])
                count("linchpin_rollout_errors_total", [("code", error.words(param: nil).code)])
            }
        }
    }

    /// Rollouts of a request that ended before they were scored.
    func record(unscored rollouts: Int, _ reason: Reason) {
        count("linchpin_unscored_rollouts_total", [("reason", reason.rawValue)], rollouts)
    }

    /// One reload: `replaced`, `unchanged` or `failed`.
    func record(reload outcome: String) { count("linchpin_model_reloads_total", [("outcome", outcome)]) }

    /// Whether this model is served (1), or was before another (0).
    func record(model: String, role: ModelRole, revision: String, facts: ModelFacts, isServed: Bool) {
        gauge(
            "linchpin_model_info",
            isServed ? 1.0 : 0.0,
            [
                ("model", model), ("role", role.rawValue), ("revision", revision), ("precision", facts.precision),
                ("kernel", facts.kernel),
            ]
        )
    }

    private func count(_ label: String, _ dimensions: [(String, String)], _ amount: Int = 1) {
        Counter(label: label, dimensions: dimensions, factory: factory).increment(by: amount)
    }

    private func time(_ label: String, _ route: String, _ seconds: Double) {
        CoreMetrics.Timer(label: label, dimensions: [("route", route)], factory: factory).recordSeconds(seconds)
    }

    private func gauge(_ label: String, _ value: Double?, _ dimensions: [(String, String)] = []) {
        guard let value else { return }
        Meter(label: label, dimensions: dimensions, factory: factory).set(value)
    }

    private func gauge(_ label: String, _ value: Int?, _ dimensions: [(String, String)] = []) {
        gauge(label, value.map(Double.init), dimensions)
    }
}

// What is as it is at the moment somebody looks.
extension ServiceMetrics {
    /// The queue, the rounds and the slots of one model; each model has its own.
    func record(load: Load, of role: ModelRole) {
        let role = [("role", role.rawValue)]
        let levels = [
            ("queue_requests", load.openRequests), ("queue_rollouts", load.queuedItems),
            ("queue_tokens", load.queuedTokens), ("waiting_requests", load.waitingRequests),
            ("waiting_rollouts", load.waitingItems), ("waiting_tokens", load.waitingTokens),
            ("running_rollouts", load.runningItems), ("running_tokens", load.runningTokens),
            ("batches_total", load.batches), ("dropped_rollouts_total", load.droppedItems),
            ("computed_tokens_total", load.tokens), ("cached_tokens_total", load.cachedTokens),
            ("slots_in_use", load.slotsInUse), ("slots_kept", load.slotsKept),
        ]
        for (name, level) in levels { gauge("linchpin_" + name, level, role) }
        gauge("linchpin_computed_tokens_per_second", load.computedTokensPerSecond, role)
        gauge("linchpin_kernel_busy_seconds_total", load.busySeconds, role)
        let fill = Histogram(bounds: RoundFill.bounds, counts: load.fill.counts, sum: load.fill.sum)
        factory.show(fill, as: "linchpin_batch_fill_ratio", role)
    }

    func record(connections statistics: Statistics) {
        gauge("linchpin_open_connections", statistics.openConnections)
        gauge("linchpin_accepted_connections_total", statistics.acceptedConnections)
        gauge("linchpin_failed_handshakes_total", statistics.failedHandshakes)
        gauge("linchpin_refused_requests_total", statistics.refusals)
        gauge("linchpin_turned_away_requests_total", statistics.turnedAway)
        gauge("linchpin_clients_gone_total", statistics.clientsGone)
        gauge("linchpin_paused_accepts_total", statistics.pausedAccepts)
        gauge("linchpin_body_bytes", statistics.bodyBytes)
        gauge("linchpin_answer_bytes", statistics.answerBytes)
    }

    func record(_ process: ProcessReading, droppedLogLines: Int) {
        gauge("linchpin_dropped_log_lines_total", droppedLogLines)
        gauge("process_cpu_seconds_total", process.processorSeconds)
        gauge("process_resident_memory_bytes", process.residentBytes)
        gauge("process_virtual_memory_bytes", process.virtualBytes)
        gauge("process_open_fds", process.openDescriptors)
        gauge("process_max_fds", process.descriptorLimit)
    }
}

extension RewardScale {
    /// Upper bounds of the histogram of rewards; the ends, where a sure model's rewards lie, are told apart.
    fileprivate var bounds: [Double] {
        switch self {
        case .probability: [0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1]
        case .margin: [-0.98, -0.9, -0.8, -0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.98, 1]
        case .raw: [-50, -20, -10, -5, -2, -1, -0.5, 0, 0.5, 1, 2, 5, 10, 20, 50]
        }
    }
}
