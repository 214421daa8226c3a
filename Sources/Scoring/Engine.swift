// A model with the batcher in front of it.
package import Batching
package import Transformers

/// How a model is run.
package struct EngineSettings: Sendable {
    package var compute: ComputeSettings
    package var limits: BatchLimits
    /// What keys and values may take, those in use and those kept for later requests; 0 keeps none. Work under way may
    /// need more.
    package var cacheBytes: Int
    /// Awaited before each round: where a test lets the computing stand still.
    package var beforeRound: (@Sendable () async -> Void)?

    package init(
        compute: ComputeSettings = ComputeSettings(),
        limits: BatchLimits = BatchLimits(),
        cacheBytes: Int = 0,
        beforeRound: (@Sendable () async -> Void)? = nil
    ) {
        self.compute = compute
        self.limits = limits
        self.cacheBytes = cacheBytes
        self.beforeRound = beforeRound
    }
}

/// Sequences in, rewards out; what rounds share is computed once, and kept within a bound.
package struct Engine: Sendable {
    private let batcher: Batcher

    /// - Parameter settings: those of the model's own computing are not looked at.
    package init(_ model: RewardModel, settings: EngineSettings) {
        var limits = settings.limits
        limits.cachedTokens = settings.cacheBytes / model.slotBytes
        let beforeRound = settings.beforeRound
        batcher = Batcher(limits: limits) { round in
            await beforeRound?()
            let pieces = round.pieces.map {
                PackedBatch.Piece(path: $0.path, ids: $0.tokens, readPositions: $0.reads)
            }
            return try await model.forward(PackedBatch(standing: pieces))
        }
    }

    /// What waits and what runs, for metrics.
    package var load: Load { batcher.load }

    /// Whether rounds run and end.
    package var pulse: Pulse { batcher.pulse }

    /// Who goes when the last call that uses the engine has ended, and the model with it.
    package var lifetime: any AnyObject & Sendable { batcher }

    /// What `Batcher.probe` gives.
    package func probe(_ work: TokenWork) async throws -> [Float]? { try await batcher.probe(work) }

    /// Refuses new work and waits until everything accepted is answered.
    package func drain() async { await batcher.drain() }

    /// Throws what `Batcher.submit` throws.
    package func submit(_ works: [TokenWork], waits: Bool = false) async throws -> [Answered] {
        try await batcher.submit(works, waits: waits)
    }
}
