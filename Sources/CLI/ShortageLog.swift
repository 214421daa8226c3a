// Says when the process runs out of descriptors.
import Logging
import ServiceLifecycle
import Serving

/// One line for each stretch of time in which connections had to wait, however often the listener tried.
struct ShortageLog: Service, CustomStringConvertible {
    let counters: Counters
    let logger: Logger

    /// A name for the log.
    var description: String { "shortages" }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var known = 0
            while (try? await Task.sleep(for: .seconds(10))) != nil {
                let pauses = counters.now.pausedAccepts
                if pauses > known {
                    logger.error(
                        "out of descriptors: new connections wait in the kernel (raise the limit: ulimit -n)",
                        metadata: ["pauses": "\(pauses - known)"]
                    )
                }
                known = pauses
            }
        }
    }
}
