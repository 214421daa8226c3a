// Which two neighbouring tokens make one, and how early.

/// Pairs of ids to ranks: a flat table with open addressing, one machine word a pair.
///
/// A word holds left id (20 bits), right id (20) and rank (24), which `TokenizerLimits` keeps within bounds.
struct MergeTable: Sendable {
    /// The rank of a pair that does not merge; greater than every rank.
    static let never = UInt32.max

    private static let rankBits: UInt64 = 24
    private static let empty = UInt64.max

    private var words: [UInt64]
    private let mask: Int
    private let shift: UInt64
    /// Random and odd, so that no file can be written whose pairs all fall into one place.
    private let multiplier: UInt64
    /// The id that the pair of each rank makes.
    private(set) var merged: [Int32] = []
    /// The pair of each rank, as its key.
    private var keys: [UInt64] = []
    /// By id, the lowest rank that makes it; `never` where none does.
    private var ranks: [UInt32] = []

    /// - Parameter capacity: how many pairs will be added.
    init(capacity: Int) {
        let logarithm = UInt64(Int.bitWidth - Swift.max(capacity, 8).leadingZeroBitCount + 1)
        words = [UInt64](repeating: Self.empty, count: 1 << logarithm)
        mask = words.count - 1
        shift = 64 - logarithm
        multiplier = UInt64.random(in: 0 ... .max) | 1
        merged.reserveCapacity(capacity)
        keys.reserveCapacity(capacity)
        // A merge makes one token, and the single bytes or characters are made by none.
        ranks.reserveCapacity(capacity + 1024)
    }

    /// Adds the pair of the next rank; false where the pair is there already.
    mutating func append(_ left: Int32, _ right: Int32, makes id: Int32) -> Bool {
        let key = Self.key(left, right)
        var place = place(of: key)
        while words[place] != Self.empty {
            if words[place] >> Self.rankBits == key { return false }
            place = (place + 1) & mask
        }
        words[place] = key << Self.rankBits | UInt64(merged.count)
        while ranks.count <= Int(id) { ranks.append(Self.never) }
        if ranks[Int(id)] == Self.never { ranks[Int(id)] = UInt32(merged.count) }
        merged.append(id)
        keys.append(key)
        return true
    }

    /// The pair of lowest rank that makes a token.
    func halves(of id: Int32) -> (left: Int32, right: Int32)? {
        guard ranks.indices.contains(Int(id)), ranks[Int(id)] != Self.never else { return nil }
        let key = keys[Int(ranks[Int(id)])]
        return (Int32(key >> 20), Int32(key & (1 << 20 - 1)))
    }

    /// The rank of a pair: the least merges first. `never` where it does not merge.
    func rank(_ left: Int32, _ right: Int32) -> UInt32 {
        let key = Self.key(left, right)
        var place = place(of: key)
        while true {
            let word = words[place]
            if word >> Self.rankBits == key { return UInt32(word & (1 << Self.rankBits - 1)) }
            if word == Self.empty { return Self.never }
            place = (place + 1) & mask
        }
    }

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 20 | UInt64(UInt32(bitPattern: right))
    }

    /// Multiply-shift hashing (Dietzfelbinger et al. 1997).
    private func place(of key: UInt64) -> Int { Int(truncatingIfNeeded: (key &* multiplier) >> shift) }
}
