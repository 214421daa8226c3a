// Gradients against what a small move really does.
import CKernels
import Checkpoints
import Fixtures
import JSON
import Testing
import Transformers

@Suite struct FiniteDifferenceTests {
    /// A loss that is curved in every logit, in Double.
    private static let loss: @Sendable (Int, [Float]) -> LossGradient = { sequence, logits in
        var value = 0.0
        var gradient: [Float] = []
        for (index, logit) in logits.enumerated() {
            let target = Double((index * 7 + sequence * 3) % 5) / 4 - 0.5
            value += 0.5 * (Double(logit) - target) * (Double(logit) - target)
            gradient.append(Float(Double(logit) - target))
        }
        return LossGradient(loss: value, logits: gradient, temperature: 0)
    }

    private static func batch(vocabulary: Int) -> [TrainingSequence] {
        var generator = SeededGenerator(seed: 5)
        return [(9, [3, 8], 2..<9), (70, [0, 64, 69], 0..<0), (17, [16], 5..<6)].map { length, reads, targets in
            let ids = (0..<length).map { _ in Int32.random(in: 0..<Int32(vocabulary), using: &generator) }
            return TrainingSequence(ids: ids, readPositions: reads, languageTargets: targets)
        }
    }

    private static let shapes = [
        RandomModel(layers: 2, vocabulary: 31, dtype: LP_FLOAT32),
        RandomModel(layers: 2, heads: 2, keyValueHeads: 2, vocabulary: 31, dtype: LP_FLOAT32),
        RandomModel(layers: 2, vocabulary: 31, dtype: LP_FLOAT32, window: 5),
        RandomModel(modelType: "mistral", layers: 2, vocabulary: 31, dtype: LP_FLOAT32, window: 7),
        RandomModel(
            modelType: "llama",
            layers: 2,
            vocabulary: 31,
            dtype: LP_FLOAT32,
            scaling: ["type": "linear", "factor": 4.0]
        ),
        RandomModel(
            hidden: 20,
            intermediate: 12,
            layers: 2,
            heads: 5,
            keyValueHeads: 1,
            dimension: 6,
            vocabulary: 31,
            dtype: LP_FLOAT32
        ),
    ]

    /// Along a random direction of one tensor at a time: (L(x + e d) - L(x - e d)) / 2 e against gradient . d. Float32
    /// leaves about 1e-3 of such a difference; PyTorch's golden is the sharp test.
    @Test(arguments: shapes)
    func `every tensor's gradient is the slope of the loss`(shape: RandomModel) throws {
        var shape = shape
        shape.seed = 11
        let folder = try shape.write(config: { $0["tie_word_embeddings"] = true })
        let checkpoint = try Checkpoint(folder: folder.path)
        let model = try TrainableModel(checkpoint: checkpoint, tuning: .all, lanes: 2, tokensAtOnce: 40, seed: 1)
        let batch = Self.batch(vocabulary: shape.vocabulary)
        func total() throws -> Double {
            let lesson = try model.learn(batch, languageWeight: 0.5, loss: Self.loss)
            return lesson.losses.reduce(0) { $0 + $1.loss } + 0.5 * lesson.languageLoss
        }
        _ = try total()
        let gradient = model.withGradient { Array($0) }
        var generator = SeededGenerator(seed: 3)
        for tensor in model.tensors {
            let direction = tensor.range.map { _ in Float.random(in: -1...1, using: &generator) }
            let slope = zip(tensor.range, direction).reduce(0.0) { $0 + Double(gradient[$1.0]) * Double($1.1) }
            let size = direction.reduce(0.0) { $0 + Double($1 * $1) }.squareRoot()
            let step = Float(2e-2 / size)
            let before = model.withParameters { Array($0[tensor.range]) }
            func move(_ sign: Float) {
                model.withParameters { block in
                    for (offset, index) in tensor.range.enumerated() {
                        block[index] = before[offset] + sign * step * direction[offset]
                    }
                }
            }
            move(1)
            let above = try total()
            move(-1)
            let below = try total()
            move(0)
            let measured = (above - below) / (2 * Double(step))
            let scale = zip(tensor.range, direction).reduce(0.0) { $0 + abs(Double(gradient[$1.0]) * Double($1.1)) }
            #expect(abs(measured - slope) < 2e-3 * max(scale, 1e-3), "\(tensor.name): \(measured) and \(slope)")
        }
    }

