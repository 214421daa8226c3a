import CKernels
// Tokens that stand on tokens computed before.
import Checkpoints
import Fixtures
import Testing
import Transformers

@Suite struct PiecesTests {
    private static let models = [
        RandomModel(), RandomModel(hidden: 64, intermediate: 160, keyValueHeads: 1, dimension: 16, window: 20),
        RandomModel(modelType: "qwen3", heads: 6, keyValueHeads: 3, dtype: LP_FLOAT16),
    ]

    @Test(arguments: models, Precision.allCases)
    func `a rollout in pieces, in any slots, has the bits of the whole`(
        model: RandomModel,
        precision: Precision
    ) async throws {
        let folder = try model.write()
        var generator = SeededGenerator(seed: 60)
        let ids = (0..<150).map { _ in Int32.random(in: 0..<101, using: &generator) }
        let reads = [0, 30, 63, 64, 100, 149]
        let reward = try loadModel(folder, threads: 2, precision: precision)
        let whole = try await reward.forward(PackedBatch([TokenSequence(ids: ids, readPositions: reads)])).bits
        for cuts in [[75], [1, 2, 64], [63, 64, 65, 149], [10, 20, 30, 40, 128]] {
            // Slots of several slabs, in no order.
            let slots = (0..<3000).shuffled(using: &generator).prefix(150).map { Int32($0) }
            var found: [UInt32] = []
            var pieces: [PackedBatch.Piece] = []
            for (start, end) in zip([0] + cuts, cuts + [150]) {
                let piece = PackedBatch.Piece(
                    path: Array(slots[..<end]),
                    ids: Array(ids[start..<end]),
                    readPositions: reads.filter { (start..<end).contains($0) }
                )
                pieces.append(piece)
                found += try await reward.forward(PackedBatch(standing: [piece])).bits
            }
            #expect(found == whole, "one batch a piece, cut at \(cuts)")
            #expect(try await reward.forward(PackedBatch(standing: pieces)).bits == whole, "in one batch, \(cuts)")
        }
    }

    @Test func `branches stand on one trunk, alone or together`() async throws {
        let folder = try RandomModel().write()
        var generator = SeededGenerator(seed: 61)
        let trunk = (0..<70).map { _ in Int32.random(in: 0..<101, using: &generator) }
        let branches = (0..<5).map { _ in (0..<40).map { _ in Int32.random(in: 0..<101, using: &generator) } }
        let reward = try loadModel(folder)
        let whole = branches.map { TokenSequence(ids: trunk + $0, readPositions: [69, 90, 109]) }
        let expected = try await reward.forward(PackedBatch(whole))
        var pieces = [PackedBatch.Piece(path: Array(0..<70), ids: trunk, readPositions: [69])]
        for (index, branch) in branches.enumerated() {
            let own = (0..<40).map { Int32(70 + 40 * index + $0) }
            pieces.append(.init(path: Array(0..<70) + own, ids: branch, readPositions: [90, 109]))
        }
        let found = try await reward.forward(PackedBatch(standing: pieces))
        for index in branches.indices {
            #expect(found[0].bitPattern == expected[3 * index].bitPattern)
            #expect(found[1 + 2 * index...2 + 2 * index].bits == expected[3 * index + 1...3 * index + 2].bits)
        }
    }

    @Test func `a piece that nobody reads leaves its keys and gives nothing`() async throws {
        let reward = try loadModel(try RandomModel().write())
        let ids: [Int32] = [1, 2, 3, 4]
        let whole = try await reward.forward(PackedBatch([TokenSequence(ids: ids, readPositions: [3])]))
        let first = PackedBatch.Piece(path: [7, 3], ids: [1, 2], readPositions: [])
        #expect(try await reward.forward(PackedBatch(standing: [first])).isEmpty)
        let second = PackedBatch.Piece(path: [7, 3, 5, 0], ids: [3, 4], readPositions: [3])
        #expect(try await reward.forward(PackedBatch(standing: [second])).bits == whole.bits)
    }

    @Test func `a path shorter than its tokens and a slot below zero are refused`() {
        #expect(throws: ModelError.badPath(piece: 0)) {
            try PackedBatch(standing: [.init(path: [0], ids: [1, 2], readPositions: [])])
        }
        #expect(throws: ModelError.badPath(piece: 0)) {
            try PackedBatch(standing: [.init(path: [-1], ids: [1], readPositions: [])])
        }
        #expect(throws: ModelError.badReadPositions(sequence: 0)) {
            try PackedBatch(standing: [.init(path: [0, 1], ids: [1], readPositions: [0])])
        }
    }
}
