// What one call of the kernel computes.

/// Pieces of sequences that are computed together.
package struct Round: Sendable, Equatable {
    /// Some consecutive tokens of one sequence, with everything that they stand on.
    package struct Piece: Sendable, Equatable {
        /// The slot of every position from 0 to the end of this piece.
        package let path: [Int32]
        /// Computed now, at positions `path.count - tokens.count ..< path.count`; never empty.
        package let tokens: [Token]
        /// Positions among those whose answers are wanted, ascending.
        package let reads: [Int]

        package init(path: [Int32], tokens: [Token], reads: [Int]) {
            self.path = path
            self.tokens = tokens
            self.reads = reads
        }
    }

    /// In an order in which a piece stands on slots that were filled before or that an earlier piece fills.
    package let pieces: [Piece]
    /// Tokens of all pieces.
    package let tokens: Int
    /// Reads that the kernel answers, pieces in order.
    package let reads: Int

    package init(pieces: [Piece]) {
        self.pieces = pieces
        tokens = pieces.reduce(0) { $0 + $1.tokens.count }
        reads = pieces.reduce(0) { $0 + $1.reads.count }
    }
}
