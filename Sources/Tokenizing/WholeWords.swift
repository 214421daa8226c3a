// Pieces that are one token each, found without merging.
import JSON

/// The pieces whose ids are one single token: most words of prose, looked up in place of some ten merges.
///
/// Made once when a file is loaded, and exact: a piece stands here only if merging its symbols gives the same token, or if
/// the file says that whole pieces are not merged (`ignore_merges`).
struct WholeWords: Sendable {
    /// A piece of up to 15 bytes is its own key, its length in the last byte.
    private struct Key: Equatable {
        var low: UInt64
        var high: UInt64
    }

    private struct Slot {
        var key = Key(low: 0, high: 0)
        /// -1 where the slot is free.
        var id: Int32 = -1
    }

    static let longestKey = 15

    /// Where pieces are merged, words of greater ids are left to merging: a vocabulary lists its tokens by how often they
    /// were seen, and to prove that a token is a word costs a load more than the rare ones save.
    static let provenIDs: Int32 = 1 << 15

    private var slots: [Slot]
    private let shift: UInt64
    /// Random and odd, so that no file can be written whose words all fall into one place.
    private let multipliers: (UInt64, UInt64)
    /// Only of files that say `ignore_merges`.
    private var long: [[UInt8]: Int32] = [:]
    private var longest = 0

    /// - Parameter capacity: how many words will be added.
    init(capacity: Int) {
        let logarithm = Int.bitWidth - Swift.max(capacity, 8).leadingZeroBitCount + 1
        slots = [Slot](repeating: Slot(), count: 1 << logarithm)
        shift = UInt64(Int.bitWidth - logarithm)
        multipliers = (UInt64.random(in: 0 ... .max) | 1, UInt64.random(in: 0 ... .max) | 1)
    }

    /// The caller adds no word twice.
    mutating func insert(_ word: Span<UInt8>, id: Int32) {
        guard word.count <= Self.longestKey else {
            long[word.withUnsafeBufferPointer { Array($0) }] = id
            longest = Swift.max(longest, word.count)
            return
        }
        let key = Self.key(word, 0..<word.count)
        var place = place(of: key)
        while slots[place].id >= 0 { place = (place + 1) & (slots.count - 1) }
        slots[place] = Slot(key: key, id: id)
    }

    /// The token of a part of a text, if that part is one.
    func id(of text: Span<UInt8>, _ range: Range<Int>) -> Int32? {
        guard range.count <= Self.longestKey else {
            return range.count <= longest ? long[text.extracting(range).withUnsafeBufferPointer { Array($0) }] : nil
        }
        let key = Self.key(text, range)
        var place = place(of: key)
        while slots[place].id >= 0 {
            if slots[place].key == key { return slots[place].id }
            place = (place + 1) & (slots.count - 1)
        }
        return nil
    }

    private static func key(_ text: Span<UInt8>, _ range: Range<Int>) -> Key {
        let length = UInt64(range.count) << 56
        let low = text.word(at: range.lowerBound, count: Swift.min(range.count, 8))
        let high = range.count > 8 ? text.word(at: range.lowerBound + 8, count: range.count - 8) : 0
        return Key(low: low, high: high | length)
    }

    /// Multiply-shift hashing (Dietzfelbinger et al. 1997).
    private func place(of key: Key) -> Int {
        Int(truncatingIfNeeded: (key.low &* multipliers.0 &+ key.high &* multipliers.1) >> shift)
    }
}
