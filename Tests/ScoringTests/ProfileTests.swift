// A folder's profile is found, proven, overridden or refused.
import Checkpoints
import Crediting
import Fixtures
import Foundation
import Scoring
import Testing
import Transformers

/// A copy of one of our goldens that a test may change.
func golden(_ name: String, changing changes: [String: String] = [:]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let source = Shared.checkout.appendingPathComponent("Tests/Goldens/\(name)")
    for file in try FileManager.default.contentsOfDirectory(atPath: source.path) {
        try FileManager.default.copyItem(
            at: source.appendingPathComponent(file),
            to: folder.url.appendingPathComponent(file)
        )
    }
    for (file, text) in changes { try folder.write(Array(text.utf8), to: file) }
    return folder
}

/// A golden's file with one text in the place of another.
func replaced(_ name: String, _ file: String, _ old: String, _ new: String) throws -> String {
    let url = Shared.checkout.appendingPathComponent("Tests/Goldens/\(name)/\(file)")
    let text = try String(contentsOf: url, encoding: .utf8)
    #expect(text.contains(old), "\(file) has \(old)")
    return text.replacingOccurrences(of: old, with: new)
}

@Suite struct ProfileTests {
    private func plan(_ folder: TemporaryFolder) throws -> ScoringPlan {
        try ScoringPlan(checkpoint: Checkpoint(folder: folder.path))
    }

    @Test(arguments: [("tiny-prm", "qwen-prm"), ("tiny-trl", "trl")])
    func `a profile is found from architecture and tensors`(name: String, profile: String) throws {
        #expect(try plan(golden(name)).profile.name == profile)
    }

    @Test(
        .enabled(if: Shared.isPresent, Comment(rawValue: Shared.skipped)),
        arguments: [
            ("qwen-prm", "qwen-prm"), ("qwen-prm-sharded", "qwen-prm"), ("skywork", "skywork"), ("trl-prm", "trl"),
            ("qwen3-orm", "sequence-classification"),
        ]
    )
    func `every fixture that can be told apart has its own profile`(name: String, profile: String) throws {
        #expect(try plan(fixtureCheckpoint(name)).profile.name == profile)
    }

