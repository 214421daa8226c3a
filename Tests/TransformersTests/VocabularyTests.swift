// Log-probabilities and entropies over the whole vocabulary.
import CKernels
import Checkpoints
import Fixtures
import Glibc
import JSON
import Testing
import Transformers

/// One rollout whose every token is asked for, after the one before it.
private func piece(_ ids: [Int32], firstSlot: Int32 = 0) -> PackedBatch.Piece {
    PackedBatch.Piece(
        path: ids.indices.map { firstSlot + Int32($0) },
        ids: ids,
        readPositions: Array(ids.indices.dropLast()),
        targets: Array(ids.dropFirst())
    )
}

extension RandomModel {
    fileprivate func ids(_ count: Int, using generator: inout SeededGenerator) -> [Int32] {
        (0..<count).map { _ in Int32.random(in: 0..<Int32(vocabulary), using: &generator) }
    }

    fileprivate func speaker(
        _ folder: TemporaryFolder,
        threads: Int = 1,
        precision: Precision = .stored,
        kernel: Kernel = .best
    ) throws -> RewardModel {
        try withExtendedLifetime(folder) {
            try RewardModel(
                languageOf: Checkpoint(folder: folder.path),
                compute: ComputeSettings(threads: threads, precision: precision, kernel: kernel)
            )
        }
    }
}

/// log p(target) and entropy of one row, in double precision and from the definition.
private func definition(_ logits: [Double], target: Int) -> [Double] {
    let peak = logits.max() ?? 0
    let sum = logits.reduce(0) { $0 + exp($1 - peak) }
    let logs = logits.map { $0 - peak - log(sum) }
    return [logs[target], -logs.reduce(0) { $0 + exp($1) * $1 }]
}

@Suite struct VocabularyTests {
    /// Around a panel of 64 words and a part of 2,048.
    private static let models = [
        RandomModel(), RandomModel(vocabulary: 64),
        RandomModel(modelType: "llama", vocabulary: 2048, dtype: LP_FLOAT32),
        RandomModel(modelType: "mistral", vocabulary: 2049, dtype: LP_FLOAT16, window: 20),
        RandomModel(modelType: "qwen3", hidden: 48, heads: 6, keyValueHeads: 3, vocabulary: 6300),
    ]

    @Test(arguments: models, [false, true])
    func `both numbers are those of the definition, tied or not`(model: RandomModel, tied: Bool) async throws {
        let folder = try model.write(config: { $0["tie_word_embeddings"] = .bool(tied) })
        var generator = SeededGenerator(seed: 70)
        let ids = model.ids(40, using: &generator)
        let found = try await model.speaker(folder).signals(PackedBatch(standing: [piece(ids)]))

        let checkpoint = try Checkpoint(folder: folder.path)
        let words = try checkpoint.load(tied ? "model.embed_tokens.weight" : "lm_head.weight")
        let sequence = TokenSequence(ids: ids, readPositions: Array(0..<39))
        let features = try await RewardModel(featuresOf: checkpoint).features(PackedBatch([sequence]))
        let weights = try widened(words)
        var expected: [Double] = []
        for row in 0..<39 {
            let logits = (0..<model.vocabulary).map { word in
                (0..<model.hidden).reduce(0.0) {
                    $0 + Double(features[row * model.hidden + $1]) * Double(weights[word * model.hidden + $1])
                }
            }
            expected += definition(logits, target: Int(ids[row + 1]))
        }
        #expect(largestDifference(found, expected) < 1e-5)
        #expect(Set(found.bits).count == found.count, "numbers that do not differ prove nothing")
    }

    /// Eight bits a number: near enough to the definition to be the same model, and not the same numbers.
    @Test(arguments: models) func `in int8 both numbers stay near the definition`(model: RandomModel) async throws {
        let folder = try model.write()
        var generator = SeededGenerator(seed: 74)
        let batch = try PackedBatch(standing: [piece(model.ids(60, using: &generator))])
        let stored = try await model.speaker(folder).signals(batch).map(Double.init)
        let quantised = try await model.speaker(folder, precision: .int8).signals(batch)
        let error = largestDifference(quantised, stored)
        #expect(error > 0 && error < 0.2, "\(error)")
    }

    @Test(arguments: models, Precision.allCases)
    func `a row has the same bits alone, in company, on any thread and in any instruction set`(
        model: RandomModel,
        precision: Precision
    ) async throws {
        let folder = try model.write()
        var generator = SeededGenerator(seed: 71)
        let rollouts = (0..<6).map { _ in model.ids(Int.random(in: 2...110, using: &generator), using: &generator) }
        let single = try model.speaker(folder, precision: precision)
        var alone: [UInt32] = []
        for ids in rollouts { alone += try await single.signals(PackedBatch(standing: [piece(ids)])).bits }
        var pieces: [PackedBatch.Piece] = []
        var slot: Int32 = 0
        for ids in rollouts {
            pieces.append(piece(ids, firstSlot: slot))
            slot += Int32(ids.count)
        }
        let batch = try PackedBatch(standing: pieces)
        for kernel in Kernel.allCases where kernel.isSupported {
            for threads in [1, 3] {
                let crew = try model.speaker(folder, threads: threads, precision: precision, kernel: kernel)
                #expect(try await crew.signals(batch).bits == alone, "\(kernel), \(threads) threads")
            }
        }
    }

