// Runs the server, and stops it as the signals ask.
import API
import Glibc
import Logging
import ServiceLifecycle
import Serving

/// The server from its first connection to its last answer.
struct HTTPService: ServiceLifecycle.Service, CustomStringConvertible {
    let server: Server
    let service: API.Service
    let scheme: String
    let grace: Duration
    let logger: Logger

    /// ServiceLifecycle makes a service's name of it, and logs that: by default all that it holds, vocabulary and keys.
    var description: String { "http" }

    func run() async throws {
        let signals = await StopSignals()
        let wishes = signals.wishes
        // The one line that scripts wait for; it tells the real port. From here on a signal is a graceful stop.
        Output.write("listening on \(scheme)://\(server.address)\n", to: STDOUT_FILENO)
        await withTaskGroup { group in
            group.addTask { await service.watch() }
            group.addTask { await stopWhenAsked(wishes) }
            await server.run()
            group.cancelAll()
        }
        // Until here the second signal had to be heard.
        withExtendedLifetime(signals) {}
        logger.notice("stopped")
    }

    /// Not ready at once; after the grace the door is closed, and everything accepted is answered.
    private func stopWhenAsked(_ wishes: AsyncStream<StopSignals.Wish>) async {
        for await wish in wishes {
            service.stopBeingReady()
            logger.notice("stopping", metadata: ["grace_seconds": "\(wish == .inGrace ? grace : .zero)"])
            if wish == .inGrace { try? await Task.sleep(for: grace) }
            server.drain()
        }
    }
}
