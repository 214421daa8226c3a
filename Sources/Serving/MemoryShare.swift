// Keeps what all connections hold within one bound.
internal import Synchronization

/// The bytes that all connections together hold of one kind: bodies, or answers.
final class HeldBytes: Sendable {
    let count = Atomic(0)
}

/// What one connection holds of them.
struct MemoryShare {
    /// For all connections together.
    let limit: Int
    let held: HeldBytes
    private(set) var bytes = 0

    init(of held: HeldBytes, limit: Int) {
        self.held = held
        self.limit = limit
    }

    /// Whether so much more could be held at this moment. Nothing is set aside for it: who announces much and sends
    /// nothing would keep the others out.
    func hasRoom(for count: Int) -> Bool { count <= limit - held.count.load(ordering: .relaxed) }

    /// Holds `count` bytes in the place of what it held; false, and nothing changes, where there is no room.
    mutating func hold(_ count: Int) -> Bool {
        let more = count - bytes
        guard more != 0 else { return true }
        let total = held.count.wrappingAdd(more, ordering: .relaxed).newValue
        guard more < 0 || total <= limit else {
            held.count.wrappingSubtract(more, ordering: .relaxed)
            return false
        }
        bytes = count
        return true
    }
}
