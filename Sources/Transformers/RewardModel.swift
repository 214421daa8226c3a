// A checkpoint that answers batches with rewards.
import CKernels
package import Checkpoints

/// Owns the weights, the activation memory and the compute threads; one batch at a time, on a queue of its own.
package actor RewardModel {
    /// Bytes of weights in memory.
    package nonisolated let memoryBytes: Int
    /// Numbers in the tensors, or in those of their rows, that are used.
    package nonisolated let parameterCount: Int
    /// Logits a read position.
    package nonisolated let classCount: Int
    /// Shapes that this machine's BLAS was refused for (promise P2); their layers use our own, slower product.
    package nonisolated let refusedShapes: [(inputs: Int, columns: Int)]

    private nonisolated let queue = ComputeQueue()
    private let decoder: Decoder
    private let head: ScoringHead
    private let workers: Workers
    private let activations = Activations()

    package nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

    /// Reads the weights, on the caller's thread.
    ///
    /// - Parameters:
    ///   - threads: that compute together, the calling one among them; no reward's bits depend on it.
    ///   - products: which matrix product is used for each shape.
    package init(
        checkpoint: Checkpoint,
        head: Head,
        reduction: Reduction,
        threads: Int,
        progress: LoadProgress?,
        products: ProductChooser = ProductChooser()
    ) throws(ModelError) {
        let plans = try Self.plans(of: head, reduction, in: checkpoint)
        try self.init(checkpoint, plans, reduction, threads: threads, progress: progress, products: products)
    }

    /// Proves from the files' headers alone that a model can be loaded: every tensor is there, in its shape.
    package static func check(_ checkpoint: Checkpoint, head: Head, reduction: Reduction) throws(ModelError) {
        let blueprint = try Blueprint(config: checkpoint.config)
        let loader = WeightLoader(checkpoint: checkpoint, progress: nil, chooser: ProductChooser())
        try loader.check(plans(of: head, reduction, in: checkpoint).flatMap(\.tensors) + blueprint.tensors)
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

    /// A model without a head, for `features` alone: `forward` has no rewards to give.
    package init(
        featuresOf checkpoint: Checkpoint,
        threads: Int,
        progress: LoadProgress?,
        products: ProductChooser = ProductChooser()
    ) throws(ModelError) {
        try self.init(checkpoint, [], .identity, threads: threads, progress: progress, products: products)
    }

    private init(
        _ checkpoint: Checkpoint,
        _ plans: [LinearPlan],
        _ reduction: Reduction,
        threads: Int,
        progress: LoadProgress?,
        products: ProductChooser
    ) throws(ModelError) {
        guard (1...1024).contains(threads) else { throw .badThreadCount(threads) }
        let blueprint = try Blueprint(config: checkpoint.config)
        var loader = WeightLoader(checkpoint: checkpoint, progress: progress, chooser: products)
        try loader.check(plans.flatMap(\.tensors) + blueprint.tensors)

        head = try ScoringHead(plans: plans, reduction: reduction, loader: &loader)
        decoder = try Decoder(blueprint: blueprint, loader: &loader)
        workers = Workers(count: threads, scratchFloats: RewardModel.scratchFloats(of: blueprint, plans))
        memoryBytes = loader.memoryBytes
        parameterCount = loader.parameterCount
        classCount = plans.last?.outputs ?? 0
        refusedShapes = loader.chooser.refused
    }

    /// What the greediest kernel call needs.
    private static func scratchFloats(of blueprint: Blueprint, _ head: [LinearPlan]) -> Int {
        let config = blueprint.config
        let inputs = [config.hiddenSize, config.intermediateSize, blueprint.queryWidth] + head.map(\.inputs)
        let linear = inputs.map { lp_linear_scratch($0) }.max() ?? 0
        return max(linear, lp_attention_scratch(config.headDimension))
    }

    /// One reward a read position, in order; a value that is not finite is returned as it is.
    package func forward(_ batch: PackedBatch) throws(ModelError) -> [Float] {
        let hidden = try hiddenStates(of: batch)
        return head.rewards(of: hidden, at: batch.readRows, decoder: decoder, workers: workers)
    }

    /// What the head reads: the hidden states at the read positions after the final norm, [reads, hidden].
    ///
    /// The very numbers that `forward` scores, to the bit, in whatever company.
    package func features(_ batch: PackedBatch) throws(ModelError) -> [Float] {
        let hidden = try hiddenStates(of: batch)
        let read = head.features(of: hidden, at: batch.readRows, decoder: decoder, workers: workers)
        return Array(UnsafeBufferPointer(start: read.start, count: read.rows * read.width))
    }

    private func hiddenStates(of batch: PackedBatch) throws(ModelError) -> Matrix {
        let vocabulary = decoder.embedding.rows
        for (row, id) in batch.ids.enumerated() where id < 0 || Int(id) >= vocabulary {
            throw .unknownToken(id: id, row: row)
        }
        return decoder.hiddenStates(of: batch, in: activations, workers: workers)
    }
}
