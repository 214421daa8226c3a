// Keeps alarms in order of time, each removable at once.
// A binary heap by hand: the standard library has none, and a removed alarm must not stay behind until it would have rung.

/// Something that happens once at a given time, unless it is cleared before.
package final class Alarm {
    fileprivate var due = Instant.now
    /// Its place in the heap, nil while it is not set.
    fileprivate var slot: Int?
    package let ring: () -> Void

    package init(ring: @escaping () -> Void) { self.ring = ring }
}

/// The alarms that are set, the earliest first; every change is O(log n).
package struct AlarmHeap {
    private var alarms: [Alarm] = []

    package init() {}

    package var firstDue: Instant? { alarms.first?.due }

    package var count: Int { alarms.count }

    package mutating func insert(_ alarm: Alarm, due: Instant) {
        precondition(alarm.slot == nil, "an alarm is set twice")
        alarm.due = due
        alarm.slot = alarms.count
        alarms.append(alarm)
        rise(from: alarms.count - 1)
    }

    package mutating func remove(_ alarm: Alarm) {
        guard let slot = alarm.slot else { return }
        alarm.slot = nil
        let last = alarms.removeLast()
        guard slot < alarms.count else { return }
        alarms[slot] = last
        last.slot = slot
        rise(from: slot)
        sink(from: slot)
    }

    /// Takes out the earliest alarm if its time has come.
    package mutating func removeFirst(dueBy now: Instant) -> Alarm? {
        guard let first = alarms.first, first.due <= now else { return nil }
        remove(first)
        return first
    }

    private mutating func rise(from start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard alarms[child].due < alarms[parent].due else { return }
            exchange(child, parent)
            child = parent
        }
    }

    private mutating func sink(from start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < alarms.count {
                if alarms[child].due < alarms[least].due { least = child }
            }
            guard least != parent else { return }
            exchange(parent, least)
            parent = least
        }
    }

    private mutating func exchange(_ first: Int, _ second: Int) {
        alarms.swapAt(first, second)
        alarms[first].slot = first
        alarms[second].slot = second
    }
}
