// A decoder that learns: parameters, their gradient, and a batch.
import CKernels
package import Checkpoints
import Dispatch

/// Owns all parameters as float32 in one block, and the lanes that go through them side by side.
///
/// Not Sendable: one caller learns, evaluates and writes parameters in turn.
package final class TrainableModel {
    package let config: ModelConfig
    /// In the block's order: embedding, layers, final norm, `score.weight` [2, hidden], `score.bias` [2].
    package let tensors: [ParameterTensor]
    /// What moves: always the end of the block.
    package let trainable: Range<Int>

    private let parameters: FloatBuffer
    private let lanes: [Lane]
    private let tokensAtOnce: Int

    /// A copy of a checkpoint's weights; where it has no `score.weight` a new one is drawn from the seed.
    ///
    /// - Parameters:
    ///   - lanes: how many go side by side, each with a gradient of its own; results depend on it, not on the threads.
    ///   - tokensAtOnce: about how many tokens a lane takes through the decoder at a time.
    package convenience init(
        checkpoint: Checkpoint,
        tuning: Tuning,
        lanes: Int,
        tokensAtOnce: Int,
        seed: UInt64
    ) throws(ModelError) {
        try self.init(config: checkpoint.config, tuning: tuning, lanes: lanes, tokensAtOnce: tokensAtOnce)
        let workers = Workers(count: 1, kernel: .best)
        var loader = WeightLoader(source: .checkpoint(checkpoint, nil), workers: workers, precision: .stored)
        let hasHead = checkpoint.tensors["score.weight"] != nil
        let plans = tensors.map { TensorPlan(name: $0.name, shape: $0.shape) }.filter { plan in
            switch plan.name {
            case "score.weight": hasHead
            case "score.bias": checkpoint.tensors["score.bias"] != nil
            default: true
            }
        }
        _ = try checkpoint.check(plans)
        for plan in plans {
            guard let tensor = tensors.first(where: { $0.name == plan.name }) else { continue }
            try loader.copy(plan, to: parameters.start + tensor.range.lowerBound)
        }
        if !hasHead {
            var initialisation = Initialisation(seed: seed)
            for tensor in tensors where tensor.name == "score.weight" {
                initialisation.fill(tensor, in: parameters.start)
            }
        }
    }

    /// A new decoder, drawn from the seed; all of it moves.
    package convenience init(
        config: ModelConfig,
        lanes: Int,
        tokensAtOnce: Int,
        seed: UInt64
    ) throws(ModelError) {
        try self.init(config: config, tuning: .all, lanes: lanes, tokensAtOnce: tokensAtOnce)
        var initialisation = Initialisation(seed: seed)
        for tensor in tensors { initialisation.fill(tensor, in: parameters.start) }
    }

    private init(config: ModelConfig, tuning: Tuning, lanes: Int, tokensAtOnce: Int) throws(ModelError) {
        guard (1...64).contains(lanes), tokensAtOnce > 0 else { throw .badThreadCount(lanes) }
        let blueprint = try Blueprint(config: config)
        let family = blueprint.architecture
        if family.normalisesHeads || family.outputHasBias || family.mlpHasBias {
            throw .untrainable("\(config.modelType) has norms of heads, or a bias after attention or in its MLP")
        }
        lp_blas_use_one_thread()
        let layout = ParameterLayout(blueprint)
        let parameters = FloatBuffer(count: layout.count)
        let trainable = layout.trainable(tuning)
        self.config = config
        self.parameters = parameters
        self.trainable = trainable
        self.tokensAtOnce = tokensAtOnce
        tensors = layout.tensors
        self.lanes = (0..<lanes).map { _ in
            Lane(blueprint: blueprint, layout: layout, parameters: parameters, trainable: trainable)
        }
    }

    /// All parameters, to read or to move.
    package func withParameters<R, E: Error>(_ body: (UnsafeMutableBufferPointer<Float>) throws(E) -> R) throws(E) -> R
    {
        try body(UnsafeMutableBufferPointer(start: parameters.start, count: parameters.count))
    }

    /// The gradient of what moves: number 0 belongs to parameter `trainable.lowerBound`.
    package func withGradient<R, E: Error>(_ body: (UnsafeMutableBufferPointer<Float>) throws(E) -> R) throws(E) -> R {
        try body(UnsafeMutableBufferPointer(start: lanes[0].gradient.start, count: trainable.count))
    }

    /// Forward and backward over a batch; overwrites the gradient.
    ///
    /// The total is the sum of what `loss` answers, plus `languageWeight` times the mean cross-entropy of all language
    /// targets in the batch.
    /// - Parameter loss: called once a sequence, from several threads, with its logits [reads, classes]: class 0 is
    ///   wrong, 1 is right.
    package func learn(
        _ batch: [TrainingSequence],
        languageWeight: Double,
        loss: @Sendable (_ sequence: Int, _ logits: [Float]) -> LossGradient
    ) throws(ModelError) -> Lesson {
        try check(batch)
        let targets = batch.reduce(0) { $0 + $1.languageTargets.count }
        if languageWeight != 0, targets > 0, !config.tiesWordEmbeddings { throw .noLanguageHead }
        let scale = targets > 0 ? Float(languageWeight / Double(targets)) : 0
        let pieces = MicroBatch.cut(batch, lanes: lanes.count, tokensAtOnce: tokensAtOnce)
        let lessons = run(pieces) { lane, piece, isFirst in
            if isFirst { lane.gradient.start.update(repeating: 0, count: lane.gradient.count) }
            return lane.learn(piece, languageScale: scale, loss: loss)
        }
        addLanes(used: min(lanes.count, pieces.count))
        return Lesson(
            losses: lessons.flatMap(\.losses),
            languageLoss: targets > 0 ? lessons.reduce(0) { $0 + $1.languageLoss } / Double(targets) : 0
        )
    }

    /// The products of one update, lane by lane, all layers learning.
    func productShapes(of batch: [TrainingSequence], languageWeight: Double) -> [[ProductShape]] {
        let pieces = MicroBatch.cut(batch, lanes: lanes.count, tokensAtOnce: tokensAtOnce)
        return (0..<min(lanes.count, pieces.count)).map { lane in
            stride(from: lane, to: pieces.count, by: lanes.count).flatMap {
                pieces[$0].productShapes(of: lanes[lane].blueprint, language: languageWeight != 0)
            }
        }
    }

    /// Logits of each sequence's read positions, [reads, classes], without a gradient.
    package func logits(of batch: [TrainingSequence]) throws(ModelError) -> [[Float]] {
        try check(batch)
        let pieces = MicroBatch.cut(batch, lanes: lanes.count, tokensAtOnce: tokensAtOnce)
        let scores = run(pieces) { lane, piece, _ in
            lane.forward(piece)
            return lane.score(piece)
        }
        return zip(pieces, scores).flatMap { piece, scores in
            var rest = scores[...]
            return piece.readCounts.map { count in
                defer { rest = rest.dropFirst(count * ParameterLayout.classes) }
                return Array(rest.prefix(count * ParameterLayout.classes))
            }
        }
    }

    private func check(_ batch: [TrainingSequence]) throws(ModelError) {
        guard !batch.isEmpty else { throw .emptyBatch }
        for (index, sequence) in batch.enumerated() {
            if let problem = sequence.problem(index: index, vocabulary: config.vocabularySize) { throw problem }
        }
    }

    /// Piece i goes through lane i modulo the lanes, in order: which thread runs a lane changes no bit.
    private func run<Result: Sendable>(
        _ pieces: [MicroBatch],
        _ body: (_ lane: Lane, _ piece: MicroBatch, _ isFirst: Bool) -> Result
    ) -> [Result] {
        var results = [Result?](repeating: nil, count: pieces.count)
        results.withUnsafeMutableBufferPointer { results in
            // Each lane writes its own pieces' results and uses its own memory; all end before this returns.
            nonisolated(unsafe) let results = results
            nonisolated(unsafe) let lanes = lanes
            nonisolated(unsafe) let body = body
            DispatchQueue.concurrentPerform(iterations: min(lanes.count, pieces.count)) { index in
                for piece in stride(from: index, to: pieces.count, by: lanes.count) {
                    results[piece] = body(lanes[index], pieces[piece], piece == index)
                }
            }
        }
        return results.compactMap(\.self)
    }

    /// The gradient of all lanes, lane by lane in order, into the first lane's.
    private func addLanes(used: Int) {
        let count = trainable.count
        let sum = lanes[0].gradient.start
        for lane in lanes[1..<used] {
            let other = lane.gradient.start
            for i in 0..<count { sum[i] += other[i] }
        }
    }
}
