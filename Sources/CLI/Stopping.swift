// What SIGTERM and SIGINT do to a running server.
//
// Own code beside ServiceLifecycle's, which takes the first signal and is deaf to the second: the second must end the
// process even where no task gets a turn any more, so it is Dispatch that hears it.
import Dispatch
import Glibc

/// Hears the signals that stop a server from when it is made: the first is told, the second ends the process at once.
final class StopSignals {
    /// How a server was asked to stop.
    enum Wish: Sendable {
        /// SIGTERM: whoever sends callers here takes some seconds to learn of it.
        case inGrace
        /// SIGINT: somebody at a terminal waits.
        case now
    }

    /// The first wish; it ends after it.
    let wishes: AsyncStream<Wish>
    private let sources: [any DispatchSourceSignal]

    init() async {
        let (wishes, first) = AsyncStream.makeStream(of: Wish.self)
        self.wishes = wishes
        let heard = Counter()
        let queue = DispatchQueue(label: "linchpin.signals")
        sources = [(SIGTERM, Wish.inGrace), (SIGINT, Wish.now)].map { signal, wish in
            let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
            source.setEventHandler {
                heard.add(1)
                guard heard.value > 1 else {
                    first.yield(wish)
                    return first.finish()
                }
                Output.write("linchpin: ended by a second signal; what was not answered is lost\n", to: STDERR_FILENO)
                // As a shell reports a process that the signal ended.
                _exit(128 + signal)
            }
            return source
        }
        for source in sources {
            // Dispatch takes a signal some time after it was asked to; until then one would end the process.
            await withCheckedContinuation { isTaken in
                source.setRegistrationHandler { isTaken.resume() }
                source.activate()
            }
        }
        // Their default is to end the process, and nothing here has a use for them.
        for signal in [SIGUSR1, SIGUSR2] { Glibc.signal(signal, SIG_IGN) }
    }

    deinit { for source in sources { source.cancel() } }
}
