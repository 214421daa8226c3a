// What a checkpoint must hold, derived from its config.
import Checkpoints

/// One tensor that is needed.
struct TensorPlan {
    let name: String
    let shape: [Int]
    /// The rows that are read, in this order; nil: all.
    var rows: [Int]?
}

/// The tensors of a linear layer.
struct LinearPlan {
    let outputs: Int
    let inputs: Int
    /// [outputs, inputs]
    let weight: TensorPlan
    /// [outputs]
    let bias: TensorPlan?

    init(weight: String, bias: String?, outputs: Int, inputs: Int) {
        self.outputs = outputs
        self.inputs = inputs
        self.weight = TensorPlan(name: weight, shape: [outputs, inputs])
        self.bias = bias.map { TensorPlan(name: $0, shape: [outputs]) }
    }

    /// Some rows of a matrix as a layer without a bias.
    init(rows: [Int], of matrix: TensorPlan) {
        outputs = rows.count
        inputs = matrix.shape[1]
        weight = TensorPlan(name: matrix.name, shape: matrix.shape, rows: rows)
        bias = nil
    }

    var tensors: [TensorPlan] { [weight] + (bias.map { [$0] } ?? []) }
}

/// The tensors of one decoder layer.
struct LayerPlan {
    let inputNorm: TensorPlan
    let query: LinearPlan
    let key: LinearPlan
    let value: LinearPlan
    let queryNorm: TensorPlan?
    let keyNorm: TensorPlan?
    let output: LinearPlan
    let postNorm: TensorPlan
    let gate: LinearPlan
    let up: LinearPlan
    let down: LinearPlan

    var tensors: [TensorPlan] {
        let norms = [inputNorm, postNorm, queryNorm, keyNorm].compactMap(\.self)
        return norms + [query, key, value, output, gate, up, down].flatMap(\.tensors)
    }
}

/// The decoder's sizes and tensors; not yet checked against the files.
struct Blueprint {
    let config: ModelConfig
    let architecture: Architecture

    init(config: ModelConfig) throws(ModelError) {
        architecture = try Architecture(config: config)
        guard config.activation == "silu" else { throw .unsupportedActivation(config.activation) }
        if case .other(let name) = config.ropeScaling { throw .unsupportedRopeScaling(name) }
        self.config = config
    }

    static let embeddingName = "model.embed_tokens.weight"

    /// Width of all heads' queries side by side.
    var queryWidth: Int { config.headCount * config.headDimension }
    /// Width of all heads' keys, or values, side by side.
    var keyValueWidth: Int { config.keyValueHeadCount * config.headDimension }

    var embedding: TensorPlan {
        TensorPlan(name: Blueprint.embeddingName, shape: [config.vocabularySize, config.hiddenSize])
    }

    var finalNorm: TensorPlan { TensorPlan(name: "model.norm.weight", shape: [config.hiddenSize]) }

    func layer(_ index: Int) -> LayerPlan {
        let prefix = "model.layers.\(index)."
        let hidden = config.hiddenSize
        func norm(_ name: String, _ width: Int) -> TensorPlan {
            TensorPlan(name: prefix + name + ".weight", shape: [width])
        }
        func linear(_ name: String, _ outputs: Int, _ inputs: Int, bias: Bool = false) -> LinearPlan {
            let name = prefix + name
            return LinearPlan(
                weight: name + ".weight",
                bias: bias ? name + ".bias" : nil,
                outputs: outputs,
                inputs: inputs
            )
        }
        let bias = architecture.projectsWithBias
        return LayerPlan(
            inputNorm: norm("input_layernorm", hidden),
            query: linear("self_attn.q_proj", queryWidth, hidden, bias: bias),
            key: linear("self_attn.k_proj", keyValueWidth, hidden, bias: bias),
            value: linear("self_attn.v_proj", keyValueWidth, hidden, bias: bias),
            queryNorm: architecture.normalisesHeads ? norm("self_attn.q_norm", config.headDimension) : nil,
            keyNorm: architecture.normalisesHeads ? norm("self_attn.k_norm", config.headDimension) : nil,
            output: linear("self_attn.o_proj", hidden, queryWidth, bias: architecture.outputHasBias),
            postNorm: norm("post_attention_layernorm", hidden),
            gate: linear("mlp.gate_proj", config.intermediateSize, hidden, bias: architecture.mlpHasBias),
            up: linear("mlp.up_proj", config.intermediateSize, hidden, bias: architecture.mlpHasBias),
            down: linear("mlp.down_proj", hidden, config.intermediateSize, bias: architecture.mlpHasBias)
        )
    }

    /// All tensors of the decoder.
    var tensors: [TensorPlan] { [embedding, finalNorm] + (0..<config.layerCount).flatMap { layer($0).tensors } }
}
