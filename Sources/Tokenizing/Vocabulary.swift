// The tokens that merges make, by id.

/// Ids and what they stand for; some ids may stand for nothing.
struct Vocabulary: Sendable {
    /// Every token's bytes one after the other, and by id where its own begin and end.
    private var bytes: [UInt8] = []
    private var ranges: [Range<UInt32>?] = []
    private(set) var count = 0

    var idUpperBound: Int { ranges.count }

    func contains(_ id: Int) -> Bool { ranges.indices.contains(id) && ranges[id] != nil }

    func bytes(of id: Int32) -> [UInt8]? {
        guard contains(Int(id)), let range = ranges[Int(id)] else { return nil }
        return Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
    }

    /// Adds a token that a byte-level vocabulary spells as `text`. The caller has checked that `id` is new and in bounds.
    mutating func insert(_ text: String, id: Int) {
        let start = UInt32(bytes.count)
        // Some files list special tokens here too, which are not spelt in the alphabet and which no merge reaches.
        if !ByteAlphabet.append(text, to: &bytes) { bytes += text.utf8 }
        while ranges.count <= id { ranges.append(nil) }
        ranges[id] = start..<UInt32(bytes.count)
        count += 1
    }
}

/// Token texts to ids while a file is read, compared by their bytes.
struct TokenIndex {
    private var bytes: [UInt8] = []
    private var tokens: [(start: Int, end: Int, id: Int32)] = []
    /// Places in `tokens`, -1 where free.
    private var slots: [Int32]

    init(capacity: Int) {
        let logarithm = Int.bitWidth - Swift.max(capacity, 8).leadingZeroBitCount + 1
        slots = [Int32](repeating: -1, count: 1 << logarithm)
        tokens.reserveCapacity(capacity)
    }

    /// The caller has checked that the text is new; there may be no more than `capacity`.
    mutating func insert(_ text: String, id: Int32) {
        let start = bytes.count
        bytes += text.utf8
        let slot = slot(of: bytes[start...])
        slots[slot] = Int32(tokens.count)
        tokens.append((start, bytes.count, id))
    }

    func id(of text: ArraySlice<UInt8>) -> Int32? {
        let token = slots[slot(of: text)]
        return token < 0 ? nil : tokens[Int(token)].id
    }

    /// Where the text is, or where it would go. `Hasher` is seeded, so no file can be written to fill one place.
    private func slot(of text: ArraySlice<UInt8>) -> Int {
        var hasher = Hasher()
        text.withUnsafeBytes { hasher.combine(bytes: $0) }
        var slot = hasher.finalize() & (slots.count - 1)
        while slots[slot] >= 0 {
            let token = tokens[Int(slots[slot])]
            if token.end - token.start == text.count, bytes[token.start..<token.end].elementsEqual(text) { break }
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }
}
