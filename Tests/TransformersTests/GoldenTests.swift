// The rewards of the numpy reference, from our own checkpoints.
import Checkpoints
import Fixtures
import Foundation
import JSON
import Testing
import Transformers

private func folder(_ name: String) -> URL { Shared.checkout.appendingPathComponent("Tests/Goldens/\(name)") }

@Suite struct GoldenTests {
    @Test(arguments: ["tiny-prm", "tiny-trl", "tiny-llama", "tiny-mistral"])
    func `every case has the rewards of the reference, alone and packed`(name: String) async throws {
        let text = Array(try Data(contentsOf: folder(name).appendingPathComponent("cases.json")))
        let cases = try ScoredCase.all(parsing: text)
        #expect(cases.count >= 9)
        _ = try await worstDifference(of: cases, in: folder(name).path)
    }

    /// What a golden would miss if it did not bite: each change moves a reward far beyond rounding.
    @Test(
        arguments: [
            ("tiny-llama", "rope_scaling", nil), ("tiny-llama", "tie_word_embeddings", nil),
            ("tiny-llama", "rope_scaling", ["rope_type": "linear", "factor": 8.0]),
            ("tiny-mistral", "rope_parameters", nil), ("tiny-mistral", "sliding_window", nil),
            ("tiny-mistral", "sliding_window", 9), ("tiny-mistral", "sliding_window", 11),
        ] as [(String, String, JSONValue?)]
    )
    func `a config that says something else is not scored the same`(
        name: String,
        key: String,
        value: JSONValue?
    ) async throws {
        let changed = try TemporaryFolder()
        let source = folder(name)
        try FileManager.default.copyItem(
            at: source.appendingPathComponent("model.safetensors"),
            to: changed.url.appendingPathComponent("model.safetensors")
        )
        let text = Array(try Data(contentsOf: source.appendingPathComponent("config.json")))
        var config = try #require(try JSONValue(parsing: text).object)
        config[key] = value ?? .null
        try changed.write(JSONValue.object(config).serialized(), to: "config.json")
        let cases = try ScoredCase.all(parsing: Array(Data(contentsOf: source.appendingPathComponent("cases.json"))))
        let long = try #require(cases.first { $0.title == "two blocks and some" })
        do {
            let model = try loadModel(changed, head: long.head, reduction: long.reduction)
            let rewards = try await model.forward(PackedBatch([long.sequence]))
            #expect(largestDifference(rewards, long.rewards) > 1e-3)
        } catch ModelError.missingTensor("lm_head.weight") {
            #expect(key == "tie_word_embeddings")
        }
    }
}
