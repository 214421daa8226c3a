// The rewards that the reference computes come back over HTTP.
import Fixtures
import Foundation
import JSON
import Testing

/// A case of cases.json: a rollout, what the model reads, and what the reference computed.
private struct Case {
    let title: String
    let family: String
    let rollout: JSONObject
    let ids: [Int]
    let readPositions: [Int]
    let rewards: [Double]

    init?(_ value: JSONValue, checkpoint: String) {
        guard value["checkpoint"]?.string == checkpoint, let title = value["title"]?.string,
            let family = value["family"]?.string, let prompt = value["prompt"], let steps = value["steps"],
            let ids = value["ids"]?.array, let positions = value["read_positions"]?.array,
            let rewards = value["rewards"]?.array
        else { return nil }
        self.title = title
        self.family = family
        rollout = ["id": .string(title), "prompt": prompt, "steps": steps]
        self.ids = ids.compactMap(\.integer)
        readPositions = positions.compactMap(\.integer)
        self.rewards = rewards.compactMap(\.double)
    }

    /// The reference's reward of each step; Skywork reads at every line, and a step has that of its last.
    var stepRewards: [Double?] {
        let steps = rollout["steps"]?.array?.compactMap(\.string) ?? []
        switch family {
        case "skywork":
            var read = -1
            return steps.map { step in
                read += step.utf8.count { $0 == UInt8(ascii: "\n") } + 1
                return rewards[read]
            }
        case "sequence-classification":
            return steps.indices.map { $0 == steps.count - 1 ? rewards[0] : nil }
        default: return rewards
        }
    }
}

