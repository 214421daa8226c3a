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
        for (piece, rows) in batch.rows.enumerated() {
            // Where blocks of keys end, which attention goes through whole: a block of queries that reached into one more
            // would pay for all of its keys.
            let start = batch.pieces[piece].firstPosition % Int(LP_QUERY_BLOCK)
            cut(rows, piece, before: Int(LP_QUERY_BLOCK) - start)
        }
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

    /// - Parameter before: rows to the first border; then every block is whole.
    private mutating func cut(_ rows: Range<Int>, _ piece: Int, before: Int = Int(LP_QUERY_BLOCK)) {
        var first = rows.lowerBound
        var end = min(rows.upperBound, first + before)
        while first < rows.upperBound {
            blocks.append(Block(piece: piece, firstRow: first, count: end - first))
            first = end
            end = min(rows.upperBound, end + Int(LP_QUERY_BLOCK))
        }
    }

    private mutating func sort() {
        blocks.sort { positions[$0.firstRow] > positions[$1.firstRow] }
    }
}
