// When each of some loops last had a turn.
package import Sockets
internal import Synchronization

/// The life of a server's loops; whoever made the server may ask at any time, on any thread.
package final class Heartbeat: Sendable {
    private struct Pulse {
        let loop: SocketLoop
        var last: Instant
        /// Whether it was asked and has not answered: a loop that hangs must not gather questions.
        var isAsked = false
    }

    private let pulses = Mutex<[Pulse]>([])

    package init() {}

    /// From now on these loops are the ones that are asked.
    func watch(_ loops: [SocketLoop]) {
        pulses.withLock { $0 = loops.map { Pulse(loop: $0, last: .now) } }
    }

    /// Asks every loop to show that it runs; returns at once.
    package func beat() {
        let asked = pulses.withLock { pulses in
            pulses.indices.filter { !pulses[$0].isAsked }.map { index in
                pulses[index].isAsked = true
                return (index, pulses[index].loop)
            }
        }
        for (index, loop) in asked {
            loop.perform { self.note(index) }
        }
    }

    /// When the slowest of them last ran; nil where there are none.
    package var oldest: Instant? { pulses.withLock { $0.map(\.last).min() } }

    private func note(_ index: Int) {
        pulses.withLock { pulses in
            guard pulses.indices.contains(index) else { return }
            pulses[index].last = .now
            pulses[index].isAsked = false
        }
    }
}
