// Which rows attend together.
import CKernels

/// Rows of a batch cut into blocks of queries, each of one piece; the longest paths come first, so that threads end
/// together.
struct QueryBlocks {
    struct Block {
        let piece: Int
        let firstRow: Int
        let count: Int
    }

    private(set) var blocks: [Block] = []
    /// Of each row, within its rollout.
    let positions: [Int32]

    /// All rows.
    init(_ batch: PackedBatch) {
        positions = batch.positions
        for (piece, rows) in batch.rows.enumerated() { cut(rows, piece) }
        sort()
    }

    /// The rows that are read, as if there were no others.
    init(readsOf batch: PackedBatch) {
        positions = batch.readRows.map { batch.positions[$0] }
        var first = 0
        for (index, piece) in batch.pieces.enumerated() {
            cut(first..<first + piece.readPositions.count, index)
            first += piece.readPositions.count
        }
        sort()
    }

    private mutating func cut(_ rows: Range<Int>, _ piece: Int) {
        for first in stride(from: rows.lowerBound, to: rows.upperBound, by: Int(LP_QUERY_BLOCK)) {
            let count = min(Int(LP_QUERY_BLOCK), rows.upperBound - first)
            blocks.append(Block(piece: piece, firstRow: first, count: count))
        }
    }

    private mutating func sort() {
        blocks.sort { positions[$0.firstRow] > positions[$1.firstRow] }
    }
}
