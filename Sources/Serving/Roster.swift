// Knows which connections are open and which of them idle.
internal import Synchronization

/// The open connections of a server.
final class Roster: Sendable {
    private struct State {
        var connections: [ObjectIdentifier: Connection] = [:]
        /// The idle ones with the order in which they became so.
        var idle: [ObjectIdentifier: UInt64] = [:]
        var order: UInt64 = 0
        var isDraining = false
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.connections.count } }

    /// Enters a connection and says whether it has to drain from the start.
    func enter(_ connection: Connection) -> Bool {
        state.withLock { state in
            state.connections[ObjectIdentifier(connection)] = connection
            return state.isDraining
        }
    }

    func leave(_ connection: Connection) {
        state.withLock { state in
            state.connections[ObjectIdentifier(connection)] = nil
            state.idle[ObjectIdentifier(connection)] = nil
        }
    }

    func mark(_ connection: Connection, isIdle: Bool) {
        state.withLock { state in
            state.order &+= 1
            state.idle[ObjectIdentifier(connection)] = isIdle ? state.order : nil
        }
    }

    /// Up to `count` connections, those that have been idle longest.
    func longestIdle(_ count: Int) -> [Connection] {
        state.withLock { state in
            state.idle.sorted { $0.value < $1.value }.prefix(count).compactMap { state.connections[$0.key] }
        }
    }

    /// All connections, once; those that enter later are told to drain at the door.
    func drain() -> [Connection] {
        state.withLock { state in
            state.isDraining = true
            return Array(state.connections.values)
        }
    }
}
