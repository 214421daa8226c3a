// Token texts to ids while a file is read.

/// Texts compared by their bytes.
struct TokenIndex {
    /// The id is -1 where a slot is free.
    private struct Slot {
        var start: UInt32 = 0
        var end: UInt32 = 0
        var id: Int32 = -1
    }

    private var bytes: [UInt8] = []
    private var slots: [Slot]
    /// Seeded by the process, so that no file can be written whose tokens all fall into one slot.
    private let hasher = Hasher()

    init(capacity: Int) {
        let logarithm = Int.bitWidth - Swift.max(capacity, 8).leadingZeroBitCount + 1
        slots = [Slot](repeating: Slot(), count: 1 << logarithm)
    }

    /// The caller has checked that the text is new; there may be no more than `capacity`.
    mutating func insert(_ text: String, id: Int32) {
        let slot = slot(of: text.utf8.span)
        let start = UInt32(bytes.count)
        bytes += text.utf8
        slots[slot] = Slot(start: start, end: UInt32(bytes.count), id: id)
    }

    func id(of text: Span<UInt8>) -> Int32? {
        let id = slots[slot(of: text)].id
        return id < 0 ? nil : id
    }

    /// Where the text is, or where it would go.
    private func slot(of text: Span<UInt8>) -> Int {
        var hasher = hasher
        text.withUnsafeBytes { hasher.combine(bytes: $0) }
        var slot = hasher.finalize() & (slots.count - 1)
        while slots[slot].id >= 0, !isEqual(slots[slot], text) { slot = (slot + 1) & (slots.count - 1) }
        return slot
    }

    private func isEqual(_ slot: Slot, _ text: Span<UInt8>) -> Bool {
        guard Int(slot.end - slot.start) == text.count else { return false }
        for offset in text.indices where bytes[Int(slot.start) + offset] != text[offset] { return false }
        return true
    }
}
