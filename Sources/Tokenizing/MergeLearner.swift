// Which pairs to merge, learnt from how often they stand together.

/// Byte-pair encoding's training (Sennrich et al., 1508.07909) over counted pieces.
///
/// The most frequent pair merges first, of equals the one with the lesser ids, as in Hugging Face `tokenizers`; so the
/// order of the pieces does not matter. A merge costs as much as the pieces that hold its pair.
struct MergeLearner {
    /// The bytes of every token, by id; the first 256 are single bytes.
    private(set) var tokens: [[UInt8]]
    private(set) var merges: [(left: Int32, right: Int32)] = []

    private var ids: [[UInt8]: Int32] = [:]
    private var learnt: Set<UInt64> = []
    /// Each distinct piece as its tokens, and how often it was seen.
    private var pieces: [(tokens: [Int32], count: Int)]
    private var pairs: [UInt64: Standing] = [:]
    private var queue = PairQueue()

    /// What is known of a pair.
    private struct Standing {
        var count = 0
        /// Pieces that have held it; it may have left them since.
        var pieces: [Int32] = []
    }

    /// A pair seen once teaches nothing about text.
    private static let leastCount = 2

    init(_ counted: [[UInt8]: Int]) {
        tokens = ByteAlphabet.bytesInOrder.map { [$0] }
        var byteIDs = [Int32](repeating: 0, count: 256)
        for (id, byte) in ByteAlphabet.bytesInOrder.enumerated() { byteIDs[Int(byte)] = Int32(id) }
        pieces = counted.map { piece, count in (piece.map { byteIDs[Int($0)] }, count) }
        for (id, token) in tokens.enumerated() { ids[token] = Int32(id) }
        for place in pieces.indices {
            count(place, times: 1)
            list(place) { _, _ in true }
        }
        for (pair, standing) in pairs { queue.push(count: standing.count, pair: pair) }
    }

    /// Merges until there are `count` tokens, or no pair is left that was seen twice.
    mutating func learn(upTo count: Int) {
        while tokens.count < count, let (queued, pair) = queue.popFirst() {
            guard let standing = pairs[pair] else { continue }
            // Other merges have taken some of it since it was queued.
            guard standing.count == queued else {
                if standing.count >= Self.leastCount { queue.push(count: standing.count, pair: pair) }
                continue
            }
            guard queued >= Self.leastCount else { break }
            merge(pair, in: standing.pieces)
        }
    }

    private mutating func merge(_ pair: UInt64, in places: [Int32]) {
        let (left, right) = Self.ids(of: pair)
        let bytes = tokens[Int(left)] + tokens[Int(right)]
        // "ab" + "c" and "a" + "bc" are one token. Rare: no random text has shown it, and the reader refuses its double.
        let id = ids[bytes] ?? Int32(tokens.count)
        if Int(id) == tokens.count {
            tokens.append(bytes)
            ids[bytes] = id
        }
        // Once the first pair makes what the second made, a pair learnt long ago can stand there again.
        if learnt.insert(pair).inserted { merges.append((left, right)) }
        var grown: Set<UInt64> = []
        for place in places.map({ Int($0) }) {
            let old = pieces[place].tokens
            let new = Self.merged(old, left, right, into: id)
            guard new.count < old.count else { continue }
            count(place, times: -1)
            pieces[place].tokens = new
            count(place, times: 1)
            grown.formUnion(list(place) { $0 == id || $1 == id })
        }
        pairs[pair] = nil
        for pair in grown { queue.push(count: pairs[pair]?.count ?? 0, pair: pair) }
    }

    /// Adds a piece's pairs to what is known, or takes them away.
    private mutating func count(_ place: Int, times: Int) {
        let (tokens, count) = pieces[place]
        for (left, right) in zip(tokens, tokens.dropFirst()) {
            pairs[Self.pair(left, right), default: Standing()].count += times * count
        }
    }

    /// Notes with the pairs that are new to a piece that it holds them, and tells which they are.
    @discardableResult
    private mutating func list(_ place: Int, where isNew: (Int32, Int32) -> Bool) -> Set<UInt64> {
        let tokens = pieces[place].tokens
        var listed: Set<UInt64> = []
        for (left, right) in zip(tokens, tokens.dropFirst()) where isNew(left, right) {
            let pair = Self.pair(left, right)
            if listed.insert(pair).inserted { pairs[pair, default: Standing()].pieces.append(Int32(place)) }
        }
        return listed
    }

    private static func merged(_ tokens: [Int32], _ left: Int32, _ right: Int32, into id: Int32) -> [Int32] {
        var merged: [Int32] = []
        merged.reserveCapacity(tokens.count)
        var index = 0
        while index < tokens.count {
            if tokens[index] == left, index + 1 < tokens.count, tokens[index + 1] == right {
                merged.append(id)
                index += 2
            } else {
                merged.append(tokens[index])
                index += 1
            }
        }
        return merged
    }

    private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    private static func ids(of pair: UInt64) -> (left: Int32, right: Int32) {
        (Int32(truncatingIfNeeded: pair >> 32), Int32(truncatingIfNeeded: pair))
    }
}

/// A heap of pairs: the greatest count first, of equals the least pair.
private struct PairQueue {
    private var entries: [(count: Int, pair: UInt64)] = []

    private static func comes(_ one: (count: Int, pair: UInt64), before other: (count: Int, pair: UInt64)) -> Bool {
        one.count != other.count ? one.count > other.count : one.pair < other.pair
    }

    mutating func push(count: Int, pair: UInt64) {
        entries.append((count, pair))
        var index = entries.count - 1
        while index > 0, Self.comes(entries[index], before: entries[(index - 1) / 2]) {
            entries.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func popFirst() -> (count: Int, pair: UInt64)? {
        guard let first = entries.first, let last = entries.popLast() else { return nil }
        guard !entries.isEmpty else { return first }
        entries[0] = last
        var index = 0
        while true {
            var best = index
            for child in [2 * index + 1, 2 * index + 2] where child < entries.count {
                if Self.comes(entries[child], before: entries[best]) { best = child }
            }
            guard best != index else { return first }
            entries.swapAt(index, best)
            index = best
        }
    }
}
