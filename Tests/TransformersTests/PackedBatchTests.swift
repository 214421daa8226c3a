// What may cross to the model.
import Testing
import Transformers

@Suite struct PackedBatchTests {
    @Test func `rollouts stand end to end`() throws {
        let batch = try PackedBatch([
            TokenSequence(ids: [7, 8, 9], readPositions: [0, 2]), TokenSequence(ids: [1], readPositions: [0]),
        ])
        #expect(batch.ids == [7, 8, 9, 1])
        #expect(batch.rows == [0..<3, 3..<4])
        #expect(batch.readRows == [0, 2, 3])
    }

    @Test func `an empty batch is refused`() {
        #expect(throws: ModelError.emptyBatch) { try PackedBatch([]) }
    }

    @Test func `an empty rollout is refused by its index`() {
        let whole = TokenSequence(ids: [1], readPositions: [0])
        #expect(throws: ModelError.emptySequence(index: 1)) {
            try PackedBatch([whole, TokenSequence(ids: [], readPositions: [])])
        }
    }

    @Test(arguments: [[], [-1], [3], [1, 1], [2, 1], [0, 3], [.min, 0], [0, .max]])
    func `read positions that are missing, unordered or outside are refused`(positions: [Int]) {
        #expect(throws: ModelError.badReadPositions(sequence: 0)) {
            try PackedBatch([TokenSequence(ids: [1, 2, 3], readPositions: positions)])
        }
    }
}
