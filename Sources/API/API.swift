// What is served, and what every endpoint may use of it.
package import Crediting
import Glibc
package import Logging
package import Scoring
import Serving
import Synchronization

/// A model under its served name, with the credit of a caller who asks for none in particular.
package struct Service: Sendable {
    package let scorer: Scorer
    package let servedName: String
    package let defaultCredit: CreditSettings
    package let maximumBodyBytes: Int
    let readiness = Readiness()
    let startedAt = Int(time(nil))
    let metrics: ServiceMetrics
    let logger: Logger

    package init(
        scorer: Scorer,
        servedName: String,
        defaultCredit: CreditSettings,
        maximumBodyBytes: Int,
        logger: Logger,
        metrics: PrometheusMetrics
    ) {
        self.scorer = scorer
        self.servedName = servedName
        self.defaultCredit = defaultCredit
        self.maximumBodyBytes = maximumBodyBytes
        self.logger = logger
        self.metrics = ServiceMetrics(factory: metrics)
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
