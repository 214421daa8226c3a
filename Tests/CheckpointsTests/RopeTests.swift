// Rotary scaling in both spellings, and the windows of each family.
import Checkpoints
import JSON
import Testing

@Suite struct RopeTests {
    private static let llama3: JSONObject = [
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    ]
    private static let llama3Read = RopeScaling.llama3(
        factor: 8,
        lowFrequencyFactor: 1,
        highFrequencyFactor: 4,
        originalPositions: 8192
    )

    private static func llama3(_ key: String, _ value: JSONValue?) -> JSONValue {
        var changed = llama3
        changed[key] = value
        return .object(changed)
    }

    private static let spellings: [(JSONObject, Double, RopeScaling)] = [
        (["rope_theta": 1000000.0, "rope_scaling": nil], 1e6, .none), (["rope_theta": 500000], 5e5, .none),
        (["rope_parameters": ["rope_type": "default", "rope_theta": 1000000.0]], 1e6, .none),
        (["rope_parameters": ["rope_theta": 1000000]], 1e6, .none), (["rope_parameters": [:]], 1e4, .none),
        (["rope_parameters": ["rope_theta": 5.0], "rope_theta": 5.0], 5, .none),
        (["rope_scaling": ["type": "linear", "factor": 2.0]], 1e4, .linear(factor: 2)),
        (["rope_scaling": ["rope_type": "linear", "type": "linear", "factor": 2]], 1e4, .linear(factor: 2)),
        (["rope_parameters": ["rope_type": "linear", "factor": 4.0, "rope_theta": 2e4]], 2e4, .linear(factor: 4)),
        (["rope_theta": 500000.0, "rope_scaling": .object(llama3)], 5e5, llama3Read),
        (["rope_parameters": llama3("rope_theta", 500000.0)], 5e5, llama3Read),
        (["rope_parameters": .object(llama3), "rope_scaling": .object(llama3)], 1e4, llama3Read),
        (["rope_scaling": ["type": "yarn", "factor": 4.0]], 1e4, .other("yarn")),
        (["rope_scaling": ["rope_type": "dynamic", "factor": 4.0]], 1e4, .other("dynamic")),
    ]

    @Test(arguments: spellings)
    func `both spellings say the same`(changes: JSONObject, theta: Double, scaling: RopeScaling) throws {
        let read = try ModelConfig(json: config(changes))
        #expect(read.ropeTheta == theta)
        #expect(read.ropeScaling == scaling)
    }

    private static let refusals: [(JSONObject, String, FieldProblem)] = [
        (
            ["rope_theta": 1e6, "rope_parameters": ["rope_theta": 1e4]], "rope_theta",
            .contradicts("rope_parameters.rope_theta")
        ),
        (
            ["rope_scaling": ["type": "linear", "factor": 2.0], "rope_parameters": [:]], "rope_scaling",
            .contradicts("rope_parameters")
        ),
        (["rope_scaling": ["type": "linear", "rope_type": "yarn"]], "rope_scaling.rope_type", .contradicts("type")),
        (["rope_scaling": ["factor": 2.0]], "rope_scaling.rope_type", .missing),
        (["rope_scaling": ["type": "linear"]], "rope_scaling.factor", .missing),
        (["rope_scaling": ["type": "linear", "factor": 0.5]], "rope_scaling.factor", .outOfRange("0.5")),
        (["rope_scaling": ["type": 5]], "rope_scaling.type", .expected(.string)),
        (["rope_parameters": ["rope_theta": "1"]], "rope_parameters.rope_theta", .expected(.number)),
        (
            ["rope_parameters": ["full_attention": [:]]], "rope_parameters.full_attention",
            .unsupported("rope by layer type")
        ),
        (["rope_scaling": llama3("factor", nil)], "rope_scaling.factor", .missing),
        (["rope_scaling": llama3("low_freq_factor", nil)], "rope_scaling.low_freq_factor", .missing),
        (["rope_scaling": llama3("high_freq_factor", nil)], "rope_scaling.high_freq_factor", .missing),
        (
            ["rope_scaling": llama3("high_freq_factor", 1.0)], "rope_scaling.high_freq_factor",
            .contradicts("low_freq_factor")
        ),
        (
            ["rope_scaling": llama3("original_max_position_embeddings", nil)],
            "rope_scaling.original_max_position_embeddings", .missing
        ),
        (
            ["rope_scaling": llama3("original_max_position_embeddings", 0)],
            "rope_scaling.original_max_position_embeddings", .outOfRange("0")
        ),
    ]