@Suite struct CaseTests {
    @Test(
        .enabled(if: Shared.isPresent, Comment(rawValue: Shared.skipped)),
        arguments: [
            ("qwen-prm", "qwen-prm"), ("qwen-prm-sharded", "qwen-prm"), ("skywork", "skywork"), ("trl-prm", "trl"),
            ("trl-prm", "pure"), ("qwen3-orm", "sequence-classification"), ("math-shepherd", "math-shepherd"),
        ]
    )
    func `the shared fixtures score as transformers scores them`(checkpoint: String, family: String) throws {
        let folder = try fixtureCheckpoint(checkpoint)
        if Self.named.contains(family) {
            try folder.write(Array(#"{"profile":"\#(family)"}"#.utf8), to: "linchpin.json")
        }
        try check(Self.shared(checkpoint, family), model: folder.path, least: 5)
    }

    /// Llama-3's vocabulary is not ours to keep; Deploy/test has it rebuilt from a PyPI wheel.
    @Test(.enabled(if: Llama3.isUsable, Comment(rawValue: Llama3.skipped)))
    func `RLHFlow's fixture scores as transformers scores it`() throws {
        let folder = try Llama3.fixture()
        try folder.write(Array(#"{"profile":"rlhflow"}"#.utf8), to: "linchpin.json")
        try check(Self.shared("rlhflow", "rlhflow"), model: folder.path, least: 5)
    }

    /// By ids alone: what a model reads does not depend on who laid it out. Llama-3's fixture has no tokenizer, so
    /// Qwen's stands in its place, which raw ids do not ask.
    @Test(
        .enabled(if: Shared.isPresent, Comment(rawValue: Shared.skipped)),
        arguments: [("math-shepherd", "math-shepherd"), ("rlhflow", "rlhflow"), ("qwen-prm", "qwen-prm")]
    )
    func `raw ids score as transformers scores them`(checkpoint: String, family: String) throws {
        let folder = try fixtureCheckpoint(checkpoint)
        if checkpoint == "rlhflow" {
            // A vocabulary whose "+" and "-" are Llama-3's ids 10 and 12, as Qwen's are; cut to fit the embedding.
            try folder.write(smallByteTokenizer(), to: "tokenizer.json")
            try folder.write(Array(Self.rawByCandidates.utf8), to: "linchpin.json")
        } else if Self.named.contains(family) {
            try folder.write(Array(#"{"profile":"\#(family)"}"#.utf8), to: "linchpin.json")
        }
        let server = try Linchpin(model: folder.path)
        defer { _ = server.stop() }
        for wanted in try Self.shared(checkpoint, family) {
            let rollout: JSONObject = [
                "token_ids": .array(wanted.ids.map { JSONValue($0) }),
                "read_positions": .array(wanted.readPositions.map { JSONValue($0) }),
            ]
            let item = try server.post("/v1/rewards", ["rollouts": [.object(rollout)]]).json()["data"]?.array?.first
            let rewards = item?["steps"]?.array?.compactMap { $0["reward"]?.double } ?? []
            #expect(rewards.count == wanted.rewards.count)
            for (got, reference) in zip(rewards, wanted.rewards) { #expect(abs(got - reference) <= 1e-5) }
        }
    }

    private static let named = ["pure", "math-shepherd", "rlhflow"]
    private static let rawByCandidates = #"{"profile":"rlhflow","template":"raw"}"#

    private static func shared(_ checkpoint: String, _ family: String) throws -> [Case] {
        let cases = try JSONValue(parsing: Shared.bytes("fixtures/cases.json")).array ?? []
        return cases.compactMap { Case($0, checkpoint: checkpoint) }.filter { $0.family == family }
    }

    @Test(
        arguments: [
            ("tiny-prm", "qwen-prm"), ("tiny-trl", "trl"), ("tiny-trl", "pure"), ("tiny-llama", "rlhflow"),
            ("tiny-mistral", "math-shepherd"),
        ]
    )
    func `our own goldens score as their reference scores them`(checkpoint: String, family: String) throws {
        let source = Shared.checkout.appendingPathComponent("Tests/Goldens/\(checkpoint)")
        let folder = try TemporaryFolder()
        for file in try FileManager.default.contentsOfDirectory(atPath: source.path) {
            try FileManager.default.createSymbolicLink(
                at: folder.url.appendingPathComponent(file),
                withDestinationURL: source.appendingPathComponent(file)
            )
        }
        if family == "pure" { try folder.write(Array(#"{"profile":"pure"}"#.utf8), to: "linchpin.json") }
        let bytes = [UInt8](try Data(contentsOf: source.appendingPathComponent("cases.json")))
        let cases = try JSONValue(parsing: bytes).array ?? []
        try check(
            cases.compactMap { Case($0, checkpoint: checkpoint) }.filter { $0.family == family },
            model: folder.path,
            least: 5
        )
    }

    /// All cases in one request, then each alone: the same ids, the same positions, rewards within 1e-5, equal bits.
    private func check(_ cases: [Case], model: String, least: Int) throws {
        #expect(cases.count >= least)
        let server = try Linchpin(model: model)
        defer { _ = server.stop() }
        let rollouts = JSONValue.array(cases.map { .object($0.rollout) })
        let answer = try server.post("/v1/rewards", ["rollouts": rollouts, "return_token_ids": true])
        #expect(answer.status == 200)
        let data = try answer.json()["data"]?.array ?? []
        #expect(data.count == cases.count)
        for (item, wanted) in zip(data, cases) {
            #expect(item["token_ids"]?.array?.compactMap(\.integer) == wanted.ids, "\(wanted.title)")
            #expect(item["read_positions"]?.array?.compactMap(\.integer) == wanted.readPositions, "\(wanted.title)")
            let rewards = item["steps"]?.array?.map { $0["reward"]?.double } ?? []
            #expect(rewards.count == wanted.stepRewards.count)
            for (step, (got, reference)) in zip(rewards, wanted.stepRewards).enumerated() {
                #expect((got == nil) == (reference == nil))
                #expect(abs((got ?? 0) - (reference ?? 0)) <= 1e-5, "\(wanted.title), step \(step)")
            }
            let alone = try server.post("/v1/rewards", ["rollouts": [.object(wanted.rollout)]])
            #expect(try alone.json()["data"]?.array?.first?["steps"] == item["steps"], "\(wanted.title) alone")
        }
    }
}
