// The rewards of transformers, from shared checkpoints.
import Checkpoints
import Fixtures
import JSON
import Testing
import Transformers

@Suite(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.skipped)))
struct FixtureTests {
    /// Promise P4. transformers itself stands up to 2.7e-6 from a float64 forward of these cases.
    @Test func `every case has the rewards of transformers, alone and packed`() async throws {
        let cases = try ScoredCase.all(parsing: Shared.bytes("fixtures/cases.json"))
        #expect(cases.count == 40)
        var worst = 0.0
        for (name, own) in Dictionary(grouping: cases, by: \.checkpoint) {
            worst = max(worst, try await worstDifference(of: own, in: fixtureCheckpoint(name).path))
        }
        print("largest difference from transformers: \(worst)")
    }

    @Test func `only tensors that are used are counted`() throws {
        let folder = try fixtureCheckpoint("qwen-prm")
        let checkpoint = try Checkpoint(folder: folder.path)
        let progress = LoadProgress()
        let model = try loadModel(folder, head: try #require(ScoredCase.heads["qwen-prm"]), progress: progress)
        let used = checkpoint.tensors.values.filter { $0.name != "lm_head.weight" }
        #expect(used.count == checkpoint.tensors.count - 1)
        #expect(model.parameterCount == used.reduce(0) { $0 + $1.shape.reduce(1, *) })
        #expect(model.classCount == 2)
        #expect(progress.totalBytes == used.reduce(0) { $0 + $1.byteCount })
        #expect(progress.doneBytes == progress.totalBytes)
    }
}
