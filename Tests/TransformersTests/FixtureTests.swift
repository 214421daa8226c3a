// The rewards of transformers, from shared checkpoints.
import Checkpoints
import Fixtures
import JSON
import Testing
import Transformers

/// One case of cases.json.
private struct Golden: CustomTestStringConvertible {
    let checkpoint: String
    let title: String
    let sequence: TokenSequence
    let reduction: Reduction
    let rewards: [Double]

    var testDescription: String { "\(checkpoint) \(title) \(reduction)" }

    init?(_ json: JSONValue) {
        guard
            let checkpoint = json["checkpoint"]?.string, heads[checkpoint] != nil,
            let title = json["title"]?.string, let ids = json["ids"]?.array?.compactMap(\.integer),
            let reads = json["read_positions"]?.array?.compactMap(\.integer),
            let rewards = json["rewards"]?.array?.compactMap(\.double),
            let reduction = json["reduction"]?.string.flatMap({ reductions[$0] })
        else { return nil }
        self.checkpoint = checkpoint
        self.title = title
        self.reduction = reduction
        self.rewards = rewards
        sequence = TokenSequence(ids: ids.map { Int32($0) }, readPositions: reads)
    }

    static func all() throws -> [Golden] {
        try JSONValue(parsing: Shared.bytes("fixtures/cases.json")).array?.compactMap(Golden.init) ?? []
    }
}

private let heads: [String: Head] = {
    let mlp2 = Head.mlp2(
        first: .init(weight: "score.0.weight", bias: "score.0.bias"),
        second: .init(weight: "score.2.weight", bias: "score.2.bias")
    )
    return [
        "qwen-prm": mlp2, "qwen-prm-sharded": mlp2,
        "skywork": .linear(weight: "v_head.summary.weight", bias: "v_head.summary.bias"),
        "trl-prm": .linear(weight: "score.weight", bias: "score.bias"),
        "qwen3-orm": .linear(weight: "score.weight", bias: nil),
    ]
}()

private let reductions: [String: Reduction] = [
    "softmax[1]": .softmax(1), "margin": .margin, "diff": .margin, "sigmoid": .sigmoid, "identity": .identity,
]

@Suite(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.skipped)))
struct FixtureTests {
    @Test func `every case has the rewards of transformers, alone and packed`() async throws {
        let goldens = try Golden.all()
        #expect(goldens.count == 30)
        var worst = 0.0
        for name in heads.keys.sorted() {
            let folder = try fixtureCheckpoint(name)
            let head = try #require(heads[name])
            for reduction in [Reduction.softmax(1), .margin, .sigmoid, .identity] {
                let cases = goldens.filter { $0.checkpoint == name && $0.reduction == reduction }
                guard !cases.isEmpty else { continue }
                let model = try loadModel(folder, head: head, reduction: reduction, threads: 2)
                var alone: [Float] = []
                for golden in cases {
                    let rewards = try await model.forward(PackedBatch([golden.sequence]))
                    let difference = largestDifference(rewards, golden.rewards)
                    // Promise P4. transformers itself stands up to 2.7e-6 from a float64 forward of these cases.
                    #expect(difference <= 1e-5, "\(golden.testDescription): \(difference)")
                    worst = max(worst, difference)
                    alone += rewards
                }
                let packed = try await model.forward(PackedBatch(cases.map(\.sequence)))
                #expect(packed.bits == alone.bits)
            }
        }
        print("largest difference from transformers: \(worst)")
    }

    @Test func `only tensors that are used are counted`() throws {
        let folder = try fixtureCheckpoint("qwen-prm")
        let checkpoint = try Checkpoint(folder: folder.path)
        let progress = LoadProgress()
        let model = try loadModel(folder, head: try #require(heads["qwen-prm"]), progress: progress)
        let used = checkpoint.tensors.values.filter { $0.name != "lm_head.weight" }
        #expect(used.count == checkpoint.tensors.count - 1)
        #expect(model.parameterCount == used.reduce(0) { $0 + $1.shape.reduce(1, *) })
        #expect(model.classCount == 2)
        #expect(progress.totalBytes == used.reduce(0) { $0 + $1.byteCount })
        #expect(progress.doneBytes == progress.totalBytes)
    }
}
