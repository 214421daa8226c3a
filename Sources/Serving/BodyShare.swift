// Keeps the bodies of all connections within one bound.
internal import Synchronization

/// What one connection holds of the memory that there is for bodies.
struct BodyShare {
    /// For all connections together.
    let limit: Int
    let counters: Counters
    private(set) var bytes = 0

    init(limit: Int, counters: Counters) {
        self.limit = limit
        self.counters = counters
    }

    /// Whether so much more could be held at this moment. Nothing is set aside for it: who announces much and sends
    /// nothing would keep the others out.
    func hasRoom(for count: Int) -> Bool { count <= limit - counters.bodyBytes.load(ordering: .relaxed) }

    /// Holds `count` bytes in the place of what it held; false, and nothing changes, where there is no room.
    mutating func hold(_ count: Int) -> Bool {
        let more = count - bytes
        guard more != 0 else { return true }
        let total = counters.bodyBytes.wrappingAdd(more, ordering: .relaxed).newValue
        guard more < 0 || total <= limit else {
            counters.count(counters.bodyBytes, -more)
            return false
        }
        bytes = count
        return true
    }
}
