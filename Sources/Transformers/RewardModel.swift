// A checkpoint that answers batches, with rewards or with signals.
import CKernels
package import Checkpoints
import Executors

/// Owns the weights, the activation memory, keys and values, and the compute threads; one batch at a time, on a queue of
/// its own.
package actor RewardModel {
    /// Bytes of weights in memory.
    package nonisolated let memoryBytes: Int
    /// Numbers in the tensors, or in those of their rows, that are used.
    package nonisolated let parameterCount: Int
    /// Logits a read position.
    package nonisolated let classCount: Int
    /// Bytes of keys and values that one token's slot takes.
    package nonisolated let slotBytes: Int
    package nonisolated let compute: ComputeSettings

    private nonisolated let executor = BlockingExecutor(label: "linchpin.model")
    private let decoder: Decoder
    private let head: ScoringHead
    /// A language model's output layer; nil where rewards are asked for.
    let vocabulary: VocabularyHead?
    let workers: Workers
    private let activations: Activations
    /// Of batches that keep theirs, by slot.
    private let keys: KeyValueMemory
    /// Of one layer at a time, for batches that leave nothing behind.
    private let passingKeys: KeyValueMemory
    private let clock = PartClock()

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Reads the weights, on the caller's thread and the compute threads.
    package init(
        checkpoint: Checkpoint,
        head: Head,
        reduction: Reduction,
        compute: ComputeSettings = ComputeSettings(),
        progress: LoadProgress? = nil
    ) throws(ModelError) {
        let plans = try Self.plans(of: head, reduction, in: checkpoint)
        let blueprint = try Blueprint(config: checkpoint.config)
        let bytes = try checkpoint.check(plans.flatMap(\.tensors) + blueprint.tensors)
        progress?.addTotal(bytes)
        try self.init(blueprint, plans, reduction, .checkpoint(checkpoint, progress), compute)
    }

    /// A model without a head, for `features` alone: `forward` has no rewards to give.
    package init(
        featuresOf checkpoint: Checkpoint,
        compute: ComputeSettings = ComputeSettings(),
        progress: LoadProgress? = nil
    ) throws(ModelError) {
        let blueprint = try Blueprint(config: checkpoint.config)
        let bytes = try checkpoint.check(blueprint.tensors)
        progress?.addTotal(bytes)
        try self.init(blueprint, [], .identity, .checkpoint(checkpoint, progress), compute)
    }

    /// A language model, for `signals` alone: its output layer instead of a head.
    package init(
        languageOf checkpoint: Checkpoint,
        compute: ComputeSettings = ComputeSettings(),
        progress: LoadProgress? = nil
    ) throws(ModelError) {
        let blueprint = try Blueprint(config: checkpoint.config)
        let words = VocabularyHead.plan(for: checkpoint.config)
        let bytes = try checkpoint.check(words.tensors + blueprint.tensors)
        progress?.addTotal(bytes)
        try self.init(blueprint, [], .identity, .checkpoint(checkpoint, progress), compute, words: words)
    }

    /// A language model of random weights, made in memory as bfloat16: for measurements.
    package init(speakingRandomly config: ModelConfig, seed: UInt64, compute: ComputeSettings) throws(ModelError) {
        let blueprint = try Blueprint(config: config)
        let words = VocabularyHead.plan(for: config)
        try self.init(blueprint, [], .identity, .random(seed: seed), compute, words: words)
    }

    /// A model of random weights, made in memory as bfloat16, with a linear head of two classes: for measurements.
    package init(randomly config: ModelConfig, seed: UInt64, compute: ComputeSettings) throws(ModelError) {
        let blueprint = try Blueprint(config: config)
        let head = LinearPlan(weight: "score.weight", bias: nil, outputs: 2, inputs: config.hiddenSize)
        try self.init(blueprint, [head], .softmax(1), .random(seed: seed), compute)
    }

    private init(
        _ blueprint: Blueprint,
        _ plans: [LinearPlan],
        _ reduction: Reduction,
        _ source: WeightSource,
        _ compute: ComputeSettings,
        words: LinearPlan? = nil
    ) throws(ModelError) {
        guard (1...1024).contains(compute.threads) else { throw .badThreadCount(compute.threads) }
        guard compute.kernel.isSupported else { throw .unsupportedKernel(compute.kernel) }
        self.compute = compute
        workers = Workers(count: compute.threads, kernel: compute.kernel)
        var loader = WeightLoader(source: source, workers: workers, precision: compute.precision)
        head = try ScoringHead(plans: plans, reduction: reduction, loader: &loader)
        decoder = try Decoder(blueprint: blueprint, loader: &loader)
        var vocabulary: VocabularyHead?
        if let words {
            vocabulary = try VocabularyHead(plan: words, precision: compute.precision, loader: &loader)
        }
        self.vocabulary = vocabulary

        let config = blueprint.config
        let group = config.headCount / config.keyValueHeadCount
        let width = max(config.hiddenSize, blueprint.queryWidth)
        workers.reserve(
            scratchFloats: max(
                Workers.scratchFloats(width: width),
                lp_attention_scratch(group, config.headDimension)
            )
        )
        activations = Activations(precision: compute.precision)
        keys = KeyValueMemory(layers: config.layerCount, width: blueprint.keyValueWidth)
        passingKeys = KeyValueMemory(layers: 1, width: blueprint.keyValueWidth)
        memoryBytes = loader.memoryBytes
        parameterCount = loader.parameterCount
        classCount = plans.last?.outputs ?? 0
        slotBytes = config.layerCount * 2 * blueprint.keyValueWidth * MemoryLayout<Float>.stride
    }

    /// Proves from the files' headers alone that a model can be loaded: every tensor is there, in its shape.
    package static func check(_ checkpoint: Checkpoint, head: Head, reduction: Reduction) throws(ModelError) {
        let blueprint = try Blueprint(config: checkpoint.config)
        _ = try checkpoint.check(plans(of: head, reduction, in: checkpoint).flatMap(\.tensors) + blueprint.tensors)
    }

    /// The same for a language model.
    package static func checkLanguage(of checkpoint: Checkpoint) throws(ModelError) {
        let blueprint = try Blueprint(config: checkpoint.config)
        _ = try checkpoint.check(VocabularyHead.plan(for: checkpoint.config).tensors + blueprint.tensors)
    }

    private static func plans(
        of head: Head,
        _ reduction: Reduction,
        in checkpoint: Checkpoint
    ) throws(ModelError) -> [LinearPlan] {
        let plans = try head.plans(for: checkpoint.config) { checkpoint.tensors[$0]?.shape }
        let classes = plans.last?.outputs ?? 0
        guard reduction.accepts(classCount: classes) else {
            throw .wrongClassCount(reduction: reduction, found: classes)
        }
        return plans
    }

    /// One reward a read position, in order; a value that is not finite is returned as it is.
    package func forward(_ batch: PackedBatch) throws(ModelError) -> [Float] {
        let hidden = try hiddenStates(of: batch)
        return clock.time(.head) { head.rewards(of: hidden, decoder: decoder, workers: workers) }
    }

    /// What the head reads: the hidden states at the read positions after the final norm, [reads, hidden].
    ///
    /// The very numbers that `forward` scores, to the bit, in whatever company.
    package func features(_ batch: PackedBatch) throws(ModelError) -> [Float] {
        let hidden = try hiddenStates(of: batch)
        let read = head.features(of: hidden, decoder: decoder, workers: workers)
        return Array(UnsafeBufferPointer(start: read.start, count: read.rows * read.width))
    }

    /// Two numbers a read position, in order: the log-probability of its target and the entropy of the next token, in
    /// nats; a number that is not finite is returned as it is.
    package func signals(_ batch: PackedBatch) throws(ModelError) -> [Float] {
        guard let vocabulary else { throw .noLanguageHead }
        guard batch.targets.count == batch.readRows.count else { throw .badTargets }
        for (read, id) in batch.targets.enumerated() where id < 0 || Int(id) >= vocabulary.layer.outputs {
            throw .unknownToken(id: id, row: batch.readRows[read])
        }
        let hidden = try hiddenStates(of: batch)
        clock.count(rows: 0, operations: vocabulary.layer.operations(rows: hidden.rows))
        return clock.time(.head) {
            vocabulary.signals(of: hidden, targets: batch.targets, decoder: decoder, workers: workers)
        }
    }

    /// What was computed since the last call, for measurements.
    package func takeEffort() -> Effort {
        defer { clock.reset() }
        return clock.effort
    }

    private func hiddenStates(of batch: PackedBatch) throws(ModelError) -> Matrix {
        let vocabulary = decoder.embedding.rows
        for (row, id) in batch.ids.enumerated() where id < 0 || Int(id) >= vocabulary {
            throw .unknownToken(id: id, row: row)
        }
        let keys = batch.keepsKeys ? self.keys : passingKeys
        guard keys.reserve(slots: batch.slotCount) else {
            throw .outOfMemory(bytes: batch.slotCount * slotBytes)
        }
        let blueprint = decoder.blueprint
        let (rows, reads) = (batch.ids.count, batch.readRows.count)
        clock.count(rows: rows, operations: decoder.operations(rows: rows, reads: reads))
        return decoder.hiddenStates(
            Decoder.Pass(
                batch: batch,
                views: activations.views(rows: rows, reads: reads, of: blueprint),
                memory: activations,
                keys: keys,
                workers: workers,
                clock: clock
            )
        )
    }
}
