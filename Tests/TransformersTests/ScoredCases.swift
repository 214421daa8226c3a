// Token ids with the rewards that a reference computed.
import Checkpoints
import JSON
import Testing
import Transformers

/// One case of a cases.json, of ours or of the shared fixtures.
struct ScoredCase: CustomTestStringConvertible {
    let checkpoint: String
    let title: String
    let sequence: TokenSequence
    let head: Head
    let reduction: Reduction
    let rewards: [Double]

    var testDescription: String { "\(checkpoint) \(title) \(reduction)" }

    /// The head of each checkpoint, but for those whose cases name the tokens that compete.
    static let heads: [String: Head] = {
        let mlp2 = Head.mlp2(
            first: .init(weight: "score.0.weight", bias: "score.0.bias"),
            second: .init(weight: "score.2.weight", bias: "score.2.bias")
        )
        let linear = Head.linear(weight: "score.weight", bias: "score.bias")
        return [
            "qwen-prm": mlp2, "qwen-prm-sharded": mlp2, "tiny-prm": mlp2, "trl-prm": linear, "tiny-trl": linear,
            "skywork": .linear(weight: "v_head.summary.weight", bias: "v_head.summary.bias"),
            "qwen3-orm": .linear(weight: "score.weight", bias: nil),
        ]
    }()

    private static let reductions: [String: Reduction] = [
        "softmax[0]": .softmax(0), "softmax[1]": .softmax(1), "margin": .margin, "diff": .margin,
        "sigmoid": .sigmoid, "identity": .identity,
    ]

    init(_ json: JSONValue) throws {
        checkpoint = try #require(json["checkpoint"]?.string)
        title = try #require(json["title"]?.string)
        reduction = try #require(json["reduction"]?.string.flatMap { Self.reductions[$0] })
        rewards = try #require(json["rewards"]?.array).compactMap(\.double)
        let ids = try #require(json["ids"]?.array).compactMap(\.integer)
        let reads = try #require(json["read_positions"]?.array).compactMap(\.integer)
        sequence = TokenSequence(ids: ids.map { Int32($0) }, readPositions: reads)
        if let tokens = json["candidate_tokens"]?.array {
            head = .lmTokens(tokens.compactMap(\.integer).map { Int32($0) })
        } else {
            head = try #require(Self.heads[checkpoint])
        }
    }

    static func all(parsing text: [UInt8]) throws -> [ScoredCase] {
        try #require(try JSONValue(parsing: text).array).map(ScoredCase.init)
    }
}

/// Scores every case of one folder alone and packed, on two threads: promises P2 and P4.
///
/// - Returns: the largest difference from the reference.
func worstDifference(of cases: [ScoredCase], in folder: String) async throws -> Double {
    let checkpoint = try Checkpoint(folder: folder)
    var worst = 0.0
    // One folder may serve two families, which differ in the reduction.
    for first in cases where cases.first(where: { $0.reduction == first.reduction })?.title == first.title {
        let own = cases.filter { $0.reduction == first.reduction }
        let model = try RewardModel(
            checkpoint: checkpoint,
            head: first.head,
            reduction: first.reduction,
            compute: ComputeSettings(threads: 2),
            progress: nil
        )
        var alone: [Float] = []
        for scored in own {
            let rewards = try await model.forward(PackedBatch([scored.sequence]))
            let difference = largestDifference(rewards, scored.rewards)
            #expect(difference <= 1e-5, "\(scored.testDescription): \(difference)")
            worst = max(worst, difference)
            alone += rewards
        }
        #expect(try await model.forward(PackedBatch(own.map(\.sequence))).bits == alone.bits)
    }
    return worst
}
