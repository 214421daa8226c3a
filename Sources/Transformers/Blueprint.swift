// What a checkpoint must hold, derived from its config.
import Checkpoints

/// How the decoders that we know differ from one another.
struct Architecture {
    /// Query, key and value projections have a bias (Qwen2).
    let projectsWithBias: Bool
    /// Each head's queries and keys are normalised before they are turned (Qwen3).
    let normalisesHeads: Bool

    init(modelType: String) throws(ModelError) {
        switch modelType {
        case "qwen2": self.init(projectsWithBias: true, normalisesHeads: false)
        case "qwen3": self.init(projectsWithBias: false, normalisesHeads: true)
        default: throw .unsupportedModelType(modelType)
        }
    }

    private init(projectsWithBias: Bool, normalisesHeads: Bool) {
        self.projectsWithBias = projectsWithBias
        self.normalisesHeads = normalisesHeads
    }
}

/// One tensor that is needed.
struct TensorPlan {
    let name: String
    let shape: [Int]
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

/// The decoder's sizes and tensors, checked against one another but not yet against the files.
struct Blueprint {
    let config: ModelConfig
    let architecture: Architecture

    init(config: ModelConfig) throws(ModelError) {
        architecture = try Architecture(modelType: config.modelType)
        guard config.activation == "silu" else { throw .unsupportedActivation(config.activation) }
        switch config.ropeScaling {
        case .none: break
        case .linear: throw .unsupportedRopeScaling("linear")
        case .llama3: throw .unsupportedRopeScaling("llama3")
        case .other(let name): throw .unsupportedRopeScaling(name)
        }
        try Blueprint.checkSizes(of: config)
        self.config = config
    }

    private static func checkSizes(of config: ModelConfig) throws(ModelError) {
        // A width that no file can hold: products of two stay far from overflow.
        let allowed = 1...1 << 24
        let sizes = [
            ("hidden_size", config.hiddenSize), ("intermediate_size", config.intermediateSize),
            ("num_hidden_layers", config.layerCount), ("num_attention_heads", config.headCount),
            ("num_key_value_heads", config.keyValueHeadCount), ("head_dim", config.headDimension),
            ("vocab_size", config.vocabularySize),
        ]
        for (name, value) in sizes where !allowed.contains(value) {
            throw .unsupportedSize(name: name, value: value)
        }
        guard config.headCount % config.keyValueHeadCount == 0 else {
            throw .unsupportedSize(name: "num_key_value_heads", value: config.keyValueHeadCount)
        }
        guard config.headDimension % 2 == 0 else {
            throw .unsupportedSize(name: "head_dim", value: config.headDimension)
        }
        guard config.slidingWindows.count == config.layerCount else {
            throw .unsupportedSize(name: "layer_types", value: config.slidingWindows.count)
        }
        for case .some(let window) in config.slidingWindows where window < 1 {
            throw .unsupportedSize(name: "sliding_window", value: window)
        }
        guard config.ropeTheta > 0, config.ropeTheta.isFinite else { throw .unsupportedRopeBase(config.ropeTheta) }
    }

    /// Width of all heads' queries side by side.
    var queryWidth: Int { config.headCount * config.headDimension }
    /// Width of all heads' keys, or values, side by side.
    var keyValueWidth: Int { config.keyValueHeadCount * config.headDimension }

    var embedding: TensorPlan {
        TensorPlan(name: "model.embed_tokens.weight", shape: [config.vocabularySize, config.hiddenSize])
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
                weight: name + ".weight", bias: bias ? name + ".bias" : nil, outputs: outputs, inputs: inputs)
        }
        let bias = architecture.projectsWithBias
        return LayerPlan(
            inputNorm: norm("input_layernorm", hidden),
            query: linear("self_attn.q_proj", queryWidth, hidden, bias: bias),
            key: linear("self_attn.k_proj", keyValueWidth, hidden, bias: bias),
            value: linear("self_attn.v_proj", keyValueWidth, hidden, bias: bias),
            queryNorm: architecture.normalisesHeads ? norm("self_attn.q_norm", config.headDimension) : nil,
            keyNorm: architecture.normalisesHeads ? norm("self_attn.k_norm", config.headDimension) : nil,
            output: linear("self_attn.o_proj", hidden, queryWidth),
            postNorm: norm("post_attention_layernorm", hidden),
            gate: linear("mlp.gate_proj", config.intermediateSize, hidden),
            up: linear("mlp.up_proj", config.intermediateSize, hidden),
            down: linear("mlp.down_proj", hidden, config.intermediateSize)
        )
    }
}