    @Test(arguments: refusals)
    func `a scaling that is incomplete or contradicts is refused by name`(
        changes: JSONObject,
        field: String,
        problem: FieldProblem
    ) {
        #expect(throws: CheckpointError.config(field: field, problem)) { try ModelConfig(json: config(changes)) }
    }
}

@Suite struct SlidingWindowTests {
    private static let full: JSONValue = "full_attention"
    private static let sliding: JSONValue = "sliding_attention"

    private static let rules: [(String, JSONObject, [Int?])] = [
        ("mistral", ["sliding_window": 16], [16, 16, 16]), ("mistral", ["sliding_window": nil], [nil, nil, nil]),
        ("llama", ["sliding_window": 16], [nil, nil, nil]), ("gemma", ["sliding_window": nil], [nil, nil, nil]),
        ("qwen2", ["sliding_window": 131072], [nil, nil, nil]),
        ("qwen2", ["sliding_window": 131072, "use_sliding_window": false, "max_window_layers": 0], [nil, nil, nil]),
        ("qwen2", ["sliding_window": 16, "use_sliding_window": true, "max_window_layers": 1], [nil, 16, 16]),
        ("qwen3", ["sliding_window": 16, "use_sliding_window": true, "max_window_layers": 0], [16, 16, 16]),
        ("qwen2", ["sliding_window": 16, "use_sliding_window": true], [nil, nil, nil]),
        ("qwen2", ["sliding_window": nil, "use_sliding_window": true, "max_window_layers": 0], [nil, nil, nil]),
        (
            "qwen2", ["sliding_window": 16, "use_sliding_window": true, "layer_types": [sliding, full, sliding]],
            [16, nil, 16]
        ),
        ("mistral", ["sliding_window": 16, "layer_types": [sliding, sliding, sliding]], [16, 16, 16]),
        ("mistral", ["sliding_window": 2_147_483_647], [2_147_483_647, 2_147_483_647, 2_147_483_647]),
    ]

    @Test(arguments: rules)
    func `every family has its own rule`(family: String, changes: JSONObject, windows: [Int?]) throws {
        #expect(try ModelConfig(json: config(changes, family: family)).slidingWindows == windows)
    }

    @Test func `an absent window is 4096 in Mistral and where Qwen2 switches it on`() throws {
        let mistral = config(without: "sliding_window", family: "mistral")
        #expect(try ModelConfig(json: mistral).slidingWindows == [4096, 4096, 4096])
        var qwen = config(without: "sliding_window")
        #expect(try ModelConfig(json: qwen).slidingWindows == [nil, nil, nil])
        qwen["use_sliding_window"] = true
        qwen["max_window_layers"] = 2
        #expect(try ModelConfig(json: qwen).slidingWindows == [nil, nil, 4096])
    }

    private static let refusals: [(String, JSONObject, String, FieldProblem)] = [
        ("gemma2", ["sliding_window": 16], "model_type", .unsupported("gemma2")),
        ("mistral", ["sliding_window": 0], "sliding_window", .outOfRange("0")),
        ("mistral", ["sliding_window": 2_147_483_648], "sliding_window", .outOfRange("2147483648")),
        (
            "mistral", ["sliding_window": 16, "layer_types": [full, sliding, sliding]], "layer_types",
            .contradicts("sliding_window")
        ),
        (
            "qwen2", ["sliding_window": 16, "layer_types": [full, sliding, full]], "layer_types",
            .contradicts("sliding_window")
        ),
        ("llama", ["layer_types": [sliding, sliding, sliding]], "layer_types", .contradicts("sliding_window")),
    ]

    @Test(arguments: refusals)
    func `a window that cannot be meant is refused`(
        family: String,
        changes: JSONObject,
        field: String,
        problem: FieldProblem
    ) {
        #expect(throws: CheckpointError.config(field: field, problem)) {
            try ModelConfig(json: config(changes, family: family))
        }
    }
}
