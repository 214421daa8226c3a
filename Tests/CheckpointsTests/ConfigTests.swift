// config.json: both spellings, every default, every refusal by name.
import Checkpoints
import Fixtures
import JSON
import Testing

@Suite struct ConfigTests {
    @Test func `every field is read`() throws {
        let read = try ModelConfig(
            json: config([
                "pad_token_id": 7, "bos_token_id": nil, "tie_word_embeddings": true, "head_dim": 16, "num_labels": 3,
                "hidden_act": "gelu", "rope_theta": 1e6, "attention_bias": true, "mlp_bias": false,
                "torch_dtype": "bfloat16",
            ])
        )
        #expect(read.architectures == ["Qwen2ForProcessRewardModel"])
        #expect(read.modelType == "qwen2")
        #expect([read.hiddenSize, read.intermediateSize, read.layerCount] == [32, 48, 3])
        #expect([read.headCount, read.keyValueHeadCount, read.headDimension] == [4, 2, 16])
        #expect([read.vocabularySize, read.maximumPositions] == [100, 4096])
        #expect(read.normEpsilon == 1e-6 && read.ropeTheta == 1e6 && read.ropeScaling == RopeScaling.none)
        #expect(read.padTokenID == 7 && read.bosTokenID == nil && read.labelCount == 3)
        #expect(read.tiesWordEmbeddings && read.activation == "gelu" && read.storedType == "bfloat16")
        #expect(read.attentionBias == true && read.mlpBias == false)
        #expect(read.slidingWindows == [nil, nil, nil])
    }

    @Test func `what may be absent has the default of its family`() throws {
        let read = try ModelConfig(json: config(without: "architectures"))
        #expect(read.architectures.isEmpty)
        #expect(read.headDimension == 8 && read.ropeTheta == 10_000 && read.activation == "silu")
        #expect(!read.tiesWordEmbeddings && read.padTokenID == nil && read.labelCount == nil)
        #expect(read.attentionBias == nil && read.mlpBias == nil && read.storedType == nil)
    }

    @Test(arguments: [
        "model_type", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "vocab_size",
        "rms_norm_eps", "max_position_embeddings", "num_key_value_heads",
    ])
    func `a missing field is refused by name`(key: String) {
        #expect(throws: CheckpointError.config(field: key, .missing)) { try ModelConfig(json: config(without: key)) }
        guard key != "num_key_value_heads" else { return }
        #expect(throws: CheckpointError.config(field: key, .missing)) { try ModelConfig(json: config([key: nil])) }
    }

    private static let bounded: [(String, [JSONValue], [JSONValue])] = [
        ("hidden_size", [8, 1_048_576], [0, -32, 1_048_577, 9_223_372_036_854_775_807]),
        ("intermediate_size", [1, 1_048_576], [0, 1_048_577]), ("num_hidden_layers", [1, 1024], [0, 1025, -1]),
        ("num_attention_heads", [2, 4], [0, 4097]), ("vocab_size", [1, 16_777_216], [0, 16_777_217]),
        ("num_key_value_heads", [1, 4], [0, 5]), ("max_position_embeddings", [1, 1_073_741_824], [0, 1_073_741_825]),
        ("rms_norm_eps", [1e-30, 1.0], [0.0, -1e-6, 1.1]), ("rope_theta", [1.0, 10000, 1e15], [0.5, -1.0, 1e16]),
        ("head_dim", [2, 4096], [0, 1, 3, 4097]), ("pad_token_id", [-1, 0, 2_147_483_647], [-2, 2_147_483_648]),
        ("bos_token_id", [0], [-2]), ("num_labels", [1], [0]), ("max_window_layers", [0], [-1]),
    ]

