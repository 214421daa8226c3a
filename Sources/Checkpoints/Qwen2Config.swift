// The config.json of a token classifier that we make.
package import JSON

/// The sizes of a new Qwen2 decoder with a head of two classes.
package struct Qwen2Shape: Sendable, Equatable {
    /// Rows of the embedding.
    package var vocabularySize: Int
    package var hiddenSize: Int
    package var intermediateSize: Int
    package var layerCount: Int
    package var headCount: Int
    package var keyValueHeadCount: Int
    /// The longest sequence, in tokens.
    package var maximumPositions: Int
    package var ropeTheta: Double
    package var tiesWordEmbeddings: Bool

    package init(
        vocabularySize: Int,
        hiddenSize: Int,
        intermediateSize: Int,
        layerCount: Int,
        headCount: Int,
        keyValueHeadCount: Int,
        maximumPositions: Int,
        ropeTheta: Double = 10_000,
        tiesWordEmbeddings: Bool = true
    ) {
        self.vocabularySize = vocabularySize
        self.hiddenSize = hiddenSize
        self.intermediateSize = intermediateSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount
        self.maximumPositions = maximumPositions
        self.ropeTheta = ropeTheta
        self.tiesWordEmbeddings = tiesWordEmbeddings
    }
}

/// config.json of a `Qwen2ForTokenClassification`, class 1 being a right step, for transformers 4 and 5.
///
/// transformers 4 reads `rope_theta` and `torch_dtype`, 5 reads `rope_parameters` and `dtype`: all are written.
/// - Parameter endOfText: the id of `<|endoftext|>`, which also pads; nil where the tokenizer has none.
package func qwen2Config(_ shape: Qwen2Shape, endOfText: Int? = nil, dtype: DType = .float32) -> JSONObject {
    let endOfText = endOfText.map { JSONValue($0) } ?? .null
    let theta = JSONValue(shape.ropeTheta) ?? .null
    let type = JSONValue.string(dtype.torchName)
    return [
        "architectures": ["Qwen2ForTokenClassification"],
        "attention_dropout": 0.0,
        "bos_token_id": nil,
        "dtype": type,
        "eos_token_id": endOfText,
        "hidden_act": "silu",
        "hidden_size": JSONValue(shape.hiddenSize),
        "id2label": ["0": "wrong", "1": "right"],
        "initializer_range": 0.02,
        "intermediate_size": JSONValue(shape.intermediateSize),
        "label2id": ["right": 1, "wrong": 0],
        "layer_types": .array(Array(repeating: "full_attention", count: max(0, shape.layerCount))),
        "max_position_embeddings": JSONValue(shape.maximumPositions),
        "max_window_layers": JSONValue(shape.layerCount),
        "model_type": "qwen2",
        "num_attention_heads": JSONValue(shape.headCount),
        "num_hidden_layers": JSONValue(shape.layerCount),
        "num_key_value_heads": JSONValue(shape.keyValueHeadCount),
        "num_labels": 2,
        "pad_token_id": endOfText,
        "rms_norm_eps": 1e-06,
        "rope_parameters": ["rope_theta": theta, "rope_type": "default"],
        "rope_theta": theta,
        "sliding_window": nil,
        "tie_word_embeddings": .bool(shape.tiesWordEmbeddings),
        "torch_dtype": type,
        "use_cache": true,
        "use_sliding_window": false,
        "vocab_size": JSONValue(shape.vocabularySize),
    ]
}

extension DType {
    /// As PyTorch, and so config.json, calls it.
    package var torchName: String {
        switch self {
        case .float32: "float32"
        case .float16: "float16"
        case .bfloat16: "bfloat16"
        }
    }
}
