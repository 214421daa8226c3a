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

/// Several rollouts end to end, without padding between them.
package struct PackedBatch: Sendable, Equatable {
    /// The ids of all rollouts, one a row.
    package let ids: [Int32]
    /// Where each rollout begins, and at last the number of rows: rollout i has rows `[i] ..< [i + 1]`.
    package let cumulativeLengths: [Int]
    /// The rows that reach the head: read positions, counted from the start of the batch.
    package let readRows: [Int]

    /// Refuses an empty batch, an empty rollout, and read positions that are missing, unordered or outside of their
    /// rollout.
    package init(_ sequences: [TokenSequence]) throws(ModelError) {
        guard !sequences.isEmpty else { throw .emptyBatch }
        var ids: [Int32] = []
        var cumulativeLengths = [0]
        var readRows: [Int] = []
        ids.reserveCapacity(sequences.reduce(0) { $0 + $1.ids.count })
        for (index, sequence) in sequences.enumerated() {
            guard !sequence.ids.isEmpty else { throw .emptySequence(index: index) }
            guard hasReadablePositions(ids: sequence.ids, sequence.readPositions) else {
                throw .badReadPositions(sequence: index)
            }
            for position in sequence.readPositions { readRows.append(ids.count + position) }
            ids += sequence.ids
            cumulativeLengths.append(ids.count)
        }
        self.ids = ids
        self.cumulativeLengths = cumulativeLengths
        self.readRows = readRows
    }

    /// Rows of each rollout, in order.
    var rollouts: [Range<Int>] {
        zip(cumulativeLengths, cumulativeLengths.dropFirst()).map { $0..<$1 }
    }

    /// The position of each row within its rollout.
    var positions: [Int32] { rollouts.flatMap { (0..<$0.count).map { Int32(truncatingIfNeeded: $0) } } }
}

/// Whether read positions are there, ascend and lie within the sequence.
func hasReadablePositions(ids: [Int32], _ readPositions: [Int]) -> Bool {
    guard let first = readPositions.first, let last = readPositions.last else { return false }
    let ascends = zip(readPositions, readPositions.dropFirst()).allSatisfy { $0 < $1 }
    return ascends && first >= 0 && last < ids.count
}