    @Test(arguments: bounded)
    func `a number is bounded at both ends`(key: String, accepted: [JSONValue], refused: [JSONValue]) throws {
        for value in accepted {
            #expect(throws: Never.self, "\(key): \(value)") { try ModelConfig(json: config([key: value])) }
        }
        for value in refused {
            let text = try #require(value.number?.lexeme)
            #expect(throws: CheckpointError.config(field: key, .outOfRange(text)), "\(key): \(text)") {
                try ModelConfig(json: config([key: value]))
            }
        }
    }

    private static let kinds: [(String, JSONValue, FieldProblem.Kind)] = [
        ("hidden_size", 32.0, .integer), ("hidden_size", "32", .integer), ("hidden_size", true, .integer),
        ("hidden_size", [32], .integer), ("num_hidden_layers", 3.5, .integer), ("model_type", 1, .string),
        ("architectures", "Qwen2", .strings), ("architectures", ["a", 1], .strings), ("rms_norm_eps", "1e-6", .number),
        ("rope_theta", true, .number), ("rope_scaling", "linear", .object), ("rope_parameters", [], .object),
        ("tie_word_embeddings", 1, .boolean), ("use_sliding_window", "no", .boolean), ("hidden_act", ["silu"], .string),
        ("sliding_window", 16.0, .integer), ("layer_types", "full_attention", .strings), ("id2label", [], .object),
        ("torch_dtype", 16, .string), ("attention_bias", 0, .boolean), ("pad_token_id", "0", .integer),
        ("quantization_config", "int8", .object),
    ]

    @Test(arguments: kinds)
    func `a field of another kind is refused by name`(key: String, value: JSONValue, kind: FieldProblem.Kind) {
        #expect(throws: CheckpointError.config(field: key, .expected(kind))) {
            try ModelConfig(json: config([key: value]))
        }
    }

    @Test func `an integer that no Int holds is out of range`() throws {
        let huge = try JSONValue(parsing: "1000000000000000000000000000000".utf8)
        let problem = FieldProblem.outOfRange("1000000000000000000000000000000")
        #expect(throws: CheckpointError.config(field: "hidden_size", problem)) {
            try ModelConfig(json: config(["hidden_size": huge]))
        }
        let exponent = try JSONValue(parsing: "1E2".utf8)
        #expect(throws: CheckpointError.config(field: "hidden_size", .expected(.integer))) {
            try ModelConfig(json: config(["hidden_size": exponent]))
        }
    }

    private static let contradictions: [(JSONObject, String, FieldProblem)] = [
        (["hidden_size": 30], "num_attention_heads", .contradicts("hidden_size")),
        (["hidden_size": 12], "head_dim", .outOfRange("3")),
        (["num_key_value_heads": 3], "num_key_value_heads", .contradicts("num_attention_heads")),
        (["quantization_config": ["quant_method": "gptq"]], "quantization_config", .unsupported("gptq")),
        (["quantization_config": [:]], "quantization_config", .unsupported("unnamed")),
        (["partial_rotary_factor": 0.5], "partial_rotary_factor", .unsupported("0.5")),
        (["layer_types": ["full_attention"]], "layer_types", .contradicts("num_hidden_layers")),
        (
            ["layer_types": ["full_attention", "chunked_attention", "x"]], "layer_types",
            .unsupported("chunked_attention")
        ),
    ]

    @Test(arguments: contradictions)
    func `fields that contradict or cannot be computed are refused`(
        changes: JSONObject,
        field: String,
        problem: FieldProblem
    ) {
        #expect(throws: CheckpointError.config(field: field, problem)) { try ModelConfig(json: config(changes)) }
    }

    @Test func `an explicit head dimension need not divide the hidden size`() throws {
        #expect(try ModelConfig(json: config(["hidden_size": 30, "head_dim": 16])).headDimension == 16)
        #expect(try ModelConfig(json: config(["head_dim": nil])).headDimension == 8)
        #expect(try ModelConfig(json: config(["partial_rotary_factor": 1.0])).headDimension == 8)
    }

    @Test func `an absent head dimension is an even share, but 128 in Qwen3`() throws {
        for (family, dimension) in [("qwen2", 8), ("llama", 8), ("mistral", 8), ("qwen3", 128)] {
            #expect(try ModelConfig(json: config(family: family)).headDimension == dimension)
        }
    }

    @Test func `key and value heads are as many as heads where they are null, and in Llama where they are absent`()
        throws
    {
        #expect(try ModelConfig(json: config(["num_key_value_heads": nil])).keyValueHeadCount == 4)
        let llama = config(without: "num_key_value_heads", family: "llama")
        #expect(try ModelConfig(json: llama).keyValueHeadCount == 4)
    }

    @Test func `labels are counted where they are not numbered`() throws {
        #expect(try ModelConfig(json: config(["id2label": ["0": "a", "1": "b"]])).labelCount == 2)
        #expect(try ModelConfig(json: config(["id2label": ["0": "a"], "num_labels": 5])).labelCount == 5)
    }

    @Test func `a pad token of -1 is none`() throws {
        #expect(try ModelConfig(json: config(["pad_token_id": -1])).padTokenID == nil)
    }

    @Test(arguments: ["dtype", "torch_dtype"])
    func `the stored type has two names`(key: String) throws {
        #expect(try ModelConfig(json: config([key: "float16"])).storedType == "float16")
    }

    @Test(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.skipped)))
    func `the fixtures' configs are read`() throws {
        func read(_ name: String) throws -> ModelConfig {
            let folder = try fixtureCheckpoint(name)
            return try withExtendedLifetime(folder) { try Checkpoint(folder: folder.path).config }
        }
        let qwen = try read("qwen-prm")
        #expect(qwen.vocabularySize == 151_680 && qwen.normEpsilon == 1e-5 && qwen.headDimension == 8)
        #expect(try read("qwen-prm-sharded") == qwen)
        let qwen3 = try read("qwen3-orm")
        #expect(qwen3.headDimension == 16 && qwen3.ropeTheta == 1e6 && qwen3.padTokenID == 151_643)
        #expect(try read("math-shepherd").slidingWindows == [16, 16, 16])
        let llama = RopeScaling.llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 64)
        #expect(try read("rlhflow").ropeScaling == llama)
        #expect(try read("rlhflow").ropeTheta == 500_000)
        #expect(try read("trl-prm").architectures == ["Qwen2ForTokenClassification"])
        #expect(try read("skywork").modelType == "qwen2")
    }
}
