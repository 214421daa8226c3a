// The one value that crosses to the model.

/// Token ids of one rollout, and where its rewards are read.
package struct TokenSequence: Sendable, Equatable {
    package let ids: [Int32]
    /// Strictly ascending positions within `ids`.
    package let readPositions: [Int]

    package init(ids: [Int32], readPositions: [Int]) {
        self.ids = ids
        self.readPositions = readPositions
    }
}

/// Tokens that are computed together, end to end and without padding; some may stand on tokens computed before.
package struct PackedBatch: Sendable, Equatable {
    /// Tokens that follow one another, after whatever they stand on.
    package struct Piece: Sendable, Equatable {
        /// The slot of every position, from 0 to the last of these tokens.
        package let path: [Int32]
        /// The tokens computed now, at the last positions of the path.
        package let ids: [Int32]
        /// The positions whose hidden states reach the head, among those.
        package let readPositions: [Int]
        /// Of each read position the token whose probability is asked for; empty where rewards are.
        package let targets: [Int32]

        package init(path: [Int32], ids: [Int32], readPositions: [Int], targets: [Int32] = []) {
            self.path = path
            self.ids = ids
            self.readPositions = readPositions
            self.targets = targets
        }

        var firstPosition: Int { path.count - ids.count }
    }

    package let pieces: [Piece]
    /// Whether keys and values are wanted by later batches; whoever wants them decides which slots are whose.
    let keepsKeys: Bool
    /// The ids of all pieces, one a row.
    package let ids: [Int32]
    /// Of each row, within its rollout.
    let positions: [Int32]
    /// Of each row.
    let slots: [Int32]
    /// Rows of each piece.
    package let rows: [Range<Int>]
    /// The rows that reach the head.
    package let readRows: [Int]
    /// Of all read positions, or none.
    let targets: [Int32]
    let slotCount: Int

    /// Whole rollouts, which leave nothing behind.
    ///
    /// Refuses an empty batch, an empty rollout, and read positions that are missing, unordered or outside of their
    /// rollout.
    package init(_ sequences: [TokenSequence]) throws(ModelError) {
        var pieces: [Piece] = []
        var first: Int32 = 0
        for (index, sequence) in sequences.enumerated() {
            guard !sequence.readPositions.isEmpty || sequence.ids.isEmpty else {
                throw .badReadPositions(sequence: index)
            }
            let end = first + Int32(clamping: sequence.ids.count)
            pieces.append(
                Piece(path: Array(first..<end), ids: sequence.ids, readPositions: sequence.readPositions)
            )
            first = end
        }
        try self.init(pieces, keepsKeys: false)
    }

    /// Pieces whose keys and values stay in their slots; a piece may stand on one before it in the same batch.
    package init(standing pieces: [Piece]) throws(ModelError) {
        try self.init(pieces, keepsKeys: true)
    }

    private init(_ pieces: [Piece], keepsKeys: Bool) throws(ModelError) {
        guard !pieces.isEmpty else { throw .emptyBatch }
        var rows: [Range<Int>] = []
        var readRows: [Int] = []
        var count = 0
        for (index, piece) in pieces.enumerated() {
            guard !piece.ids.isEmpty else { throw .emptySequence(index: index) }
            guard piece.path.count >= piece.ids.count, piece.path.allSatisfy({ $0 >= 0 }) else {
                throw .badPath(piece: index)
            }
            let positions = piece.readPositions.map { $0 - piece.firstPosition }
            guard positions.isEmpty || hasReadablePositions(ids: piece.ids, positions) else {
                throw .badReadPositions(sequence: index)
            }
            readRows += positions.map { count + $0 }
            rows.append(count..<count + piece.ids.count)
            count += piece.ids.count
        }
        self.pieces = pieces
        self.keepsKeys = keepsKeys
        self.rows = rows
        self.readRows = readRows
        ids = pieces.flatMap(\.ids)
        targets = pieces.flatMap(\.targets)
        positions = pieces.flatMap { ($0.firstPosition..<$0.path.count).map { Int32(truncatingIfNeeded: $0) } }
        slots = pieces.flatMap { $0.path[$0.firstPosition...] }
        slotCount = Int(pieces.reduce(0) { max($0, $1.path.max() ?? 0) }) + 1
    }
}

/// Whether read positions are there, ascend and lie within the sequence.
func hasReadablePositions(ids: [Int32], _ readPositions: [Int]) -> Bool {
    guard let first = readPositions.first, let last = readPositions.last else { return false }
    let ascends = zip(readPositions, readPositions.dropFirst()).allSatisfy { $0 < $1 }
    return ascends && first >= 0 && last < ids.count
}
