// linchpin serve: the model behind HTTP.
import API
import ArgumentParser
import Glibc
import Logging
import Scoring
import ServiceLifecycle
import Serving
import Sockets

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve a model over HTTP.",
        discussion: "Every flag is also an environment variable (LINCHPIN_PORT for --port); the flag wins."
    )

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var creditOptions: CreditOptions
    @OptionGroup var tlsOptions: TLSOptions
    @OptionGroup var logOptions: LogOptions
    @OptionGroup var keyOptions: KeyOptions

    @Option(help: ArgumentHelp("Address to listen on (default: 127.0.0.1).", valueName: "ADDRESS"))
    var host: String?

    @Option(help: ArgumentHelp("Port to listen on; 0 takes a free one (default: 8080).", valueName: "N"))
    var port: Int?

    @Option(help: ArgumentHelp("Name of the model in requests and answers (default: the folder's).", valueName: "NAME"))
    var servedName: String?

    @Option(help: ArgumentHelp("Largest body of a request (default: 8388608).", valueName: "N"))
    var maxBodyBytes: Int?

    @Option(
        help: ArgumentHelp(
            "Memory for the bodies of all requests, and as much for large answers that wait for their readers (default: 268435456).",
            valueName: "N"
        )
    )
    var maxInflightBytes: Int?

    @Option(
        help: ArgumentHelp(
            "Seconds after SIGTERM in which new work is still taken, while /health says no (default: 5).",
            valueName: "N"
        )
    )
    var graceSeconds: Int?

    @Option(help: ArgumentHelp("Seconds that a stop then waits for what was accepted (default: 25).", valueName: "N"))
    var drainSeconds: Int?

    @Option(
        help: ArgumentHelp("Seconds without a sign of life until /health/live says no (default: 120).", valueName: "N")
    )
    var hangSeconds: Int?

    @Option(
        help: ArgumentHelp("Seconds that a trainer's request may take, waiting and all (default: 110).", valueName: "N")
    )
    var waitSeconds: Int?

    func run() async throws {
        try await Failure.reporting {
            signal(SIGPIPE, SIG_IGN)
            HeapTrimming.configure()
            Descriptors.allowAll()
            CoreFiles.forbid()
            let settings = try ServeSettings(self)
            defer { settings.journal.finish() }
            if settings.holdsSecrets { CoreFiles.forbidLooking() }
            let (counters, heartbeat) = (Counters(), Heartbeat())
            let service = try await service(settings, counters, heartbeat)
            let http = HTTPService(
                server: try Self.server(of: service, settings, counters, heartbeat),
                service: service,
                scheme: settings.scheme,
                grace: settings.grace,
                logger: settings.logger
            )
            // Before it listens, or a SIGHUP that comes early would end the process.
            let reloading = await Reloading(
                settings.configuration.identity,
                settings.keys,
                service,
                logger: settings.logger
            )
            let group = ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: [
                        .init(service: http, successTerminationBehavior: .gracefullyShutdownGroup),
                        .init(service: reloading),
                        .init(service: HeapTrimming(counters: counters)),
                        .init(service: ShortageLog(counters: counters, logger: settings.logger)),
                    ],
                    logger: settings.logger
                )
            )
            try await group.run()
            if service.isReloading {
                // A thread that loads a model must not see the libraries below it taken down.
                settings.journal.finish()
                _exit(0)
            }
        }
    }

    /// Loads the model. Nobody but the service may hold it, or a reload would have its memory stay.
    private func service(
        _ settings: ServeSettings,
        _ counters: Counters,
        _ heartbeat: Heartbeat
    ) async throws -> API.Service {
        let loading = try ModelLoading(modelOptions, creditOptions)
        let language = try LanguageLoading(modelOptions)
        let opened = try await language.open()
        let model = try await loading.loadWithBar(settings.journal)
        show(model.scorer.facts, .prm, loading.name, settings.logger)
        let languages = try await language.load(opened, showsBar: settings.journal.onlyLog == nil)
        for model in languages.all { show(model.facts, model.role, language.folder(of: model), settings.logger) }
        // What a wrong reading would show first.
        settings.logger.notice(
            "rollouts are read and scored as the profile \(model.scorer.profile.name) has it",
            metadata: [
                "evidence": "\(model.scorer.profile.evidence.joined(separator: "; "))",
                "model_revision": "\(model.revision)",
            ]
        )
        return API.Service(
            model: model,
            languages: languages,
            loader: loading.loader,
            servedName: settings.servedName,
            maximumBodyBytes: settings.configuration.limits.bodyBytes,
            access: Access(settings.keys.ring),
            showsMetrics: settings.showsMetrics,
            patience: settings.patience,
            hangLimit: settings.hangLimit,
            heartbeat: heartbeat,
            connections: counters,
            logger: settings.logger,
            logOutput: settings.journal.output
        )
    }

    /// What a model takes, once it is in memory.
    private func show(_ facts: ModelFacts, _ role: ModelRole, _ folder: String, _ logger: Logger) {
        logger.notice(
            "the \(role.rawValue) is loaded: \(facts.memoryWords)",
            metadata: ["model": "\(folder)", "memory_bytes": "\(facts.memoryBytes)"]
        )
    }

    private static func server(
        of service: API.Service,
        _ settings: ServeSettings,
        _ counters: Counters,
        _ heartbeat: Heartbeat
    ) throws -> Server {
        do throws(SocketError) {
            return try Server(
                configuration: settings.configuration,
                counters: counters,
                heartbeat: heartbeat,
                gate: { service.refuse($0) },
                respond: { await service.respond(to: $0) }
            )
        } catch {
            throw Failure.usage(
                "cannot listen on \(settings.configuration.host):\(settings.configuration.port): \(error.sentence)"
            )
        }
    }
}