    @Test func `more rows than are reduced at a time keep their bits`() async throws {
        let model = RandomModel(layers: 1)
        let folder = try model.write()
        var generator = SeededGenerator(seed: 72)
        let ids = model.ids(1600, using: &generator)
        let speaker = try model.speaker(folder, threads: 2)
        let whole = try await speaker.signals(PackedBatch(standing: [piece(ids)]))
        let path = (0..<1600).map { Int32($0) }
        var parts: [Float] = []
        for rows in [0..<700, 700..<1599] {
            let part = PackedBatch.Piece(
                path: Array(path[..<rows.upperBound]),
                ids: Array(ids[rows]),
                readPositions: Array(rows),
                targets: rows.map { ids[$0 + 1] }
            )
            parts += try await speaker.signals(PackedBatch(standing: [part]))
        }
        #expect(whole.bits == parts.bits)
    }

    @Test func `what is asked for without a target, or for a word that is none, is refused`() async throws {
        let model = RandomModel()
        let folder = try model.write()
        let speaker = try model.speaker(folder)
        func batch(_ targets: [Int32]) throws -> PackedBatch {
            try PackedBatch(
                standing: [PackedBatch.Piece(path: [0, 1], ids: [3, 4], readPositions: [1], targets: targets)]
            )
        }
        await #expect(throws: ModelError.badTargets) { try await speaker.signals(batch([])) }
        await #expect(throws: ModelError.unknownToken(id: 101, row: 1)) { try await speaker.signals(batch([101])) }
        await #expect(throws: ModelError.unknownToken(id: -1, row: 1)) { try await speaker.signals(batch([-1])) }
        #expect(try await speaker.signals(batch([100])).allSatisfy(\.isFinite))
        let reward = try loadModel(folder)
        await #expect(throws: ModelError.noLanguageHead) { try await reward.signals(batch([100])) }
    }

    @Test func `a model without an output layer is none, unless its words are tied`() throws {
        let model = RandomModel()
        func load(tied: Bool) throws {
            let folder = try model.write(
                config: { $0["tie_word_embeddings"] = .bool(tied) },
                tensors: { $0["lm_head.weight"] = nil }
            )
            try RewardModel.checkLanguage(of: Checkpoint(folder: folder.path))
            _ = try model.speaker(folder)
        }
        try load(tied: true)
        #expect(throws: ModelError.missingTensor("lm_head.weight")) { try load(tied: false) }
    }

    /// Steep and flat rows: sums must neither overflow nor lose what is small.
    @Test(arguments: [1e-9, 1e-3, 60, 3e4] as [Float], [0, -1000, 1000] as [Float])
    func `masses of any spread and height are those of the definition, in every version`(scale: Float, height: Float) {
        var generator = SeededGenerator(seed: 73)
        let (rows, words) = (5, 64 * 3 + 17)
        let logits = (0..<rows).map { _ in generator.floats(words, scale: scale).map { $0 + height } }
        let targets = (0..<rows).map { Int32($0 * 50) }
        for version in versionsHere {
            let found = masses(version, logits, targets, words: words)
            for row in 0..<rows {
                let expected = definition(logits[row].map(Double.init), target: Int(targets[row]))
                let error = largestDifference(found[row], expected)
                #expect(error < 1e-5 * max(1, Double(scale) / 8), "\(version.rawValue): row \(row) is \(error) off")
            }
            #expect(found.flatMap(\.self).bits == masses(LP_PLAIN, logits, targets, words: words).flatMap(\.self).bits)
        }
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func `a logit that is not finite is never a silent number`(bad: Float) {
        for version in versionsHere {
            var logits = [[Float](repeating: 1, count: 130), [Float](repeating: 1, count: 130)]
            logits[0][77] = bad
            let found = masses(version, logits, [3, 3], words: 130)
            #expect(found[0].allSatisfy(\.isNaN) && found[1].allSatisfy(\.isFinite))
        }
    }

    /// Rows by way of tiles, as the model has them.
    private func masses(_ version: lp_isa, _ logits: [[Float]], _ targets: [Int32], words: Int) -> [[Float]] {
        var sums = [lp_mass](repeating: lp_mass(), count: logits.count)
        var chosen = [Float](repeating: .nan, count: logits.count)
        lp_mass_clear(&sums, logits.count)
        for first in stride(from: 0, to: words, by: 64) {
            let columns = min(64, words - first)
            // Past the words stands what a panel is filled up with.
            var tile = logits.flatMap { $0[first..<first + columns] + [Float](repeating: 7, count: 64 - columns) }
            lp_mass_add(version, &tile, logits.count, columns, first, targets, &sums, &chosen)
        }
        return logits.indices.map { row in
            var out = [Float](repeating: 0, count: 2)
            lp_mass_join(&sums[row], 1, 1, chosen[row], &out)
            return out
        }
    }

    private func widened(_ tensor: Tensor) throws -> [Float] {
        let count = tensor.shape.reduce(1, *)
        var numbers = [Float](repeating: 0, count: count)
        let dtype: lp_dtype =
            switch tensor.dtype {
            case .float32: LP_FLOAT32
            case .float16: LP_FLOAT16
            case .bfloat16: LP_BFLOAT16
            }
        #expect(lp_widen(tensor.bytes.baseAddress, dtype, count, &numbers) == LP_OK)
        return numbers
    }
}
