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
                PackedBatch.Piece(path: $0.path, ids: $0.tokens.map(\.id), readPositions: $0.reads)
            }
            return try await model.forward(PackedBatch(standing: pieces))
        }
    }

    /// A language model's: each token that is asked about is answered with the two numbers of `RewardModel.signals`.
    package init(language model: RewardModel, settings: EngineSettings) {
        var limits = settings.limits
        limits.cachedTokens = settings.cacheBytes / model.slotBytes
        let beforeRound = settings.beforeRound
        batcher = Batcher(limits: limits, answerWidth: 2) { round in
            await beforeRound?()
            let pieces = round.pieces.map { piece in
                let first = piece.path.count - piece.tokens.count
                return PackedBatch.Piece(
                    path: piece.path,
                    ids: piece.tokens.map(\.id),
                    readPositions: piece.reads,
                    targets: piece.reads.map { piece.tokens[$0 - first].asked }
                )
            }
            return try await model.signals(PackedBatch(standing: pieces))
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

    /// The same with Scoring's error.
    func answers(to works: [TokenWork], waits: Bool) async throws(ScoringError) -> [Answered] {
        guard !works.isEmpty else { return [] }
        do {
            return try await submit(works, waits: waits)
        } catch let error as BatchError {
            switch error {
            case .queueFull(let seconds): throw .overloaded(retryAfterSeconds: max(1, Int(seconds.rounded(.up))))
            case .lineFull(let seconds): throw .lineFull(retryAfterSeconds: max(1, Int(seconds.rounded(.up))))
            case .closed: throw .closing
            default: throw .kernel("\(error)")
            }
        } catch is CancellationError {
            throw .cancelled
        } catch {
            throw .kernel("\(error)")
        }
    }
}
