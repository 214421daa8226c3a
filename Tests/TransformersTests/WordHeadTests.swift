// Heads of words: the rows they read, and what they refuse.
import CKernels
import Checkpoints
import Fixtures
import JSON
import Testing
import Transformers

@Suite struct WordHeadTests {
    private func load(
        _ tokens: [Int32],
        tied: Bool = false,
        progress: LoadProgress? = nil,
        tensors: (inout [String: (shape: [Int], numbers: [Float])]) -> Void = { _ in }
    ) throws -> RewardModel {
        let folder = try RandomModel(modelType: "llama").write(
            config: { $0["tie_word_embeddings"] = .bool(tied) },
            tensors: tensors
        )
        return try loadModel(folder, head: .lmTokens(tokens), reduction: .softmax(0), progress: progress)
    }

    @Test(arguments: [[0, 101], [-1, 0], [5, 5], [.max]] as [[Int32]])
    func `a token without a row, or named twice, is refused`(tokens: [Int32]) throws {
        #expect(throws: ModelError.badHeadTokens(tokens, rows: 101)) { try load(tokens) }
    }

    @Test func `no tokens are no classes`() throws {
        #expect(throws: ModelError.wrongClassCount(reduction: .softmax(0), found: 0)) { try load([]) }
    }

    @Test func `an output layer that is missing or of another shape is refused, but not where words are tied`() throws {
        #expect(throws: ModelError.missingTensor("lm_head.weight")) { try load([1, 2]) { $0["lm_head.weight"] = nil } }
        #expect(throws: ModelError.wrongShape(tensor: "lm_head.weight", expected: [101, 32], found: [101, 1])) {
            try load([1, 2]) { $0["lm_head.weight"] = ([101, 1], [Float](repeating: 0, count: 101)) }
        }
        #expect(try load([1, 2], tied: true) { $0["lm_head.weight"] = nil }.classCount == 2)
    }

    /// Only the rows that compete are read: what stands in the others does not matter, and takes no memory.
    @Test func `of the output layer a row a token is read`() throws {
        let progress = LoadProgress()
        let model = try load([7, 3], progress: progress) { $0["lm_head.weight"]?.numbers[5 * 32] = .nan }
        let folder = try RandomModel(modelType: "llama").write()
        let decoder = try RewardModel(
            featuresOf: Checkpoint(folder: folder.path),
            progress: nil
        )
        #expect(model.parameterCount == decoder.parameterCount + 2 * 32)
        // Both rows in one panel, filled up with zeros.
        #expect(model.memoryBytes == decoder.memoryBytes + Int(LP_PANEL) * 32 * 4)
        #expect(progress.doneBytes == progress.totalBytes)
    }

    @Test func `a number of a read row that is not finite is refused by its place`() throws {
        let place = 3 * 32 + 4
        #expect(
            throws: ModelError.checkpoint(
                .tensor("lm_head.weight", file: "model.safetensors", .notFinite(element: place))
            )
        ) {
            try load([7, 3]) { $0["lm_head.weight"]?.numbers[place] = .infinity }
        }
    }
}
