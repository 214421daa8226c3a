// linchpin serve: the model behind HTTP.
import API
import ArgumentParser
import Glibc
import Logging
import Scoring
import ServiceLifecycle
import Serving
import Sockets
import UnixSignals

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
            "Memory for the bodies of all requests together; past it callers are told to come back (default: 268435456).",
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
        let model = try await loading.loadWithBar(settings.journal)
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

/// The server from its first connection to its last answer.
private struct HTTPService: ServiceLifecycle.Service, CustomStringConvertible {
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

/// The flags of `serve` with their environment variables and defaults.
private struct ServeSettings {
    let configuration: ServerConfiguration
    var scheme: String { configuration.identity == nil ? "http" : "https" }
    let servedName: String
    let keys: KeySources
    let showsMetrics: Bool
    var holdsSecrets: Bool { !keys.isEmpty || configuration.identity != nil }
    let patience: Duration
    let grace: Duration
    let hangLimit: Duration
    let journal: Journal
    var logger: Logger { journal.logger }

    init(_ flags: Serve) throws {
        let port = try Setting.count("port", flags.port, least: 0) ?? 8080
        guard port <= 65_535 else { throw Failure.usage("--port: must be at most 65535, not \(port)") }
        var configuration = ServerConfiguration(
            host: try Setting.text("host", flags.host) ?? "127.0.0.1",
            port: UInt16(port)
        )
        if let bytes = try Setting.count("max-body-bytes", flags.maxBodyBytes) {
            configuration.limits.bodyBytes = bytes
        }
        if let bytes = try Setting.count("max-inflight-bytes", flags.maxInflightBytes) {
            configuration.bodyMemoryBytes = bytes
        }
        guard configuration.limits.bodyBytes <= configuration.bodyMemoryBytes else {
            throw Failure.usage("--max-inflight-bytes: must be at least --max-body-bytes, or such a body never fits")
        }
        if let seconds = try Setting.count("drain-seconds", flags.drainSeconds, least: 0) {
            configuration.deadlines.drain = .seconds(seconds)
        }
        configuration.identity = try flags.tlsOptions.identity()
        self.configuration = configuration
        servedName =
            try Setting.text("served-name", flags.servedName) ?? flags.modelOptions.folder().map(Self.name)
            ?? builtInModelName
        keys = try flags.keyOptions.sources()
        showsMetrics = try flags.keyOptions.publicMetrics || Setting.isSet("public-metrics")
        grace = .seconds(try Setting.count("grace-seconds", flags.graceSeconds, least: 0) ?? 5)
        hangLimit = .seconds(try Setting.count("hang-seconds", flags.hangSeconds, least: 2) ?? 120)
        patience = .seconds(try Setting.count("wait-seconds", flags.waitSeconds) ?? 110)
        journal = try flags.logOptions.journal()
    }

    /// The last part of the folder's path as it was given: a link that is moved to another model keeps its name.
    private static func name(of folder: String) -> String {
        if let last = folder.split(separator: "/").last, last != ".", last != ".." { return String(last) }
        guard let resolved = realpath(folder, nil) else { return folder }
        defer { free(resolved) }
        return String(cString: resolved).split(separator: "/").last.map(String.init) ?? folder
    }
}
