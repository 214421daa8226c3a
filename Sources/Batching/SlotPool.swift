// Which slots are free.

/// Small numbers, each handed out to one holder at a time.
package struct SlotPool: Sendable {
    /// Last freed, first given: what was touched lately is given again.
    private var free: [Int32] = []
    /// Slots from here on were never given.
    private var fresh: Int32 = 0

    package init() {}

    package var inUse: Int { Int(fresh) - free.count }

    package mutating func take() -> Int32 {
        if let slot = free.popLast() { return slot }
        defer { fresh += 1 }
        return fresh
    }

    /// Takes back slots; the first of them is the next to be given, so that runs of slots stay runs.
    package mutating func release(_ slots: some BidirectionalCollection<Int32>) {
        free.append(contentsOf: slots.reversed())
        if inUse == 0 { self = SlotPool() }
    }
}
