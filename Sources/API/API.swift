// What is served, and what every endpoint may use of it.
import Glibc
package import Logging
package import Logs
package import Scoring
package import Serving

/// A model under its served name, which stays the same where a reload puts another model in its place.
package struct Service: Sendable {
    package let servedName: String
    package let maximumBodyBytes: Int
    package let access: Access
    /// Whether `/metrics` is answered to those who show no key, where keys are asked for.
    package let showsMetrics: Bool
    /// How long a trainer's request may take where its URL does not say.
    package let patience: Duration
    /// How long a kind of thread may show nothing before only a new process helps.
    let hangLimit: Duration
    let models: ServedModels
    /// The policy and the reference, as they were when the process began: a reload is the reward model's alone.
    let languages: LanguageModels
    /// How a reload comes by its model; nil where there is but the one that the binary carries.
    let loader: ModelLoader?
    let health = Health()
    let answers = AnswerQueues()
    let heartbeat: Heartbeat
    let startedAt = Int(time(nil))
    let metrics = ServiceMetrics(factory: PrometheusMetrics())
    let connections: Counters
    let logger: Logger
    /// Where the logger's lines go.
    let logOutput: LogOutput?

    /// - Parameters:
    ///   - connections: what the server in front of it counts, for `/metrics`.
    ///   - logOutput: what the logger's lines are written by, for `/metrics`.
    ///   - patience: below slime's 120 s, which count from before the connection.
    ///   - hangLimit: a round of 1,024 tokens of a model of 7B takes 20 s on two slow cores; this is six times as much.
    ///   - heartbeat: of the server in front of it.
    package init(
        model: ServedModel,
        languages: LanguageModels = LanguageModels(),
        loader: ModelLoader? = nil,
        servedName: String,
        maximumBodyBytes: Int,
        access: Access = Access(),
        showsMetrics: Bool = true,
        patience: Duration = .seconds(110),
        hangLimit: Duration = .seconds(120),
        heartbeat: Heartbeat = Heartbeat(),
        connections: Counters,
        logger: Logger,
        logOutput: LogOutput? = nil
    ) {
        models = ServedModels(model)
        self.languages = languages
        self.loader = loader
        self.servedName = servedName
        self.maximumBodyBytes = maximumBodyBytes
        self.access = access
        self.showsMetrics = showsMetrics
        self.patience = patience
        self.hangLimit = hangLimit
        self.heartbeat = heartbeat
        self.connections = connections
        self.logger = logger
        self.logOutput = logOutput
        record(model, isServed: true)
        for language in languages.all {
            metrics.record(
                model: language.role.rawValue,
                role: language.role,
                revision: language.revision,
                facts: language.facts,
                isServed: true
            )
        }
    }

    /// The one that a call gets that begins now.
    package var model: ServedModel { models.current }
}

/// The version that `/version` tells; it changes with a release.
package let linchpinVersion = "0.1.0"
