// Promise P2: a rollout's bits depend on the rollout alone.
import CKernels
import Checkpoints
import Fixtures
import JSON
import Testing
import Transformers

private let models = [
    RandomModel(),
    RandomModel(modelType: "qwen3", hidden: 48, intermediate: 80, heads: 6, keyValueHeads: 3, dtype: LP_FLOAT16),
    RandomModel(hidden: 64, intermediate: 160, keyValueHeads: 1, dimension: 16, dtype: LP_FLOAT32, window: 20),
    RandomModel(
        modelType: "qwen3",
        hidden: 40,
        intermediate: 130,
        layers: 2,
        heads: 5,
        keyValueHeads: 5,
        dimension: 34
    ),
    RandomModel(hidden: 896, intermediate: 1216, layers: 1, heads: 14, dimension: 64),
    RandomModel(
        modelType: "llama",
        hidden: 48,
        heads: 3,
        keyValueHeads: 1,
        dimension: 12,
        asksForBiases: true,
        scaling: [
            "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64,
        ]
    ),
    RandomModel(modelType: "mistral", dtype: LP_FLOAT16, window: 20),
]

/// Rollouts of all lengths around the tile and the block, with reads at random places and at the end.
private func rollouts(count: Int, vocabulary: Int, using generator: inout SeededGenerator) -> [TokenSequence] {
    let lengths = [1, 2, 31, 63, 64, 65, 127, 128, 129, 200]
    return (0..<count).map { index in
        let length = index < lengths.count ? lengths[index] : Int.random(in: 1...150, using: &generator)
        let ids = (0..<length).map { _ in Int32.random(in: 0..<Int32(vocabulary), using: &generator) }
        let reads = (0..<length).filter { $0 == length - 1 || Int.random(in: 0..<8, using: &generator) == 0 }
        return TokenSequence(ids: ids, readPositions: reads)
    }
}

extension RewardModel {
    /// The bits of each rollout's rewards, from one batch.
    fileprivate func bits(of sequences: [TokenSequence]) throws -> [[UInt32]] {
        let rewards = try forward(PackedBatch(sequences))
        #expect(rewards.allSatisfy { $0.isFinite })
        var first = 0
        return sequences.map { sequence in
            defer { first += sequence.readPositions.count }
            return rewards[first..<first + sequence.readPositions.count].bits
        }
    }
}

@Suite struct CompanyTests {
    @Test(arguments: models)
    func `a rollout has the same bits alone, in any batch, in any order, on any number of threads`(
        model: RandomModel
    ) async throws {
        let folder = try model.write()
        var generator = SeededGenerator(seed: 30)
        let sequences = rollouts(count: 44, vocabulary: model.vocabulary, using: &generator)
        let single = try loadModel(folder)
        var alone: [[UInt32]] = []
        for sequence in sequences { alone += try await single.bits(of: [sequence]) }
        #expect(Set(alone.flatMap(\.self)).count > 100, "rewards that hardly differ prove nothing")

        for threads in 1...4 {
            let crew = try loadModel(folder, threads: threads)
            #expect(try await crew.bits(of: sequences) == alone, "\(threads) threads")
            for _ in 0..<3 {
                let order = Array(sequences.indices).shuffled(using: &generator)
                let company = Array(order.prefix(Int.random(in: 2...sequences.count, using: &generator)))
                let bits = try await crew.bits(of: company.map { sequences[$0] })
                #expect(bits == company.map { alone[$0] }, "\(threads) threads, company \(company)")
            }
        }
        #expect(try await single.bits(of: [sequences[0], sequences[0]]) == [alone[0], alone[0]])
    }

    @Test(arguments: [[0, 100], [7, 3, 55]] as [[Int32]], [LP_BFLOAT16, LP_FLOAT16, LP_FLOAT32])
    func `logits of words have the same bits in any company, from any stored type, tied or not`(
        tokens: [Int32],
        dtype: lp_dtype
    ) async throws {
        let model = RandomModel(modelType: "llama", dtype: dtype)
        var generator = SeededGenerator(seed: 34)
        let sequences = rollouts(count: 24, vocabulary: model.vocabulary, using: &generator)
        var known: [[[UInt32]]] = []
        for tied in [false, true] {
            let folder = try model.write(config: { $0["tie_word_embeddings"] = .bool(tied) })
            func load(threads: Int) throws -> RewardModel {
                try loadModel(folder, head: .lmTokens(tokens), reduction: .softmax(1), threads: threads)
            }
            let single = try load(threads: 1)
            #expect(single.classCount == tokens.count)
            var alone: [[UInt32]] = []
            for sequence in sequences { alone += try await single.bits(of: [sequence]) }
            #expect(try await load(threads: 3).bits(of: sequences) == alone)
            known.append(alone)
        }
        #expect(known[0] != known[1], "the tied words are the embedding's, not those of lm_head")
    }

    @Test func `batches that arrive at the same time keep their bits`() async throws {
        let model = RandomModel()
        let reward = try loadModel(try model.write(), threads: 2)
        var generator = SeededGenerator(seed: 33)
        let sequences = rollouts(count: 20, vocabulary: model.vocabulary, using: &generator)
        var alone: [[UInt32]] = []
        for sequence in sequences { alone += try await reward.bits(of: [sequence]) }
        try await withThrowingTaskGroup(of: (Int, [[UInt32]]).self) { group in
            for (index, sequence) in sequences.enumerated() {
                group.addTask { (index, try await reward.bits(of: [sequence])) }
            }
            for try await (index, bits) in group { #expect(bits == [alone[index]]) }
        }
    }

    @Test func `a rollout that overflows is reported as it is and leaves its neighbours alone`() async throws {
        // Only token 7 has anything in the channel that the first norm blows up.
        let model = RandomModel(dtype: LP_FLOAT32)
        let folder = try model.write(tensors: { tensors in
            for id in 0..<model.vocabulary {
                tensors["model.embed_tokens.weight"]?.numbers[id * model.hidden] = id == 7 ? 4 : 0
            }
            tensors["model.layers.0.input_layernorm.weight"]?.numbers[0] = 3e38
        })
        let reward = try loadModel(folder, threads: 2)
        let calm = TokenSequence(ids: [1, 2, 3, 4, 5], readPositions: [2, 4])
        let wild = TokenSequence(ids: [1, 2, 7, 7], readPositions: [1, 3])
        let alone = try await reward.forward(PackedBatch([calm]))
        let together = try await reward.forward(PackedBatch([wild, calm, wild]))
        #expect(together[2...3].bits == alone.bits)
        #expect(together[0].isFinite && !together[1].isFinite, "what stands before the overflow is a number")
    }

    @Test func `a batch longer than the MLP's piece has the bits of its rollouts`() async throws {
        let model = RandomModel()
        let reward = try loadModel(try model.write(), threads: 3)
        var generator = SeededGenerator(seed: 32)
        let long = (0..<3).map { _ in
            TokenSequence(
                ids: (0..<800).map { _ in Int32.random(in: 0..<101, using: &generator) },
                readPositions: [0, 500, 799]
            )
        }
        var alone: [[UInt32]] = []
        for sequence in long { alone += try await reward.bits(of: [sequence]) }
        #expect(try await reward.bits(of: long) == alone)
    }
}
