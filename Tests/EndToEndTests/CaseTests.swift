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
            ("trl-prm", "pure"), ("qwen3-orm", "sequence-classification"),
        ]
    )
    func `the shared fixtures score as transformers scores them`(checkpoint: String, family: String) throws {
        let folder = try fixtureCheckpoint(checkpoint)
        if family == "pure" { try folder.write(Array(#"{"profile":"pure"}"#.utf8), to: "linchpin.json") }
        let cases = try JSONValue(parsing: Shared.bytes("fixtures/cases.json")).array ?? []
        try check(
            cases.compactMap { Case($0, checkpoint: checkpoint) }.filter { $0.family == family },
            model: folder.path,
            least: 5
        )
    }

    @Test(arguments: [("tiny-prm", "qwen-prm"), ("tiny-trl", "trl"), ("tiny-trl", "pure")])
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
