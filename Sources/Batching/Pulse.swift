// When the kernel last showed that it works.
//
// Written by the batcher and read by whoever watches it, who must not have to wait for the batcher: so it is locked, not
// isolated.
import Synchronization

/// The life of a kernel, as its rounds show it.
package final class Pulse: Sendable {
    /// What is known at one moment.
    package struct Beat: Sendable, Equatable {
        /// The round that runs: since when, and of how many tokens; nil while none does.
        package var running: Running?
        /// When a round last ended well; at first when the batcher was made.
        package var ended = ContinuousClock.now

        package struct Running: Sendable, Equatable {
            package let since: ContinuousClock.Instant
            package let tokens: Int

            package init(since: ContinuousClock.Instant, tokens: Int) {
                self.since = since
                self.tokens = tokens
            }
        }

        package init() {}
    }

    private let beat = Mutex(Beat())

    init() {}

    package var now: Beat { beat.withLock { $0 } }

    func begin(_ round: Round) {
        beat.withLock { $0.running = Beat.Running(since: .now, tokens: round.tokens) }
    }

    /// - Parameter isWell: a round that failed shows nothing.
    func end(isWell: Bool) {
        beat.withLock { beat in
            beat.running = nil
            if isWell { beat.ended = .now }
        }
    }
}
