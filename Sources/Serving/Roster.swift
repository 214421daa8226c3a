// Knows which connections are open and which of them idle.
internal import Synchronization

/// The open connections of a server.
actor Roster {
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var isDraining = false
    private nonisolated let order = Atomic<UInt64>(0)

    var count: Int { connections.count }

    /// Rises with every call: what is given to a connection when it becomes idle.
    nonisolated func nextInOrder() -> UInt64 { order.wrappingAdd(1, ordering: .relaxed).newValue }

    /// Enters a connection and says whether it has to drain from the start.
    func enter(_ connection: Connection) -> Bool {
        connections[ObjectIdentifier(connection)] = connection
        return isDraining
    }

    func leave(_ connection: Connection) { connections[ObjectIdentifier(connection)] = nil }

    /// Up to `count` connections, those that have been idle longest.
    func longestIdle(_ count: Int) -> [Connection] {
        connections.values.compactMap { connection in connection.idleOrder.map { ($0, connection) } }
            .sorted { $0.0 < $1.0 }
            .prefix(count)
            .map(\.1)
    }

    /// All connections, once; those that enter later are told to drain at the door.
    func drain() -> [Connection] {
        isDraining = true
        return Array(connections.values)
    }
}
