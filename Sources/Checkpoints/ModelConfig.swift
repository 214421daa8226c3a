// What config.json says of a decoder, in one spelling.
package import JSON

/// The shape and the constants of a decoder; every number is checked, none is guessed.
///
/// Where a field may be absent, its value is the class default of transformers 4.57 for the family.
package struct ModelConfig: Sendable, Equatable {
    /// Names such as `Qwen2ForProcessRewardModel`; may be empty.
    package let architectures: [String]
    package let modelType: String
    package let hiddenSize: Int
    package let intermediateSize: Int
    package let layerCount: Int
    package let headCount: Int
    /// Divides `headCount`.
    package let keyValueHeadCount: Int
    /// Even; not always `hiddenSize / headCount` (Qwen3).
    package let headDimension: Int
    /// Rows of the embedding; a tokenizer may have fewer.
    package let vocabularySize: Int
    package let normEpsilon: Float
    package let ropeTheta: Double
    package let ropeScaling: RopeScaling
    /// The longest sequence, in tokens.
    package let maximumPositions: Int
    package let tiesWordEmbeddings: Bool
    /// One a layer; a query sees that many keys, itself among them; nil is all of them.
    package let slidingWindows: [Int?]
    package let padTokenID: Int?
    package let bosTokenID: Int?
    /// A hint only: transformers does not always store it, so the head's rows decide.
    package let labelCount: Int?
    /// Such as `silu`.
    package let activation: String
    /// Whether q, k, v and o have biases, where the file says so (Llama, Qwen3).
    package let attentionBias: Bool?
    /// Whether the three layers of the MLP have biases, where the file says so (Llama).
    package let mlpBias: Bool?
    /// A hint only, such as `bfloat16`: the tensors' own headers decide.
    package let storedType: String?

    /// Far above any model, far below any overflow.
    private static let sizes = 1...1 << 20
    private static let layers = 1...1024
    private static let positions = 1...1 << 30

    package init(json: JSONObject) throws(CheckpointError) {
        let reader = ConfigReader(json)
        try Self.refuseWhatChangesTheArithmetic(reader)
        architectures = try reader.strings("architectures") ?? []
        modelType = try reader.required("model_type", reader.string("model_type"))
        hiddenSize = try reader.required("hidden_size", reader.integer("hidden_size", in: Self.sizes))
        intermediateSize = try reader.required("intermediate_size", reader.integer("intermediate_size", in: Self.sizes))
        layerCount = try reader.required("num_hidden_layers", reader.integer("num_hidden_layers", in: Self.layers))
        headCount = try reader.required("num_attention_heads", reader.integer("num_attention_heads", in: 1...4096))
        keyValueHeadCount = try Self.keyValueHeads(reader, modelType: modelType, headCount: headCount)
        headDimension = try Self.headDimension(reader, modelType, hiddenSize: hiddenSize, headCount: headCount)
        vocabularySize = try reader.required("vocab_size", reader.integer("vocab_size", in: 1...1 << 24))
        let epsilon = try reader.required("rms_norm_eps", reader.number("rms_norm_eps", in: 1e-30...1))
        normEpsilon = Float(epsilon)
        let rope = try Rope(reader)
        ropeTheta = rope.theta
        ropeScaling = rope.scaling
        maximumPositions = try reader.required(
            "max_position_embeddings",
            reader.integer("max_position_embeddings", in: Self.positions)
        )
        tiesWordEmbeddings = try reader.bool("tie_word_embeddings") ?? false
        slidingWindows = try SlidingWindows(reader, modelType: modelType, layerCount: layerCount).windows
        padTokenID = try Self.token(reader, "pad_token_id")
        bosTokenID = try Self.token(reader, "bos_token_id")
        labelCount = try Self.labels(reader)
        activation = try reader.string("hidden_act") ?? "silu"
        attentionBias = try reader.bool("attention_bias")
        mlpBias = try reader.bool("mlp_bias")
        // transformers 4.56 renamed it.
        storedType = try reader.string(reader.has("dtype") ? "dtype" : "torch_dtype")
    }

    private static func refuseWhatChangesTheArithmetic(_ reader: ConfigReader) throws(CheckpointError) {
        if let method = try reader.reader("quantization_config") {
            throw reader.refusal("quantization_config", .unsupported(try method.string("quant_method") ?? "unnamed"))
        }
        if let share = try reader.number("partial_rotary_factor", in: 0...1), share != 1 {
            throw reader.refusal("partial_rotary_factor", .unsupported(share.description))
        }
    }

    /// Null is one a head in every family; absent is so for Llama alone, whose first models knew no groups.
    private static func keyValueHeads(
        _ reader: ConfigReader,
        modelType: String,
        headCount: Int
    ) throws(CheckpointError) -> Int {
        let key = "num_key_value_heads"
        var count = try reader.integer(key, in: 1...headCount)
        if reader.isNull(key) || modelType == "llama" { count = count ?? headCount }
        let known = try reader.required(key, count)
        guard headCount.isMultiple(of: known) else { throw reader.refusal(key, .contradicts("num_attention_heads")) }
        return known
    }

    /// Null is an even share of the hidden size in every family; absent is so for all but Qwen3.
    private static func headDimension(
        _ reader: ConfigReader,
        _ modelType: String,
        hiddenSize: Int,
        headCount: Int
    ) throws(CheckpointError) -> Int {
        var dimension = try reader.integer("head_dim", in: 2...4096)
        if modelType == "qwen3" && !reader.has("head_dim") { dimension = 128 }
        if dimension == nil {
            guard hiddenSize.isMultiple(of: headCount) else {
                throw reader.refusal("num_attention_heads", .contradicts("hidden_size"))
            }
            dimension = hiddenSize / headCount
        }
        // RoPE turns pairs.
        guard let dimension, dimension.isMultiple(of: 2) else {
            throw reader.refusal("head_dim", .outOfRange((dimension ?? 0).description))
        }
        return dimension
    }

    private static func labels(_ reader: ConfigReader) throws(CheckpointError) -> Int? {
        if let count = try reader.integer("num_labels", in: sizes) { return count }
        return try reader.object("id2label")?.count
    }

    /// Llama's first configs wrote -1 for none.
    private static func token(_ reader: ConfigReader, _ key: String) throws(CheckpointError) -> Int? {
        let token = try reader.integer(key, in: -1...Int(Int32.max))
        return token == -1 ? nil : token
    }
}
