// What SIGHUP does to a running server.
import Logging
import ServiceLifecycle
import Sockets
import UnixSignals

/// Reads again what an operator may have replaced; where the new is bad the old stays in its place.
struct Reloading: Service, CustomStringConvertible {
    private let hangUps: UnixSignalsSequence
    private let identity: TLSIdentity?
    private let logger: Logger

    /// A name for the log; by default it would be all that this holds.
    var description: String { "reloading" }

    /// Catches SIGHUP from now on.
    init(_ identity: TLSIdentity?, logger: Logger) async {
        hangUps = await UnixSignalsSequence(trapping: .sighup)
        self.identity = identity
        self.logger = logger
    }

    func run() async throws {
        for await _ in hangUps.cancelOnGracefulShutdown() { reloadIdentity() }
    }

    private func reloadIdentity() {
        guard let identity else { return }
        do throws(SocketError) {
            try identity.reload()
            logger.notice("the TLS certificate was read again")
        } catch {
            logger.error(
                "the new TLS certificate cannot be used; the old one stays",
                metadata: ["cause": "\(error.sentence)"]
            )
        }
    }
}