    @Test func `bad sequences are refused by name`() throws {
        let folder = try RandomModel().write()
        let checkpoint = try Checkpoint(folder: folder.path)
        let model = try TrainableModel(checkpoint: checkpoint, tuning: .head, lanes: 1, tokensAtOnce: 40, seed: 1)
        func refusal(_ sequence: TrainingSequence?, languageWeight: Double = 0) -> ModelError? {
            do throws(ModelError) {
                _ = try model.learn(sequence.map { [$0] } ?? [], languageWeight: languageWeight, loss: Self.loss)
                return nil
            } catch {
                return error
            }
        }
        #expect(refusal(nil) == .emptyBatch)
        #expect(refusal(TrainingSequence(ids: [], readPositions: [])) == .emptySequence(index: 0))
        #expect(refusal(TrainingSequence(ids: [1], readPositions: [])) == .badReadPositions(sequence: 0))
        #expect(refusal(TrainingSequence(ids: [1], readPositions: [1])) == .badReadPositions(sequence: 0))
        #expect(refusal(TrainingSequence(ids: [1, 101], readPositions: [0])) == .unknownToken(id: 101, row: 1))
        let first = TrainingSequence(ids: [1, 2], readPositions: [0], languageTargets: 0..<1)
        #expect(refusal(first) == .badLanguageTargets(sequence: 0))
        let past = TrainingSequence(ids: [1, 2], readPositions: [0], languageTargets: 1..<3)
        #expect(refusal(past) == .badLanguageTargets(sequence: 0))
        let words = TrainingSequence(ids: [1, 2], readPositions: [0], languageTargets: 1..<2)
        #expect(refusal(words, languageWeight: 1) == .noLanguageHead)
        #expect(refusal(words) == nil)
    }

    @Test func `positions count by their distances alone`() throws {
        let folder = try RandomModel(layers: 2, dtype: LP_FLOAT32).write()
        let checkpoint = try Checkpoint(folder: folder.path)
        let model = try TrainableModel(checkpoint: checkpoint, tuning: .all, lanes: 1, tokensAtOnce: 64, seed: 1)
        func logits(_ positions: [Int32]?) throws -> [Float] {
            let ids: [Int32] = [5, 9, 2, 7, 7, 1]
            let sequence = TrainingSequence(ids: ids, readPositions: [2, 5], positions: positions)
            return try model.logits(of: [sequence])[0]
        }
        let plain = try logits(nil)
        #expect(try logits([0, 1, 2, 3, 4, 5]) == plain)
        let moved = try logits([40, 41, 42, 43, 44, 45])
        #expect(zip(moved, plain).allSatisfy { abs($0 - $1) < 1e-3 })
        let torn = try logits([0, 1, 2, 43, 44, 45])
        #expect(Array(torn[..<2]) == Array(plain[..<2]))
        #expect(abs(torn[2] - plain[2]) > 1e-3)
        #expect(throws: ModelError.badPositions(sequence: 0)) { _ = try logits([0, 1]) }
    }

    @Test func `a new decoder is the same for the same seed, and another for another`() throws {
        let folder = try RandomModel().write()
        let config = try Checkpoint(folder: folder.path).config
        func block(_ seed: UInt64) throws -> [Float] {
            try TrainableModel(config: config, lanes: 1, tokensAtOnce: 64, seed: seed).withParameters { Array($0) }
        }
        #expect(try block(1) == block(1))
        #expect(try block(1) != block(2))
    }

    @Test func `features are what the head reads, alone as in company`() async throws {
        let folder = try RandomModel(layers: 2).write()
        let model = try RewardModel(featuresOf: Checkpoint(folder: folder.path), compute: ComputeSettings(threads: 2))
        let sequences = Self.batch(vocabulary: 101).map { TokenSequence(ids: $0.ids, readPositions: $0.readPositions) }
        let together = try await model.features(PackedBatch(sequences))
        var alone: [Float] = []
        for sequence in sequences { alone += try await model.features(PackedBatch([sequence])) }
        #expect(together.count == 6 * 32)
        #expect(together == alone)
    }
}
