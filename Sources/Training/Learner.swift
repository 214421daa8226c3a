// What the loop needs of whatever learns.
import Transformers

/// Parameters that move, their gradient, and a forward pass: a whole decoder, or a head on features that stand still.
protocol Learner: AnyObject {
    /// Parameters that move.
    var count: Int { get }
    /// The ranges of them that weight decay is for.
    var decayed: [Range<Int>] { get }
    func withParameters<R>(_ body: (UnsafeMutableBufferPointer<Float>) -> R) -> R
    func withGradient<R>(_ body: (UnsafeMutableBufferPointer<Float>) -> R) -> R
    /// Forward and backward; overwrites the gradient. `loss` is called once an example, maybe from several threads.
    func learn(
        _ batch: [Example],
        languageWeight: Double,
        loss: @Sendable (_ example: Int, _ logits: [Float]) -> LossGradient
    ) throws(ModelError) -> (losses: [LossGradient], languageLoss: Double)
    /// [steps * 2] of each example.
    func logits(of batch: [Example]) throws(ModelError) -> [[Float]]
}

extension Learner {
    var parameters: [Float] { withParameters { Array($0) } }

    /// False where the numbers are of another learner.
    func restore(_ numbers: [Float]) -> Bool {
        withParameters { parameters in
            guard numbers.count == parameters.count else { return false }
            _ = parameters.update(fromContentsOf: numbers)
            return true
        }
    }
}

/// A decoder, or its last layers.
final class DecoderLearner: Learner {
    let model: TrainableModel
    let decayed: [Range<Int>]

    init(_ model: TrainableModel) {
        self.model = model
        let start = model.trainable.lowerBound
        // Matrices only; rows of the embedding are looked up, not multiplied, and the rare ones would fade away.
        decayed = model.tensors.filter { tensor in
            tensor.shape.count == 2 && tensor.name != "model.embed_tokens.weight" && tensor.range.lowerBound >= start
        }.map { ($0.range.lowerBound - start)..<($0.range.upperBound - start) }
    }

    var count: Int { model.trainable.count }

    func withParameters<R>(_ body: (UnsafeMutableBufferPointer<Float>) -> R) -> R {
        model.withParameters { body(UnsafeMutableBufferPointer(rebasing: $0[model.trainable])) }
    }

    func withGradient<R>(_ body: (UnsafeMutableBufferPointer<Float>) -> R) -> R {
        model.withGradient { body($0) }
    }

    func learn(
        _ batch: [Example],
        languageWeight: Double,
        loss: @Sendable (_ example: Int, _ logits: [Float]) -> LossGradient
    ) throws(ModelError) -> (losses: [LossGradient], languageLoss: Double) {
        let lesson = try model.learn(
            batch.map { sequence($0, languageWeight) },
            languageWeight: languageWeight,
            loss: loss
        )
        return (lesson.losses, lesson.languageLoss)
    }

    func logits(of batch: [Example]) throws(ModelError) -> [[Float]] {
        try model.logits(of: batch.map(\.sequence))
    }

    /// Without a language loss there are no targets, or an untied decoder would be asked for the head it lacks.
    private func sequence(_ example: Example, _ languageWeight: Double) -> TrainingSequence {
        guard languageWeight == 0 else { return example.sequence }
        return TrainingSequence(
            ids: example.sequence.ids,
            readPositions: example.sequence.readPositions,
            positions: example.sequence.positions
        )
    }
}