    @Test func `linchpin json chooses a profile that looks like another`() throws {
        let pure = try plan(golden("tiny-trl", changing: ["linchpin.json": #"{"profile":"pure"}"#])).profile
        #expect(pure.name == "pure" && pure.reduction == .margin && pure.scale == .margin)
        #expect(pure.defaultCredit == .standard)
    }

    @Test func `linchpin json lays fields over a profile`() throws {
        let text = #"{"separator":"\n","semantics":"value","scale":"raw","system":null,"reduction":"softmax[0]"}"#
        let profile = try plan(golden("tiny-prm", changing: ["linchpin.json": text])).profile
        #expect(profile.name == "qwen-prm" && profile.separator == "\n" && profile.reduction == .softmax(0))
        #expect(profile.template == TemplateRecipe(.chatMarker, system: .none, marker: "<extra_0>"))
        #expect(profile.defaultCredit.pooling == .last && profile.defaultCredit.scale == .logit)
    }

    /// The last has "value" semantics, whose own pooling is `last`, and raw rewards, whose own scale is `logit`.
    @Test(arguments: [
        (#"{"pooling":"sws","temperature":0.1,"credit_scale":"probability"}"#, Pooling.sws, 0.1, Scale.probability),
        (#"{"pooling":"min"}"#, .min, 0.05, .probability), (#"{"temperature":2}"#, .sws, 2, .probability),
        (#"{"profile":"trl","semantics":"value","pooling":"product"}"#, .product, 0.05, .probability),
        (#"{"semantics":"value","scale":"raw","temperature":0.5}"#, .last, 0.5, .logit),
        (#"{"scale":"raw","credit_scale":"margin"}"#, .sws, 0.05, .margin),
    ])
    func `linchpin json says how the model's credit falls`(
        text: String,
        pooling: Pooling,
        temperature: Double,
        scale: Scale
    ) throws {
        let profile = try plan(golden("tiny-trl", changing: ["linchpin.json": text])).profile
        let expected = try CreditSettings(pooling: pooling, temperature: temperature, scale: scale)
        #expect(profile.defaultCredit == expected)
    }

    @Test(arguments: [
        (#"{"pooling":"best"}"#, "pooling"), (#"{"pooling":1}"#, "pooling"), (#"{"temperature":0}"#, "temperature"),
        (#"{"temperature":-0.1}"#, "temperature"), (#"{"temperature":"0.1"}"#, "temperature"),
        (#"{"temperature":null}"#, "temperature"), (#"{"credit_scale":"raw"}"#, "credit_scale"),
        (#"{"credit_scale":null}"#, "credit_scale"), (#"{"pooling":"product","credit_scale":"logit"}"#, "pooling"),
    ])
    func `credit that a linchpin json cannot mean is refused by its key`(text: String, key: String) throws {
        let folder = try golden("tiny-trl", changing: ["linchpin.json": text])
        let thrown = #expect(throws: ProfileError.self) { try plan(folder) }
        guard case .badOverride(key, _) = try #require(thrown) else {
            Issue.record("\(String(describing: thrown))")
            return
        }
    }

    @Test(arguments: [
        (#"{"profile":"best"}"#, "unknownProfile"), (#"{"profil":"pure"}"#, "unknownOverride"),
        (#"{"profile":7}"#, "badOverride"), (#"[]"#, "badOverride"), (#"{"#, "notJSON"),
        (#"{"separator":""}"#, "badOverride"), (#"{"reduction":"softmax[9]"}"#, "wrongHead"),
        (#"{"scale":"percent"}"#, "badOverride"), (#"{"semantics":"good"}"#, "badOverride"),
        (#"{"template_separator":"\n"}"#, "badOverride"), (#"{"marker":"<nowhere>"}"#, "missingToken"),
        (#"{"profile":"skywork"}"#, "missingTensor"), (#"{"profile":"trl"}"#, "missingTensor"),
    ])
    func `a linchpin json that does not fit is refused`(text: String, error: String) throws {
        let folder = try golden("tiny-prm", changing: ["linchpin.json": text])
        let thrown = #expect(throws: ProfileError.self) { try plan(folder) }
        #expect("\(try #require(thrown))".hasPrefix(error))
    }

    @Test func `an architecture that no profile covers is refused by name`() throws {
        let config = try replaced("tiny-prm", "config.json", "Qwen2ForProcessRewardModel", "Qwen2ForCausalLM")
        let thrown = #expect(throws: ProfileError.self) {
            try plan(golden("tiny-prm", changing: ["config.json": config]))
        }
        guard case .unknownArchitecture(["Qwen2ForCausalLM"], let languageModels) = try #require(thrown) else {
            Issue.record("\(String(describing: thrown))")
            return
        }
        #expect(languageModels.contains("math-shepherd") && !languageModels.contains("trl"))
    }

    @Test func `a head of another family is refused with the tensor's name`() throws {
        let config = try replaced("tiny-prm", "config.json", "Qwen2ForProcessRewardModel", "Qwen2ForPrmModel")
        #expect(throws: ProfileError.missingTensor(profile: "skywork", tensor: "v_head.summary.weight")) {
            try plan(golden("tiny-prm", changing: ["config.json": config]))
        }
    }

    @Test func `a tokenizer without the marker fails at load`() throws {
        // The plain Qwen2.5 tokenizer has <|quad_end|> in the place of <extra_0> (prm-zoo section 3 A).
        let tokenizer = try replaced("tiny-prm", "tokenizer.json", "<extra_0>", "<|quad_end|>")
        #expect(throws: ProfileError.missingToken(profile: "qwen-prm", token: "<extra_0>")) {
            try plan(golden("tiny-prm", changing: ["tokenizer.json": tokenizer]))
        }
    }

    @Test func `a folder without a tokenizer is refused`() throws {
        let folder = try golden("tiny-prm")
        try FileManager.default.removeItem(at: folder.url.appendingPathComponent("tokenizer.json"))
        #expect(throws: ProfileError.missingTokenizer) { try plan(folder) }
    }
}
