import CKernels
// What quantisation costs, and that outliers do not break it.
import Checkpoints
import Fixtures
import JSON
import Testing
import Transformers

@Suite struct Int8Tests {
    /// Wide enough that one input in 128 may be an outlier, and a group holds 256.
    private static let model = RandomModel(
        hidden: 384,
        intermediate: 640,
        layers: 3,
        heads: 6,
        keyValueHeads: 2,
        dimension: 64,
        vocabulary: 211
    )

    private static func rollouts() -> [TokenSequence] {
        var generator = SeededGenerator(seed: 70)
        return (0..<12).map { index in
            let ids = (0..<40 + 5 * index).map { _ in Int32.random(in: 0..<211, using: &generator) }
            return TokenSequence(ids: ids, readPositions: Array(stride(from: 9, to: ids.count, by: 10)))
        }
    }

    /// Largest and mean difference between the rewards of both precisions.
    private static func error(of folder: TemporaryFolder) async throws -> (largest: Float, mean: Float) {
        let batch = try PackedBatch(rollouts())
        let stored = try await loadModel(folder, threads: 2).forward(batch)
        let int8 = try await loadModel(folder, threads: 2, precision: .int8).forward(batch)
        #expect(Set(stored).count > 50, "rewards that hardly differ prove nothing")
        let differences = zip(stored, int8).map { abs($0 - $1) }
        return (differences.max() ?? 0, differences.reduce(0, +) / Float(differences.count))
    }

    @Test func `rewards of int8 are near those of the stored weights, and not the same`() async throws {
        let error = try await Self.error(of: try Self.model.write())
        #expect(error.largest > 0 && error.mean < 0.02 && error.largest < 0.1, "\(error)")
    }

    @Test func `inputs a hundred times the rest cost at most twice the error`() async throws {
        let plain = try await Self.error(of: try Self.model.write())
        let outliers = try await Self.error(
            of: try Self.model.write(tensors: { tensors in
                // Three inputs of every layer that reads the hidden states, in one group and in two.
                for (name, tensor) in tensors where name.hasSuffix("_proj.weight") && tensor.shape[1] == 384 {
                    for row in 0..<tensor.shape[0] {
                        for input in [7, 100, 300] { tensors[name]?.numbers[row * 384 + input] *= 100 }
                    }
                }
                // What reads them is normed by as much less, as in a trained model, or nothing else would count.
                for name in tensors.keys where name.hasSuffix("layernorm.weight") {
                    for input in [7, 100, 300] { tensors[name]?.numbers[input] /= 100 }
                }
            })
        )
        #expect(outliers.mean <= 2 * plain.mean, "\(outliers) against \(plain)")
    }

    @Test func `int8 weights take half of what bfloat16 takes, and the embedding what it took`() throws {
        let folder = try Self.model.write()
        let stored = try loadModel(folder)
        let int8 = try loadModel(folder, precision: .int8)
        let embedding = 211 * 384 * 2
        let ratio = Double(int8.memoryBytes - embedding) / Double(stored.memoryBytes - embedding)
        // A scale and a correction of 4 bytes each come with 256 weights.
        #expect(ratio > 0.5 && ratio < 0.54, "\(ratio)")
    }

    @Test(arguments: Kernel.allCases.filter { !$0.isSupported })
    func `a kernel that the machine lacks is refused`(kernel: Kernel) throws {
        let folder = try RandomModel().write()
        #expect(throws: ModelError.unsupportedKernel(kernel)) { try loadModel(folder, kernel: kernel) }
    }
}
