// The model that the binary carries, against transformers.
import Batching
import Checkpoints
import Crediting
import Fixtures
import Foundation
import Scoring
import Testing
import Transformers

/// One chain of `Tests/Goldens/builtin-rewards.json`, written by make_builtin_rewards.py.
private struct Case: Decodable {
    let prompt: String
    let steps: [String]
    let ids: [Int32]
    let readPositions: [Int]
    let rewards: [Double]

    static func all() throws -> [Case] {
        let url = Shared.checkout.appendingPathComponent("Tests/Goldens/builtin-rewards.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode([Case].self, from: Data(contentsOf: url))
    }
}

@Suite struct BuiltInModelTests {
    private func scorer() throws -> Scorer {
        try Scorer(checkpoint: try builtInCheckpoint(), settings: EngineSettings(compute: ComputeSettings(threads: 2)))
    }

    @Test func `transformers computes the same ids and rewards`() async throws {
        let scorer = try scorer()
        let cases = try Case.all()
        #expect(cases.count == 26)
        let rollouts = cases.map { Rollout(prompt: .text($0.prompt), source: .list($0.steps)) }
        let answers = try await scorer.score(rollouts, credit: scorer.profile.defaultCredit)
        for (expected, answer) in zip(cases, answers) {
            let scored = try answer.get()
            #expect(scored.tokenIDs == expected.ids)
            #expect(scored.readPositions == expected.readPositions)
            for (step, reward) in zip(scored.steps, expected.rewards) {
                let own = try #require(step.reward)
                #expect(abs(own - reward) <= 1e-5)
            }
        }
    }

    @Test func `its credit is what it was trained with`() throws {
        let profile = try scorer().profile
        #expect(profile.semantics == .correctness)
        #expect(profile.defaultCredit.pooling == .sws)
        #expect(profile.defaultCredit.scale == .probability)
        #expect(profile.defaultCredit.temperature == 0.1)
    }

    @Test func `the README's chain has its wrong step found`() async throws {
        let scorer = try scorer()
        let rollout = Rollout(
            prompt: .text("Start with 12. Add 7, then multiply by 2, then subtract 5."),
            source: .list(["12 + 7 = 19", "19 * 2 = 36", "36 - 5 = 31"])
        )
        let answer = try await scorer.score([rollout], credit: scorer.profile.defaultCredit)[0].get()
        #expect(answer.credit.weakestStep == 1 || (answer.steps[1].reward ?? 1) < 0.5)
        #expect((answer.steps[0].reward ?? 0) > 0.5)
        #expect((answer.steps[1].reward ?? 1) < 0.5)
    }
}
