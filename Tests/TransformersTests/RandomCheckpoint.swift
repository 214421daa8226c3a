// Writes small random models to a scratch folder.
import CKernels
import Checkpoints
import Fixtures
import JSON
import Testing
import Transformers

/// Numbers as a file stores them.
func encoded(_ numbers: [Float], _ dtype: lp_dtype) -> [UInt8] {
    switch dtype {
    case LP_FLOAT16: numbers.flatMap { withUnsafeBytes(of: Float16($0).bitPattern.littleEndian, Array.init) }
    case LP_BFLOAT16:
        numbers.flatMap { withUnsafeBytes(of: UInt16($0.bitPattern >> 16).littleEndian, Array.init) }
    default: numbers.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
    }
}

/// Sizes of a model to invent.
struct RandomModel: CustomTestStringConvertible {
    var modelType = "qwen2"
    var hidden = 32
    var intermediate = 48
    var layers = 3
    var heads = 4
    var keyValueHeads = 2
    var dimension = 8
    var vocabulary = 101
    var dtype = LP_BFLOAT16
    var window: Int?
    /// What Llama's config may ask for: biases at every linear layer.
    var asksForBiases = false
    var scaling: JSONValue = nil
    var classes = 2
    var seed: UInt64 = 1

    var testDescription: String {
        "\(modelType) \(hidden)/\(intermediate) \(heads)/\(keyValueHeads)x\(dimension) window \(window ?? 0)"
    }

    var config: JSONObject {
        JSONObject([
            ("architectures", ["Qwen2ForTokenClassification"]), ("model_type", .string(modelType)),
            ("hidden_size", JSONValue(hidden)), ("intermediate_size", JSONValue(intermediate)),
            ("num_hidden_layers", JSONValue(layers)), ("num_attention_heads", JSONValue(heads)),
            ("num_key_value_heads", JSONValue(keyValueHeads)), ("head_dim", JSONValue(dimension)),
            ("vocab_size", JSONValue(vocabulary)), ("max_position_embeddings", 4096),
            ("rms_norm_eps", 1e-6), ("rope_theta", 10000.0), ("rope_scaling", scaling), ("hidden_act", "silu"),
            ("tie_word_embeddings", false), ("use_sliding_window", JSONValue.bool(window != nil)),
            ("sliding_window", window.map { JSONValue($0) } ?? nil), ("max_window_layers", 1),
            ("attention_bias", .bool(asksForBiases)), ("mlp_bias", .bool(asksForBiases)),
        ])
    }

    private var storedName: String {
        switch dtype {
        case LP_FLOAT32: "F32"
        case LP_FLOAT16: "F16"
        default: "BF16"
        }
    }

    /// Every tensor by name, with the scale of its random numbers.
    var tensors: [(name: String, shape: [Int], scale: Float)] {
        let wide = heads * dimension
        let narrow = keyValueHeads * dimension
        var all: [(name: String, shape: [Int], scale: Float)] = [
            ("model.embed_tokens.weight", [vocabulary, hidden], 1), ("model.norm.weight", [hidden], 1),
            ("score.weight", [classes, hidden], 0.3), ("score.bias", [classes], 0.1),
            ("lm_head.weight", [vocabulary, hidden], 1),
        ]
        for layer in 0..<layers {
            let prefix = "model.layers.\(layer)."
            func add(_ name: String, _ shape: [Int], _ scale: Float) { all.append((prefix + name, shape, scale)) }
            func linear(_ name: String, _ outputs: Int, _ inputs: Int, bias: Bool) {
                add(name + ".weight", [outputs, inputs], 2 / Float(inputs).squareRoot())
                if bias { add(name + ".bias", [outputs], 0.5) }
            }
            let asks = modelType == "llama" && asksForBiases
            add("input_layernorm.weight", [hidden], 1)
            add("post_attention_layernorm.weight", [hidden], 1)
            for (name, width) in [("q", wide), ("k", narrow), ("v", narrow)] {
                linear("self_attn.\(name)_proj", width, hidden, bias: modelType == "qwen2" || asks)
                if modelType == "qwen3", name != "v" { add("self_attn.\(name)_norm.weight", [dimension], 1) }
            }
            linear("self_attn.o_proj", hidden, wide, bias: asks)
            linear("mlp.gate_proj", intermediate, hidden, bias: asks)
            linear("mlp.up_proj", intermediate, hidden, bias: asks)
            linear("mlp.down_proj", hidden, intermediate, bias: asks)
        }
        return all
    }

    /// The folder, after `edit` has had its way with the config and the tensors.
    /// - Parameter dtypes: what the header says of some tensors, against the truth.
    func write(
        dtypes: [String: String] = [:],
        config edit: (inout JSONObject) -> Void = { _ in },
        tensors change: (inout [String: (shape: [Int], numbers: [Float])]) -> Void = { _ in }
    ) throws -> TemporaryFolder {
        var generator = SeededGenerator(seed: seed)
        var contents: [String: (shape: [Int], numbers: [Float])] = [:]
        for (name, shape, scale) in tensors {
            contents[name] = (shape, generator.floats(shape.reduce(1, *), scale: scale))
        }
        change(&contents)
        var header = JSONObject()
        var data: [UInt8] = []
        for (name, content) in contents.sorted(by: { $0.key < $1.key }) {
            let bytes = encoded(content.numbers, dtype)
            header[name] = .object(
                JSONObject([
                    ("dtype", .string(dtypes[name] ?? storedName)),
                    ("shape", .array(content.shape.map { JSONValue($0) })),
                    ("data_offsets", .array([JSONValue(data.count), JSONValue(data.count + bytes.count)])),
                ])
            )
            data += bytes
        }
        var config = config
        edit(&config)
        let folder = try TemporaryFolder()
        let text = JSONValue.object(header).serialized()
        let length = withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init)
        try folder.write(JSONValue.object(config).serialized(), to: "config.json")
        try folder.write(length + text + data, to: "model.safetensors")
        return folder
    }
}

/// A model of a folder, with the head that `RandomModel` writes unless another one is given.
func loadModel(
    _ folder: TemporaryFolder,
    head: Head = .linear(weight: "score.weight", bias: "score.bias"),
    reduction: Reduction = .softmax(1),
    threads: Int = 1,
    precision: Precision = .stored,
    kernel: Kernel = .best,
    progress: LoadProgress? = nil
) throws -> RewardModel {
    // The folder must outlive the reading.
    try withExtendedLifetime(folder) {
        try RewardModel(
            checkpoint: Checkpoint(folder: folder.path),
            head: head,
            reduction: reduction,
            compute: ComputeSettings(threads: threads, precision: precision, kernel: kernel),
            progress: progress
        )
    }
}
