// Families are told apart by architecture and tensors, and their files say what the code says.
import Checkpoints
import Crediting
import Fixtures
import Foundation
import JSON
import Scoring
import Testing
import Transformers

/// A checkpoint of empty layers and the head's tensors, [shape] by name; enough to find a profile, not to score.
private func checkpoint(
    _ architecture: String?,
    _ tensors: [(name: String, shape: [Int])],
    tied: Bool = false
) throws -> Checkpoint {
    let architectures = architecture.map { "[\"\($0)\"]" } ?? "[]"
    let config = """
        {"architectures":\(architectures),"model_type":"qwen2","hidden_size":8,"intermediate_size":8,"num_hidden_layers":1,
         "num_attention_heads":2,"num_key_value_heads":1,"vocab_size":300,"rms_norm_eps":1e-6,
         "max_position_embeddings":64,"tie_word_embeddings":\(tied)}
        """
    var header: [String] = []
    var offset = 0
    for (name, shape) in tensors {
        let end = offset + shape.reduce(4, *)
        let sizes = shape.map(String.init).joined(separator: ",")
        header.append("\"\(name)\":{\"dtype\":\"F32\",\"shape\":[\(sizes)],\"data_offsets\":[\(offset),\(end)]}")
        offset = end
    }
    let text = Array("{\(header.joined(separator: ","))}".utf8)
    let length = withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init)
    let folder = try TemporaryFolder()
    try folder.write(Array(config.utf8), to: "config.json")
    try folder.write(length + text + [UInt8](repeating: 0, count: offset), to: "model.safetensors")
    return try Checkpoint(folder: folder.path)
}

@Suite struct FamilyTests {
    private static let mlp = [("score.0.weight", [8, 8]), ("score.0.bias", [8]), ("score.2.bias", [2])]

    /// Architecture, tensors of the head and the profile; no architecture means that the tensors decide.
    private static let told: [(String?, [(String, [Int])], Family)] = [
        ("Qwen2ForProcessRewardModel", mlp + [("score.2.weight", [2, 8])], .qwenPRM),
        (nil, mlp + [("score.2.weight", [2, 8])], .qwenPRM),
        ("Qwen2ForRewardModel", mlp + [("score.2.weight", [1, 8])], .qwenRM),
        (nil, mlp + [("score.2.weight", [1, 8])], .qwenRM),
        ("Qwen2ForPrmModel", [("v_head.summary.weight", [1, 8]), ("v_head.summary.bias", [1])], .skywork),
        (nil, [("v_head.summary.weight", [1, 8]), ("v_head.summary.bias", [1])], .skywork),
        ("ReasonEval_7B", [("score_head.weight", [3, 8])], .reasonEval),
        ("ReasonEval_34B", [("score_head.weight", [3, 8]), ("score_head.bias", [3])], .reasonEval),
        ("MistralForTokenClassification", [("score.weight", [2, 8]), ("score.bias", [2])], .trl),
        ("LlamaForSequenceClassification", [("score.weight", [1, 8])], .sequenceClassification),
        ("Unheard", [("score.weight", [2, 8]), ("score.bias", [2])], .trl),
        ("Unheard", [("score.weight", [1, 8])], .sequenceClassification),
    ]

    @Test(arguments: told)
    func `a family that can be told apart is found`(
        architecture: String?,
        tensors: [(String, [Int])],
        family: Family
    ) throws {
        let profile = try Profile(checkpoint: checkpoint(architecture, tensors))
        #expect(profile.name == family.rawValue)
        #expect(profile.evidence.count == 2)
    }

