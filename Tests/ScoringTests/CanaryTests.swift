// The tiny rollout that a model is asked again and again.
import Batching
import Checkpoints
import Fixtures
import Foundation
import Scoring
import Synchronization
import Testing
import Transformers

@Suite struct CanaryTests {
    @Test func `a sound model sings the same every time, also with everything kept`() async throws {
        let scorer = try Scorer(checkpoint: try builtInCheckpoint(), settings: EngineSettings(cacheBytes: 1 << 24))
        let canary = try await Canary(of: scorer)
        #expect(canary.seconds > 0 && canary.tokens > 2)
        let ended = scorer.engine.pulse.now.ended
        for _ in 0..<3 { #expect(try await canary.sing(to: scorer)) }
        #expect(scorer.engine.pulse.now.ended > ended)
        #expect(scorer.load.batches == 0)
    }

    @Test func `another model's bits are told from its own`() async throws {
        let folder = Shared.checkout.appendingPathComponent("Tests/Goldens/tiny-prm").path
        let stored = try Scorer(checkpoint: Checkpoint(folder: folder))
        let canary = try await Canary(of: stored)
        let quantised = try Scorer(
            checkpoint: Checkpoint(folder: folder),
            settings: EngineSettings(compute: ComputeSettings(precision: .int8))
        )
        await #expect(throws: CanaryError.notRepeatable) { try await canary.sing(to: quantised) }
    }

    @Test(arguments: ["tiny-prm", "tiny-trl", "tiny-llama", "tiny-mistral"])
    func `every golden has a canary`(golden: String) async throws {
        let folder = Shared.checkout.appendingPathComponent("Tests/Goldens/" + golden).path
        let scorer = try Scorer(checkpoint: Checkpoint(folder: folder))
        #expect(try await Canary(of: scorer).sing(to: scorer))
    }

    @Test(arguments: ["tiny-prm", "tiny-llama", "tiny-mistral"])
    func `a language model sings with its output layer`(golden: String) async throws {
        let model = try await languageModel(golden, settings: EngineSettings(cacheBytes: 1 << 22)).proven()
        let canary = try #require(model.canary)
        for _ in 0..<3 { #expect(try await canary.sing(to: model.engine)) }
        #expect(canary.tokens > 2 && model.load.batches == 0)
        let settings = EngineSettings(compute: ComputeSettings(precision: .int8))
        let quantised = try languageModel(golden, settings: settings)
        await #expect(throws: CanaryError.notRepeatable) { try await canary.sing(to: quantised.engine) }
    }

    @Test func `a model is named as its folder is`() throws {
        let folder = Shared.checkout.appendingPathComponent("Tests/Goldens/tiny-prm").path
        let named = try Scorer.named(checkpoint: Checkpoint(folder: folder))
        #expect(named.revision == (try Checkpoint(folder: folder).revision()))
        #expect(try Scorer.named(checkpoint: builtInCheckpoint()).revision.count == 16)
    }
}
