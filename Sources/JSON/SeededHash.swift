// A fast hash of short texts that nobody can prepare for.
//
// Written by hand: `Hasher` (SipHash) costs four times as much on texts of a few bytes, and reading a vocabulary of
// 150,000 tokens is mostly that.

/// Eight bytes at a time, each folded by a product of 128 bits (as wyhash and ahash do), from a seed of the process: no
/// text can be written whose keys all fall into one place of a table.
enum SeededHash {
    private static let seed = UInt64.random(in: 0 ... .max)
    private static let multiplier = UInt64.random(in: 0 ... .max) | 1

    static func of(_ text: Span<UInt8>) -> UInt64 {
        let (seed, multiplier) = (seed, multiplier)
        var state = seed ^ UInt64(text.count)
        for start in stride(from: 0, to: text.count, by: 8) {
            let word = text.word(at: start, count: Swift.min(8, text.count - start))
            let product = (state ^ word).multipliedFullWidth(by: multiplier)
            state = product.high ^ product.low &+ seed
        }
        return state
    }
}

extension Span<UInt8> {
    /// Up to eight bytes as a number, the first lowest; one read where the bytes go on for as long.
    @inlinable @inline(__always) package func word(at start: Int, count: Int) -> UInt64 {
        if start + 8 <= self.count, count > 0 {
            let eight = UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self))
            return eight & (UInt64.max >> UInt64(8 * (8 - count)))
        }
        var word: UInt64 = 0
        for index in (start..<start + count).reversed() { word = word << 8 | UInt64(self[index]) }
        return word
    }

    /// Byte for byte.
    @inline(__always) func isEqual(to other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for start in stride(from: 0, to: count, by: 8) {
            let length = Swift.min(8, count - start)
            guard word(at: start, count: length) == other.word(at: start, count: length) else { return false }
        }
        return true
    }
}

/// Numbers by the hashes of what they stand for, in open addressing: half of each machine word is the hash, so that a
/// table grows without its keys and hardly ever looks at a wrong one.
struct HashedPlaces: Sendable {
    /// The hash's upper half over the place plus one; 0 where the slot is free.
    ///
    /// All that there is: a word more, and every JSON value would take eight bytes more.
    private var slots: [UInt64] = []

    /// The place that has this hash and that `isIt` agrees to.
    @inline(__always) func place(_ hash: UInt64, where isIt: (Int) -> Bool) -> Int? {
        guard !slots.isEmpty else { return nil }
        let tag = hash >> 32
        var slot = Int(truncatingIfNeeded: tag) & (slots.count - 1)
        while slots[slot] != 0 {
            let place = Int(slots[slot] & UInt64(UInt32.max)) - 1
            if slots[slot] >> 32 == tag, isIt(place) { return place }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Adds a place, the next after the last from 0 on; it has to be less than 2^32 - 1.
    mutating func insert(_ place: Int, _ hash: UInt64) {
        if slots.count < Self.slotCount(for: place + 1) { grow(for: place + 1) }
        put((hash >> 32) << 32 | UInt64(place + 1))
    }

    mutating func removeAll() { self = HashedPlaces() }

    private mutating func put(_ entry: UInt64) {
        var slot = Int(truncatingIfNeeded: entry >> 32) & (slots.count - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = entry
    }

    private mutating func grow(for count: Int) {
        let old = slots
        slots = [UInt64](repeating: 0, count: Self.slotCount(for: count))
        for entry in old where entry != 0 { put(entry) }
    }

    /// A power of two, of which at most two thirds are taken.
    private static func slotCount(for count: Int) -> Int {
        guard count > 0 else { return 0 }
        let least = count + count / 2
        return 1 << (Int.bitWidth - least.leadingZeroBitCount)
    }
}
