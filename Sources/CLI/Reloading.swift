// What SIGHUP does to a running server.
import API
import Logging
import ServiceLifecycle
import Sockets
import UnixSignals

/// Reads again what an operator may have replaced; where the new is bad the old stays in its place.
struct Reloading: ServiceLifecycle.Service, CustomStringConvertible {
    private let hangUps: UnixSignalsSequence
    private let identity: TLSIdentity?
    private let keys: KeySources
    private let service: API.Service
    private let logger: Logger

    /// A name for the log; by default it would be all that this holds.
    var description: String { "reloading" }

    /// Catches SIGHUP from now on.
    init(_ identity: TLSIdentity?, _ keys: KeySources, _ service: API.Service, logger: Logger) async {
        hangUps = await UnixSignalsSequence(trapping: .sighup)
        self.identity = identity
        self.keys = keys
        self.service = service
        self.logger = logger
    }

    /// What is quick comes first: a certificate does not wait until a model is loaded.
    func run() async throws {
        for await _ in hangUps.cancelOnGracefulShutdown() {
            reloadIdentity()
            reloadKeys()
            // Not awaited: a stop must not wait for a model that loads.
            Task { await service.reloadInTurn() }
        }
    }

    private func reloadKeys() {
        guard !keys.isEmpty else { return }
        do {
            try keys.reload()
            logger.notice("the keys were read again")
        } catch {
            // A failure names a file and a line, never what stands there.
            let cause = (error as? Failure)?.line ?? "\(error)"
            logger.error("the new keys cannot be used; the old ones stay", metadata: ["cause": "\(cause)"])
        }
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
