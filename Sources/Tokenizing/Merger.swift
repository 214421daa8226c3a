// Byte-pair encoding of one piece: its bytes, merged.

/// Merges the neighbours of lowest rank, the leftmost first, until none merge.
///
/// Both ways below do this and a test holds them together. A short piece is scanned for its lowest rank each time, which is
/// quadratic but fastest for words; a long one, which can be the whole text, takes a queue by rank over a linked list.
package struct Merger: Sendable {
    /// The id of each of the 256 bytes.
    let byteIDs: [Int32]
    let merges: MergeTable

    /// Pieces of more bytes than this take the queue.
    package static let scannedBytes = 48

    /// Appends the ids of one piece.
    package func append(_ piece: Span<UInt8>, to ids: inout [Int32], scratch: inout MergeScratch) {
        if piece.count <= Self.scannedBytes {
            appendByScanning(piece, to: &ids, scratch: &scratch)
        } else {
            appendByQueue(piece, to: &ids)
        }
    }

    /// O(n^2); works in place at the end of `ids`.
    package func appendByScanning(_ piece: Span<UInt8>, to ids: inout [Int32], scratch: inout MergeScratch) {
        let base = ids.count
        for index in piece.indices { ids.append(byteIDs[Int(piece[index])]) }
        var count = piece.count
        guard count > 1 else { return }
        scratch.ranks.removeAll(keepingCapacity: true)
        for index in 0..<count - 1 { scratch.ranks.append(merges.rank(ids[base + index], ids[base + index + 1])) }
        while count > 1 {
            var lowest = MergeTable.never
            var place = 0
            for index in 0..<count - 1 where scratch.ranks[index] < lowest {
                lowest = scratch.ranks[index]
                place = index
            }
            guard lowest != MergeTable.never else { break }
            ids[base + place] = merges.merged[Int(lowest)]
            ids.remove(at: base + place + 1)
            scratch.ranks.remove(at: place)
            count -= 1
            if place > 0 { scratch.ranks[place - 1] = merges.rank(ids[base + place - 1], ids[base + place]) }
            if place < count - 1 { scratch.ranks[place] = merges.rank(ids[base + place], ids[base + place + 1]) }
        }
    }

    /// O(n log n) in the piece's bytes.
    package func appendByQueue(_ piece: Span<UInt8>, to ids: inout [Int32]) {
        var symbols = SymbolList(capacity: piece.count)
        for index in piece.indices { symbols.append(byteIDs[Int(piece[index])]) }
        var queue = MergeQueue()
        for index in 0..<Swift.max(symbols.count - 1, 0) {
            let rank = merges.rank(symbols[index].id, symbols[index + 1].id)
            symbols[index].rank = rank
            if rank != MergeTable.never { queue.append(rank: rank, place: index) }
        }
        queue.order()
        while let (rank, place) = queue.popFirst() {
            // A pair that has changed since it was queued has another rank now, or none.
            guard symbols[place].rank == rank else { continue }
            symbols.mergeWithNext(place, id: merges.merged[Int(rank)])
            for left in [symbols[place].previous, place] where left >= 0 {
                let right = symbols[left].next
                let rank = right < symbols.count ? merges.rank(symbols[left].id, symbols[right].id) : MergeTable.never
                symbols[left].rank = rank
                if rank != MergeTable.never { queue.push(rank: rank, place: left) }
            }
        }
        symbols.appendIDs(to: &ids)
    }
}

/// Memory that the pieces of one text share.
package struct MergeScratch {
    var ranks: [UInt32] = []

    package init() {}
}
