// Hidden states at the read positions to rewards.
import CKernels
import Checkpoints

/// The head's layers and the reduction that follows them.
struct ScoringHead {
    let layers: [Linear]
    let reduction: Reduction
    private let normed = FloatBuffer(count: 0)
    private let middle = FloatBuffer(count: 0)
    private let logits = FloatBuffer(count: 0)

    var classCount: Int { layers.last?.outputs ?? 0 }

    init(plans: [LinearPlan], reduction: Reduction, loader: inout WeightLoader) throws(ModelError) {
        var layers: [Linear] = []
        for plan in plans { layers.append(try loader.linear(plan)) }
        self.layers = layers
        self.reduction = reduction
    }

    /// The read rows after the final norm, in order: [rows, hidden].
    func features(of hidden: Matrix, at rows: [Int], decoder: Decoder, workers: Workers) -> Matrix {
        let x = view(normed, rows: rows.count, width: hidden.width)
        for (index, row) in rows.enumerated() {
            workers.rmsnorm(
                hidden[row..<row + 1],
                weight: decoder.finalNorm,
                epsilon: decoder.blueprint.config.normEpsilon,
                into: x[index..<index + 1]
            )
        }
        return x
    }

    /// One reward a read row, in order. Only these rows meet the final norm and the head.
    func rewards(of hidden: Matrix, at rows: [Int], decoder: Decoder, workers: Workers) -> [Float] {
        var x = features(of: hidden, at: rows, decoder: decoder, workers: workers)
        for layer in layers.dropLast() {
            let y = view(middle, rows: rows.count, width: layer.outputs)
            workers.linear(x, through: [(layer, into: y)])
            lp_relu(y.start, y.rows * y.width)
            x = y
        }
        guard let last = layers.last else { return [] }
        let scores = view(logits, rows: rows.count, width: last.outputs)
        workers.linear(x, through: [(last, into: scores)])
        return rows.indices.map { index in
            reduction.reward(UnsafeBufferPointer(start: scores[index..<index + 1].start, count: scores.width))
        }
    }

    private func view(_ buffer: FloatBuffer, rows: Int, width: Int) -> Matrix {
        buffer.reserve(rows * width)
        return Matrix(buffer, rows: rows, width: width)
    }
}

extension Head {
    /// The head's tensors; their rows are counted in the files' headers, since config.json does not say
    /// (reference/prm-zoo.md 2.2).
    ///
    /// - Parameter shape: of the tensor with this name in the checkpoint.
    func plans(for config: ModelConfig, shape: (String) -> [Int]?) throws(ModelError) -> [LinearPlan] {
        let hidden = config.hiddenSize
        switch self {
        case .linear(let weight, let bias):
            return [try plan(weight, bias, inputs: hidden, shape: shape)]
        case .mlp2(let first, let second):
            let first = try plan(first.weight, first.bias, inputs: hidden, shape: shape)
            return [first, try plan(second.weight, second.bias, inputs: first.outputs, shape: shape)]
        case .lmTokens(let ids):
            guard Set(ids).count == ids.count, ids.allSatisfy({ $0 >= 0 && Int($0) < config.vocabularySize }) else {
                throw .badHeadTokens(ids, rows: config.vocabularySize)
            }
            let name = config.tiesWordEmbeddings ? Blueprint.embeddingName : "lm_head.weight"
            let matrix = TensorPlan(name: name, shape: [config.vocabularySize, hidden])
            return [LinearPlan(rows: ids.map { Int($0) }, of: matrix)]
        }
    }

    private func plan(
        _ weight: String,
        _ bias: String?,
        inputs: Int,
        shape: (String) -> [Int]?
    ) throws(ModelError) -> LinearPlan {
        guard let found = shape(weight) else { throw .missingTensor(weight) }
        // As wide as a config allows, so that sizes stay far from overflow.
        let outputs = min(max(found.first ?? 1, 1), 1 << 20)
        guard found == [outputs, inputs] else {
            throw .wrongShape(tensor: weight, expected: [outputs, inputs], found: found)
        }
        return LinearPlan(weight: weight, bias: bias, outputs: outputs, inputs: inputs)
    }
}
