// From a rollout to its step rewards and credit.
package import Batching
package import Checkpoints
package import Crediting
import Tokenizing
import Transformers

/// A loaded checkpoint with everything that scoring with it needs.
///
/// Owns the model behind its batcher; everything else is a value.
package struct Scorer: Sendable {
    package let profile: Profile
    package let facts: ModelFacts
    let template: Template
    package let engine: Engine

    /// Loads a model folder and proves that it can be scored with; reading the weights is what takes time.
    /// - Parameter source: who says which profile to use, where the folder shall not.
    package init(
        checkpoint: Checkpoint,
        source: ProfileSource? = nil,
        settings: EngineSettings = EngineSettings(),
        progress: LoadProgress? = nil
    ) throws {
        let plan = try ScoringPlan(checkpoint: checkpoint, source: source)
        let model = try RewardModel(
            checkpoint: checkpoint,
            head: plan.head,
            reduction: plan.profile.reduction,
            compute: settings.compute,
            progress: progress
        )
        self.init(plan, model, checkpoint.config, settings)
    }

    /// A decoder of any size with random weights, which reads and scores as the built-in model does: for measurements.
    package init(measuring config: ModelConfig, settings: EngineSettings) throws {
        let plan = try ScoringPlan(checkpoint: builtInCheckpoint(), source: nil)
        let model = try RewardModel(randomly: config, seed: 1, compute: settings.compute)
        self.init(plan, model, config, settings)
    }

    private init(_ plan: ScoringPlan, _ model: RewardModel, _ config: ModelConfig, _ settings: EngineSettings) {
        profile = plan.profile
        template = plan.template
        facts = ModelFacts(config: config, model: model)
        engine = Engine(model, settings: settings)
    }

    /// What waits and what runs, for metrics.
    package var load: Load { engine.load }

    /// Who goes when the last call that uses the model has ended, and its memory with it.
    package var lifetime: any AnyObject & Sendable { engine.lifetime }

    /// Refuses new work and waits until everything accepted is answered.
    package func drain() async { await engine.drain() }

    /// Scores the rollouts of one request; each gets its own result, in order.
    /// - Parameter waits: a full queue is waited for; else it is an `overloaded`.
    /// - Throws: `ScoringError` of the whole request (`overloaded`, `lineFull`, `closing`, `cancelled`, `kernel`).
    package func score(
        _ rollouts: [Rollout],
        credit settings: CreditSettings,
        waits: Bool = false
    ) async throws(ScoringError) -> [Result<ScoredRollout, ScoringError>] {
        let prepared = rollouts.map(prepare)
        let work = prepared.compactMap { try? $0.get() }
        let works = work.map {
            TokenWork(tokens: $0.rendering.sequence.ids, reads: $0.rendering.sequence.readPositions)
        }
        var answers = try await engine.answers(to: works, waits: waits)[...]
        return prepared.map { item in
            item.flatMap { rollout in
                guard let answer = answers.popFirst() else {
                    return .failure(.kernel("the batch gave too few answers"))
                }
                return Result { () throws(ScoringError) in try rollout.scored(answer, profile, settings) }
            }
        }
    }

    /// What a rollout looks like to the model, without scoring it.
    package func render(_ rollout: Rollout) throws(ScoringError) -> Rendering {
        try prepare(rollout).get().rendering
    }

    private func prepare(_ rollout: Rollout) -> Result<PreparedRollout, ScoringError> {
        let started = ContinuousClock.now
        return Result { () throws(ScoringError) in
            let rendering: Rendering
            var spans: [Range<Int>]?
            if case .raw(let raw) = rollout.source {
                rendering = try template.render(raw)
                try check(rendering)
            } else {
                let steps = try Steps(rollout.source, separator: profile.separator)
                rendering = try template.render(rollout.prompt, steps: steps)
                spans = steps.spans
            }
            let count = rendering.sequence.ids.count
            guard count <= facts.maximumTokens else { throw .tooLong(tokens: count, limit: facts.maximumTokens) }
            let seconds = started.duration(to: .now) / .seconds(1)
            return PreparedRollout(rendering: rendering, spans: spans, seconds: seconds)
        }
    }

    /// Ids and positions of a caller's own, which would spoil a batch if they were wrong.
    private func check(_ rendering: Rendering) throws(ScoringError) {
        let (ids, reads) = (rendering.sequence.ids, rendering.sequence.readPositions)
        if let place = ids.firstIndex(where: { $0 < 0 || Int($0) >= facts.vocabularyRows }) {
            throw .idOutOfRange(position: place, rows: facts.vocabularyRows)
        }
        for (index, position) in reads.enumerated() {
            guard ids.indices.contains(position), index == 0 || reads[index - 1] < position else {
                throw .badReadPosition(index: index)
            }
        }
    }
}

/// A rollout between rendering and reward.
private struct PreparedRollout {
    let rendering: Rendering
    /// Nil where the caller laid the rollout out.
    let spans: [Range<Int>]?
    /// What it took to prepare it.
    let seconds: Double

    func scored(
        _ answer: Answered,
        _ profile: Profile,
        _ settings: CreditSettings
    ) throws(ScoringError) -> ScoredRollout {
        let rewards = try rendering.readOfStep.enumerated().map { step, read throws(ScoringError) -> Double? in
            guard let read else { return nil }
            guard let reward = Double(wire: answer.rewards[read]) else { throw .nonFiniteReward(step: step) }
            return reward
        }
        return ScoredRollout(
            steps: rewards.enumerated().map { ScoredStep(reward: $1, span: spans?[$0]) },
            credit: try creditOf(rewards, on: profile.scale.creditScale, settings: settings),
            tokenIDs: rendering.sequence.ids,
            readPositions: rendering.sequence.readPositions,
            cachedTokens: answer.cachedTokens,
            tokenizeSeconds: seconds,
            queueSeconds: answer.queueSeconds,
            kernelSeconds: answer.runSeconds
        )
    }
}

/// Credit of rewards that the caller already has, with Scoring's error.
package func creditOf(
    _ rewards: [Double?],
    on scale: Scale,
    settings: CreditSettings
) throws(ScoringError) -> Credit {
    do {
        return try credit(for: rewards, on: scale, settings: settings)
    } catch {
        throw .credit(error)
    }
}

extension Double {
    /// The number that is sent for a float32: its shortest decimal, as a caller reads it.
    ///
    /// Credit is computed from that same number, so that `/v1/credit` on the rewards of `/v1/rewards` gives the same
    /// bits. Nil for NaN and infinities; minus zero becomes zero.
    package init?(wire value: Float) {
        guard value.isFinite, let decimal = Double(value.description) else { return nil }
        self = decimal == 0 ? 0 : decimal
    }
}
