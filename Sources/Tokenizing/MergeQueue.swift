// The order of merges in one long piece.

/// A min-heap of pairs by rank, then by place, each in one machine word: 24 bits of rank, 40 of place.
struct MergeQueue {
    private static let placeBits: UInt64 = 40
    private var words: [UInt64] = []

    private static func word(_ rank: UInt32, _ place: Int) -> UInt64 {
        UInt64(rank) << placeBits | UInt64(place)
    }

    /// Adds without keeping the order; `order()` must follow.
    mutating func append(rank: UInt32, place: Int) { words.append(Self.word(rank, place)) }

    /// Makes a heap of what was appended, in linear time.
    mutating func order() {
        for index in stride(from: words.count / 2 - 1, through: 0, by: -1) { sink(index) }
    }

    mutating func push(rank: UInt32, place: Int) {
        words.append(Self.word(rank, place))
        var index = words.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard words[index] < words[parent] else { break }
            words.swapAt(index, parent)
            index = parent
        }
    }

    mutating func popFirst() -> (rank: UInt32, place: Int)? {
        guard let first = words.first, let last = words.popLast() else { return nil }
        if !words.isEmpty {
            words[0] = last
            sink(0)
        }
        return (UInt32(first >> Self.placeBits), Int(first & (1 << Self.placeBits - 1)))
    }

    private mutating func sink(_ start: Int) {
        var index = start
        let word = words[start]
        while true {
            var child = 2 * index + 1
            guard child < words.count else { break }
            if child + 1 < words.count, words[child + 1] < words[child] { child += 1 }
            guard words[child] < word else { break }
            words[index] = words[child]
            index = child
        }
        words[index] = word
    }
}

/// The tokens of one long piece, linked, so that a merge moves nothing.
struct SymbolList {
    struct Symbol {
        var id: Int32
        /// The rank of this token and the next, `MergeTable.never` where they do not merge.
        var rank: UInt32 = MergeTable.never
        /// -1 at the start.
        var previous: Int
        /// The list's `count` at the end.
        var next: Int
    }

    private var symbols: [Symbol] = []

    init(capacity: Int) {
        symbols.reserveCapacity(capacity)
    }

    /// Places, those of merged tokens among them.
    var count: Int { symbols.count }

    subscript(place: Int) -> Symbol {
        get { symbols[place] }
        set { symbols[place] = newValue }
    }

    mutating func append(_ id: Int32) {
        symbols.append(Symbol(id: id, previous: symbols.count - 1, next: symbols.count + 1))
    }

    /// The token at `place` and the next become one, at `place`; the next one's place is never read again.
    mutating func mergeWithNext(_ place: Int, id: Int32) {
        let absorbed = symbols[place].next
        let next = symbols[absorbed].next
        symbols[place].id = id
        symbols[place].next = next
        symbols[absorbed].rank = MergeTable.never
        if next < symbols.count { symbols[next].previous = place }
    }

    func appendIDs(to ids: inout [Int32]) {
        var place = 0
        while place < symbols.count {
            ids.append(symbols[place].id)
            place = symbols[place].next
        }
    }
}
