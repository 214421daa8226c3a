// Byte-pair encoding of one piece: its symbols, merged.

/// Merges the neighbours of lowest rank, the leftmost first, until none merge.
///
/// Both ways below do this and a test holds them together. A short piece is scanned for its lowest rank each time, which is
/// quadratic but fastest for words; a long one, which can be the whole text, takes a queue by rank over a linked list.
package struct Merger: Sendable {
    let alphabet: Alphabet
    let merges: MergeTable
    /// Pieces that need no merging.
    var words = WholeWords(capacity: 0)
    /// No merge joins another symbol with a space mark after it, so that the words of a text are pieces of their own.
    let endsAtMarks: Bool

    /// Pieces of more symbols than this take the queue.
    package static let scannedSymbols = 48

    init(alphabet: Alphabet, merges: MergeTable, endsAtMarks: Bool) {
        self.alphabet = alphabet
        self.merges = merges
        self.endsAtMarks = endsAtMarks
    }

    /// Appends the ids of one piece of a text.
    func append(_ text: Span<UInt8>, _ piece: Range<Int>, to ids: inout [Int32], scratch: inout MergeScratch) {
        if let word = words.id(of: text, piece) {
            ids.append(word)
        } else {
            append(text.extracting(piece), to: &ids, scratch: &scratch)
        }
    }

    /// Appends what merging makes of one piece.
    package func append(_ piece: Span<UInt8>, to ids: inout [Int32], scratch: inout MergeScratch) {
        let start = ids.count
        alphabet.append(piece, to: &ids)
        if ids.count - start <= Self.scannedSymbols {
            mergeByScanning(&ids, from: start, scratch: &scratch)
        } else {
            mergeByQueue(&ids, from: start)
        }
    }

    package func appendByScanning(_ piece: Span<UInt8>, to ids: inout [Int32], scratch: inout MergeScratch) {
        let start = ids.count
        alphabet.append(piece, to: &ids)
        mergeByScanning(&ids, from: start, scratch: &scratch)
    }

    package func appendByQueue(_ piece: Span<UInt8>, to ids: inout [Int32]) {
        let start = ids.count
        alphabet.append(piece, to: &ids)
        mergeByQueue(&ids, from: start)
    }

    /// O(n^2); works in place at the end of `ids`.
    private func mergeByScanning(_ ids: inout [Int32], from base: Int, scratch: inout MergeScratch) {
        var count = ids.count - base
        guard count > 1 else { return }
        while scratch.ranks.count < count { scratch.ranks.append(MergeTable.never) }
        for index in 0..<count - 1 { scratch.ranks[index] = merges.rank(ids[base + index], ids[base + index + 1]) }
        while count > 1 {
            var lowest = MergeTable.never
            var place = 0
            for index in 0..<count - 1 where scratch.ranks[index] < lowest {
                lowest = scratch.ranks[index]
                place = index
            }
            guard lowest != MergeTable.never else { break }
            ids[base + place] = merges.merged[Int(lowest)]
            count -= 1
            for index in place + 1..<Swift.max(count, place + 1) {
                ids[base + index] = ids[base + index + 1]
                scratch.ranks[index] = scratch.ranks[index + 1]
            }
            if place > 0 { scratch.ranks[place - 1] = merges.rank(ids[base + place - 1], ids[base + place]) }
            if place < count - 1 { scratch.ranks[place] = merges.rank(ids[base + place], ids[base + place + 1]) }
        }
        ids.removeLast(ids.count - base - count)
    }

    /// O(n log n) in the piece's symbols.
    private func mergeByQueue(_ ids: inout [Int32], from base: Int) {
        var symbols = SymbolList(capacity: ids.count - base)
        for index in base..<ids.count { symbols.append(ids[index]) }
        ids.removeSubrange(base...)
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
