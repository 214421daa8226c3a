// What is served, and what every endpoint may use of it.
package import Crediting
import Glibc
package import Logging
package import Scoring
package import Serving
import Synchronization

/// A model under its served name, with the credit of a caller who asks for none in particular.
package struct Service: Sendable {
    package let scorer: Scorer
    package let servedName: String
    package let defaultCredit: CreditSettings
    package let maximumBodyBytes: Int
    package let access: Access
    /// Whether `/metrics` is answered to those who show no key, where keys are asked for.
    package let showsMetrics: Bool
    /// How long a trainer's request may take where its URL does not say.
    package let patience: Duration
    let readiness = Readiness()
    let startedAt = Int(time(nil))
    let metrics = ServiceMetrics(factory: PrometheusMetrics())
    let connections: Counters
    let logger: Logger

    /// - Parameters:
    ///   - connections: what the server in front of it counts, for `/metrics`.
    ///   - patience: below slime's 120 s, which count from before the connection.
    package init(
        scorer: Scorer,
        servedName: String,
        defaultCredit: CreditSettings,
        maximumBodyBytes: Int,
        access: Access = Access(),
        showsMetrics: Bool = true,
        patience: Duration = .seconds(110),
        connections: Counters,
        logger: Logger
    ) {
        self.scorer = scorer
        self.servedName = servedName
        self.defaultCredit = defaultCredit
        self.maximumBodyBytes = maximumBodyBytes
        self.access = access
        self.showsMetrics = showsMetrics
        self.patience = patience
        self.connections = connections
        self.logger = logger
    }

    /// From here on `/health` and `/health/ready` answer 503, so that no new caller is sent here.
    package func stopBeingReady() { readiness.stop() }
}

/// The version that `/version` tells; it changes with a release.
package let linchpinVersion = "0.1.0"

/// Whether new callers should be sent here.
final class Readiness: Sendable {
    private let ready = Atomic<Bool>(true)

    var isReady: Bool { ready.load(ordering: .relaxed) }

    func stop() { ready.store(false, ordering: .relaxed) }
}