    @Test(arguments: [
        ("Qwen2ForTokenClassification", [("score.weight", [1, 8])]),
        ("Qwen2ForTokenClassification", [("score.weight", [3, 8])]),
        ("Qwen2ForSequenceClassification", [("score.weight", [2, 8])]),
        ("ReasonEval_7B", [("score_head.weight", [2, 8])]),
        ("Qwen2ForProcessRewardModel", [("score.0.weight", [8, 8]), ("score.2.weight", [1, 8])]),
    ])
    func `a head with other classes than the family's is refused`(name: String, tensors: [(String, [Int])]) throws {
        let thrown = #expect(throws: ProfileError.self) { try Profile(checkpoint: checkpoint(name, tensors)) }
        guard case .wrongHead = try #require(thrown) else {
            Issue.record("\(String(describing: thrown))")
            return
        }
    }

    @Test(arguments: [Family.mathShepherd, .versaPRM, .mathPSA, .medPRM, .rlhflow, .fover])
    func `a language model has to be named`(family: Family) throws {
        let model = try checkpoint("LlamaForCausalLM", [("lm_head.weight", [300, 8]), ("score.weight", [1, 8])])
        let thrown = #expect(throws: ProfileError.self) { try Profile(checkpoint: model) }
        guard case .unknownArchitecture(_, let names) = try #require(thrown) else {
            Issue.record("\(String(describing: thrown))")
            return
        }
        #expect(names.contains(family.rawValue))
        let profile = try Profile(checkpoint: model, source: .name(family.rawValue))
        #expect(profile.name == family.rawValue && profile.evidence.first == "--profile: profile is \(family.rawValue)")
    }

    @Test func `candidate tokens are rows of the language head or of the embedding it is tied to`() throws {
        let tied = try checkpoint("Qwen2ForCausalLM", [("model.embed_tokens.weight", [300, 8])], tied: true)
        #expect(try Profile(checkpoint: tied, source: .name("versaprm")).name == "versaprm")
        let none = try checkpoint("Qwen2ForCausalLM", [("model.embed_tokens.weight", [300, 8])])
        #expect(throws: ProfileError.missingTensor(profile: "versaprm", tensor: "lm_head.weight")) {
            try Profile(checkpoint: none, source: .name("versaprm"))
        }
    }

    /// Every field is written out in the file, so that it documents the profile; here is the proof that it is true.
    @Test(arguments: Family.allCases)
    func `the file of a profile says what the code says`(family: Family) throws {
        let file = Shared.checkout.appendingPathComponent("Deploy/profiles/\(family.rawValue).json")
        let bytes = [UInt8](try Data(contentsOf: file))
        let keys = try #require(try JSONValue(parsing: bytes).object?.keys.map { $0 })
        #expect(Set(keys).isSuperset(of: ["profile", "template", "reduction", "separator", "semantics", "scale"]))
        let all: [(String, [Int])] = [
            ("lm_head.weight", [300, 8]), ("score.0.weight", [8, 8]), ("score.0.bias", [8]),
            ("score.2.weight", [family == .qwenRM ? 1 : 2, 8]), ("score.2.bias", [2]),
            ("v_head.summary.weight", [1, 8]), ("v_head.summary.bias", [1]), ("score_head.weight", [3, 8]),
            ("score_head.bias", [3]),
            ("score.weight", [family == .sequenceClassification || family == .mathMinos ? 1 : 2, 8]),
            ("score.bias", [2]),
        ]
        var read = try Profile(checkpoint: checkpoint("LlamaForCausalLM", all), source: .file(bytes, name: file.path))
        read.evidence = []
        #expect(read == family.profile)
    }

    @Test func `there is no file of a profile that is not`() throws {
        let folder = Shared.checkout.appendingPathComponent("Deploy/profiles")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }
        #expect(Set(files) == Set(Family.allCases.map { "\($0.rawValue).json" } + ["raw.json"]))
    }

    @Test func `a head, a template and a reduction of one's own can be written down`() throws {
        let text = """
            {"profile":"trl","template":"text_marker","prompt_prefix":"P","prompt_suffix":"S","step_prefix":"{n}) ",
             "marker":"#","template_separator":";","beginnings":0,"head":{"weight":"value.weight","bias":"value.bias"},
             "reduction":"sum[0,2]"}
            """
        let model = try checkpoint("Own", [("value.weight", [3, 8]), ("value.bias", [3])])
        let profile = try Profile(checkpoint: model, source: .file(Array(text.utf8), name: "own.json"))
        #expect(profile.head == .tensors(.linear(weight: "value.weight", bias: "value.bias")))
        #expect(profile.reduction == .sum([0, 2]))
        let template = TemplateRecipe(
            .textMarker,
            promptPrefix: "P",
            promptSuffix: "S",
            stepPrefix: "{n}) ",
            marker: "#",
            joiner: ";",
            beginnings: 0
        )
        #expect(profile.template == template)
    }

    @Test(arguments: [
        (#"{"template":"text_marker"}"#, "marker"), (#"{"template":"chat_turns"}"#, "verdict"),
        (#"{"template":"best"}"#, "template"), (#"{"verdict":"+"}"#, "verdict"), (#"{"user_turn":1}"#, "user_turn"),
        (#"{"beginnings":1}"#, "beginnings"), (#"{"chat":"chatml"}"#, "chat"), (#"{"head":{}}"#, "head"),
        (#"{"head":{"weight":"a","wieght":"b"}}"#, "head"), (#"{"candidate_tokens":[]}"#, "candidate_tokens"),
        (#"{"candidate_tokens":["+",1]}"#, "candidate_tokens"), (#"{"reduction":"sum[]"}"#, "reduction"),
        (#"{"reduction":"sum[1,1]"}"#, "reduction"), (#"{"reduction":"softmax[1,2]"}"#, "reduction"),
        (#"{"head":{"weight":"a"},"candidate_tokens":["+"]}"#, "head"), (#"{"reduction":"softmax[+1]"}"#, "reduction"),
    ])
    func `a field that a profile cannot have is refused by its key`(text: String, key: String) throws {
        let model = try checkpoint("Qwen2ForTokenClassification", [("score.weight", [2, 8]), ("score.bias", [2])])
        let thrown = #expect(throws: ProfileError.self) {
            try Profile(checkpoint: model, source: .file(Array(text.utf8), name: "own.json"))
        }
        guard case .badOverride(key, _) = try #require(thrown) else {
            Issue.record("\(String(describing: thrown))")
            return
        }
    }
}
