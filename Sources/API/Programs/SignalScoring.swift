// Has models read the rollouts of a program's request.
import Batching
import Crediting
import Scoring

/// What models say of one rollout.
struct Reading: Sendable {
    /// Of the reward model; nil where the rewards are the caller's.
    var scored: ScoredRollout?
    /// Of the language models, with what was asked of them.
    var signals: (question: LanguageQuestion, answer: LanguageSignals)?
}

extension Service {
    /// Each rollout's own result: first of the reward model where there are `rollouts`, then of the language models.
    ///
    /// One after the other: both compute on the same processors, and of a rollout that failed nothing more is asked.
    func read(
        _ rollouts: [Rollout]?,
        _ questions: LanguageQuestions,
        _ words: URLWords,
        for call: Call
    ) async throws -> [Result<Reading, ScoringError>] {
        let started = ContinuousClock.now
        try refuseIfFull(questions, waits: words.wait != nil)
        var readings = questions.each.map { _ in Result<Reading, ScoringError>.success(Reading()) }
        if let rollouts {
            let scored = try await score(rollouts, words.credit, waits: words.wait, for: call)
            readings = scored.map { $0.map { Reading(scored: $0) } }
        }
        // Tokens of the caller's own may be of other steps than the text, whose tags a model counts.
        for (index, question) in questions.each.enumerated() {
            guard let steps = question?.steps, let scored = try? readings[index].get().scored?.steps.count,
                steps != scored
            else { continue }
            let fault = FactFault(rollout: index, field: "step_token_ids", problem: .count(steps, expected: scored))
            readings[index] = .failure(.credit(.fact(fault)))
        }
        let asked = readings.indices.compactMap { index -> (index: Int, question: LanguageQuestion)? in
            guard let question = questions.each[index], case .success = readings[index] else { return nil }
            return (index, question)
        }
        guard !asked.isEmpty else { return readings }
        let found = try await signals(
            asked.map(\.question.request),
            within: words.wait.map { $0 - started.duration(to: .now) },
            // What the reward model did is not thrown away for a queue that is full now.
            waits: words.wait != nil || rollouts != nil,
            for: call
        )
        for ((index, question), result) in zip(asked, found) {
            let read = readings[index]
            readings[index] = result.flatMap(question.proven).flatMap { signals in
                read.map { Reading(scored: $0.scored, signals: (question, signals)) }
            }
        }
        return readings
    }

    /// Before a model works, or a tokenizer, for a request that one of its models has no room for.
    private func refuseIfFull(_ questions: LanguageQuestions, waits: Bool) throws(APIError) {
        let roles = questions.roles
        let loads = languages.all.filter { roles.contains($0.role) }.map(\.load)
        guard let load = loads.first(where: { waits ? $0.isLineFull : $0.isFull }) else { return }
        metrics.record(unscored: questions.each.count, .overload)
        let seconds = load.retryAfterSeconds
        throw .scoring(
            waits ? .lineFull(retryAfterSeconds: seconds) : .overloaded(retryAfterSeconds: seconds),
            param: nil
        )
    }

    /// Each rollout's own result, in their order.
    /// - Parameters:
    ///   - limit: how long it may take, waiting for a full queue and all.
    ///   - waits: a full queue is waited for; else it is an `overloaded`.
    private func signals(
        _ requests: [SignalRequest],
        within limit: Duration?,
        waits: Bool,
        for call: Call
    ) async throws -> [Result<LanguageSignals, ScoringError>] {
        do {
            let results = try await within(
                limit,
                secondsAhead: { [languages] in languages.all.map(\.load.secondsAhead).max() ?? 1 },
                { [languages] in try await languages.signals(for: requests, waits: waits) }
            )
            metrics.record(signals: results)
            call.account.note(ScoringCost(results))
            return results
        } catch {
            metrics.record(unscored: requests.count, ServiceMetrics.Reason(error))
            throw error
        }
    }
}
