// A head on hidden states that stand still.
import Checkpoints
import Transformers

/// score.weight [2, hidden] and score.bias [2] as one block, over features that were computed once.
///
/// Sums run in Double on one thread: the work is small beside one forward pass of any decoder, and its order is fixed.
final class HeadLearner: Learner {
    static let classes = 2

    let hidden: Int
    let count: Int
    private let features: FeatureTable
    private var block: [Float]
    private var gradient: [Float]

    /// - Parameter start: the block to begin with; nil = zeros, from which a linear head learns as well as from any.
    init(features: FeatureTable, start: [Float]?) {
        hidden = features.hidden
        count = Self.classes * (hidden + 1)
        self.features = features
        block = [Float](repeating: 0, count: count)
        gradient = block
        if let start, start.count == count { block = start }
    }

    var decayed: [Range<Int>] { [0..<Self.classes * hidden] }

    func withParameters<R>(_ body: (UnsafeMutableBufferPointer<Float>) -> R) -> R {
        block.withUnsafeMutableBufferPointer { body($0) }
    }

    func withGradient<R>(_ body: (UnsafeMutableBufferPointer<Float>) -> R) -> R {
        gradient.withUnsafeMutableBufferPointer { body($0) }
    }

    func logits(of batch: [Example]) throws(ModelError) -> [[Float]] {
        batch.map { example in
            features.rows(of: example.index).flatMap { row in
                (0..<Self.classes).map { Float(logit(row: row, label: $0)) }
            }
        }
    }

    func learn(
        _ batch: [Example],
        languageWeight: Double,
        loss: @Sendable (_ example: Int, _ logits: [Float]) -> LossGradient
    ) throws(ModelError) -> (losses: [LossGradient], languageLoss: Double) {
        var sums = [Double](repeating: 0, count: count)
        var losses: [LossGradient] = []
        for (index, scores) in try logits(of: batch).enumerated() {
            let answer = loss(index, scores)
            for (row, slopes) in zip(features.rows(of: batch[index].index), pairs(answer.logits)) {
                add(slopes.0, row: row, label: 0, to: &sums)
                add(slopes.1, row: row, label: 1, to: &sums)
            }
            losses.append(answer)
        }
        for index in sums.indices { gradient[index] = Float(sums[index]) }
        return (losses, 0)
    }

    private func pairs(_ slopes: [Float]) -> [(Float, Float)] {
        stride(from: 0, to: slopes.count - 1, by: 2).map { (slopes[$0], slopes[$0 + 1]) }
    }

    private func logit(row: Int, label: Int) -> Double {
        block.withUnsafeBufferPointer { block in
            features.withRow(row) { feature in
                var sum = 0.0
                for index in 0..<hidden {
                    sum += Double(block[label &* hidden &+ index]) * Double(feature[index])
                }
                return sum + Double(block[Self.classes * hidden + label])
            }
        }
    }

    private func add(_ slope: Float, row: Int, label: Int, to sums: inout [Double]) {
        sums.withUnsafeMutableBufferPointer { sums in
            features.withRow(row) { feature in
                for index in 0..<hidden { sums[label &* hidden &+ index] += Double(slope) * Double(feature[index]) }
            }
            sums[Self.classes * hidden + label] += Double(slope)
        }
    }
}

extension HeadLearner {
    /// The head that a checkpoint has, as this block; nil where it has none of this shape.
    static func head(of checkpoint: Checkpoint) throws(CheckpointError) -> [Float]? {
        let hidden = checkpoint.config.hiddenSize
        guard checkpoint.tensors["score.weight"]?.shape == [classes, hidden] else { return nil }
        let weight = try checkpoint.load("score.weight").floats
        guard checkpoint.tensors["score.bias"]?.shape == [classes] else {
            return weight + [Float](repeating: 0, count: classes)
        }
        return weight + (try checkpoint.load("score.bias").floats)
    }
}

extension Tensor {
    /// Its numbers, widened without rounding.
    fileprivate var floats: [Float] {
        withBytes { bytes in
            (0..<elementCount).map { index in
                switch dtype {
                case .float32: bytes.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
                case .float16:
                    Float(Float16(bitPattern: bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)))
                case .bfloat16:
                    Float(bitPattern: UInt32(bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)) << 16)
                }
            }
        }
    }
}
