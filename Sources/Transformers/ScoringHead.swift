// Hidden states at the read positions to rewards.
import CKernels
import Checkpoints

/// The head's layers and the reduction that follows them, in float32 whatever the decoder's precision.
struct ScoringHead {
    let layers: [Linear]
    let reduction: Reduction
    private let normed = FloatBuffer(count: 0)
    private let middle = FloatBuffer(count: 0)
    private let logits = FloatBuffer(count: 0)
    private let cells = CellBuffer(isInt8: false)

    var classCount: Int { layers.last?.outputs ?? 0 }

    init(plans: [LinearPlan], reduction: Reduction, loader: inout WeightLoader) throws(ModelError) {
        var layers: [Linear] = []
        for plan in plans { layers.append(try loader.headLinear(plan)) }
        self.layers = layers
        self.reduction = reduction
    }

    /// Rows after the final norm: [rows, hidden].
    func features(of hidden: Matrix, decoder: Decoder, workers: Workers) -> Matrix {
        let x = view(normed, rows: hidden.rows, width: hidden.width)
        let epsilon = decoder.blueprint.config.normEpsilon
        workers.rmsnorm(hidden, weight: decoder.finalNorm, epsilon: epsilon, into: x)
        return x
    }

    /// One reward a row, in order.
    func rewards(of hidden: Matrix, decoder: Decoder, workers: Workers) -> [Float] {
        var x = features(of: hidden, decoder: decoder, workers: workers)
        for layer in layers.dropLast() {
            let y = apply(layer, to: x, into: middle, workers)
            lp_relu(y.start, y.rows * y.width)
            x = y
        }
        guard let last = layers.last else { return [] }
        let scores = apply(last, to: x, into: logits, workers)
        return (0..<hidden.rows).map { index in
            reduction.reward(UnsafeBufferPointer(start: scores[index..<index + 1].start, count: scores.width))
        }
    }

    private func apply(_ layer: Linear, to x: Matrix, into buffer: FloatBuffer, _ workers: Workers) -> Matrix {
        let y = view(buffer, rows: x.rows, width: layer.outputs)
        let cells = cells.view(rows: x.rows, for: layer)
        workers.fill(cells, from: x)
        workers.multiply(cells, layer, into: y)
        return y
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
