// Scores what a trainer sends: all of it or nothing, and patiently.
import Batching
import Crediting
import Scoring

extension Service {
    /// The rollouts of one request, in their order: all of them, or an error.
    ///
    /// A trainer reads a hole in a list as a reward, and takes a fast refusal for the end of the training
    /// (reference/wire-apis.md section 0, fact 10): so nothing is answered in part, and a full queue is waited for.
    /// - Parameter path: names a rollout for the error of one that failed.
    /// - Throws: `scoring` of the first rollout that failed, or `deadline`.
    func scoreAll(
        _ rollouts: [Rollout],
        _ words: URLWords,
        for call: Call,
        at path: (Int) -> String
    ) async throws -> [ScoredRollout] {
        try await score(rollouts, words, call).enumerated().map { index, result throws(APIError) in
            try result.mapError { APIError.scoring($0, param: path(index)) }.get()
        }
    }

    /// The same, but where the URL says what an unscorable rollout is worth, nil in the place of each.
    func scoreScorable(
        _ rollouts: [Rollout],
        _ words: URLWords,
        for call: Call,
        at path: (Int) -> String
    ) async throws -> [ScoredRollout?] {
        guard words.unscorable != nil else { return try await scoreAll(rollouts, words, for: call, at: path) }
        let results = try await score(rollouts, words, call)
        return try results.enumerated().map { index, result throws(APIError) -> ScoredRollout? in
            if case .failure(let error) = result, error.isOfItsText { return nil }
            return try result.mapError { APIError.scoring($0, param: path(index)) }.get()
        }
    }

    private func score(
        _ rollouts: [Rollout],
        _ words: URLWords,
        _ call: Call
    ) async throws -> [Result<ScoredRollout, ScoringError>] {
        try await score(rollouts, words.credit, waits: words.wait ?? patience, for: call)
    }

    /// Each rollout's own result, in their order.
    /// - Parameter limit: how long the whole may take, waiting for a full queue and all; nil: a full queue is `overloaded`.
    func score(
        _ rollouts: [Rollout],
        _ credit: CreditSettings,
        waits limit: Duration?,
        for call: Call
    ) async throws -> [Result<ScoredRollout, ScoringError>] {
        do {
            let results = try await within(
                limit,
                secondsAhead: { call.model.scorer.load.secondsAhead },
                { try await call.model.scorer.score(rollouts, credit: credit, waits: limit != nil) }
            )
            metrics.record(results, model: servedName, scale: call.model.scorer.profile.scale)
            call.account.note(ScoringCost(results))
            return results
        } catch {
            metrics.record(unscored: rollouts.count, ServiceMetrics.Reason(error))
            throw error
        }
    }

    /// What even those have that do not say how long they wait; as much as `?wait=` may say.
    private static let longestAnswer = Duration.seconds(3600)

    /// What `work` gives; at the deadline it is cancelled, and what still waits of it is dropped.
    /// - Parameter secondsAhead: of the queue that it waits in, as `Load` has it.
    func within<Value: Sendable>(
        _ limit: Duration?,
        secondsAhead: @Sendable () -> Double,
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let limit = limit ?? Self.longestAnswer
        do {
            return try await withThrowingTaskGroup(of: Value?.self) { group in
                defer { group.cancelAll() }
                group.addTask { try await work() }
                group.addTask {
                    try await Self.sleep(for: limit)
                    return nil
                }
                if let first = try await group.next(), let value = first { return value }
                throw APIError.deadline(retryAfterSeconds: secondsAhead())
            }
        } catch let error as ScoringError {
            throw APIError.scoring(error, param: nil)
        } catch is CancellationError {
            throw APIError.scoring(.cancelled, param: nil)
        }
    }
}

extension Service {
    private static let nap = Duration.seconds(5)

    /// Sleeps in naps: a `Task.sleep` that was cancelled keeps its 700 bytes until its time would have come, which for an
    /// hour's worth of requests is hundreds of megabytes.
    private static func sleep(for limit: Duration) async throws {
        let end = ContinuousClock.now + limit
        while case let rest = end - .now, rest > .zero { try await Task.sleep(for: min(rest, nap)) }
    }
}

extension ServiceMetrics.Reason {
    init(_ error: any Error) {
        switch error as? APIError {
        case .deadline: self = .deadline
        case .scoring(.overloaded, _), .scoring(.lineFull, _): self = .overload
        case .scoring(.closing, _): self = .shuttingDown
        case .scoring(.cancelled, _): self = .clientGone
        default: self = .fault
        }
    }
}

extension ScoringError {
    /// Whether it is what the policy wrote that cannot be scored; all else is ours or the trainer's to mend.
    fileprivate var isOfItsText: Bool {
        switch self {
        case .emptySteps, .emptyStep, .markerInStep, .tooLong: true
        default: false
        }
    }
}

extension Service {
    /// The one number of each rollout: its reward, or its advantage among the rollouts of the same prompt.
    /// - Parameter path: names a rollout for an error.
    /// - Throws: where a method makes no number of one of them.
    func scalars(
        _ scored: [ScoredRollout?],
        of rollouts: [Rollout],
        _ words: URLWords,
        on scale: Scale,
        at path: (Int) -> String
    ) throws(APIError) -> [Double] {
        if let method = words.method {
            return try methodScalars(scored, of: rollouts, method, words, on: scale, at: path)
        }
        var scalars = scored.map(words.reward)
        guard words.normalization != .none else { return scalars }
        let present = rollouts.indices.filter { scored[$0] != nil }
        for places in Dictionary(grouping: present, by: { rollouts[$0].prompt }).values {
            let group = places.map {
                GroupRollout(reward: scalars[$0], steps: scored[$0]?.credit.steps.map { $0?.score } ?? [])
            }
            let advantages = advantages(of: group, by: words.normalization, spread: words.spread)
            for (place, advantage) in zip(places, advantages) { scalars[place] = advantage.rollout }
        }
        return scalars
    }
}
