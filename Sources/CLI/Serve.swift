// linchpin serve: the model behind HTTP.
import API
import ArgumentParser
import CMalloc
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

    @Option(help: ArgumentHelp("Address to listen on (default: 127.0.0.1).", valueName: "ADDRESS"))
    var host: String?

    @Option(help: ArgumentHelp("Port to listen on; 0 takes a free one (default: 8080).", valueName: "N"))
    var port: Int?

    @Option(help: ArgumentHelp("Name of the model in requests and answers (default: the folder's).", valueName: "NAME"))
    var servedName: String?

    @Option(help: ArgumentHelp("Largest body of a request (default: 8388608).", valueName: "N"))
    var maxBodyBytes: Int?

    @Option(help: ArgumentHelp("Seconds that a stop waits for what was accepted (default: 25).", valueName: "N"))
    var drainSeconds: Int?

    @Option(
        help: ArgumentHelp("Seconds that a trainer's request may take, waiting and all (default: 110).", valueName: "N")
    )
    var waitSeconds: Int?

    @Option(
        help: ArgumentHelp(
            "Keys that callers must show, one a line: in a header, as ?api_key=KEY or as /KEY before the path.",
            valueName: "FILE"
        )
    )
    var apiKeyFile: String?

    @Flag(help: "Ask for a key at /metrics too.")
    var privateMetrics = false

    @Option(
        help: ArgumentHelp("trace, debug, info (one line a request), notice, warning, error, critical.", valueName: "L")
    )
    var logLevel: String?

    func run() async throws {
        try await Failure.reporting {
            signal(SIGPIPE, SIG_IGN)
            // By default glibc keeps freed memory apart for each of many threads: 138 MiB where 98 suffice (measured with
            // 16,000 requests, 256 at a time).
            mallopt(M_ARENA_MAX, 2)
            Descriptors.allowAll()
            let settings = try ServeSettings(self)
            let scorer = try modelOptions.load()
            // What a wrong reading would show first.
            settings.logger.notice(
                "rollouts are read and scored as the profile \(scorer.profile.name) has it",
                metadata: ["evidence": "\(scorer.profile.evidence.joined(separator: "; "))"]
            )
            let counters = Counters()
            let service = Service(
                scorer: scorer,
                servedName: settings.servedName,
                defaultCredit: try creditOptions.settings(over: scorer.profile.defaultCredit),
                maximumBodyBytes: settings.configuration.limits.bodyBytes,
                access: settings.access,
                showsMetrics: !settings.hidesMetrics,
                patience: settings.patience,
                connections: counters,
                logger: settings.logger
            )
            let server: Server
            do throws(SocketError) {
                server = try Server(configuration: settings.configuration, counters: counters) {
                    await service.respond(to: $0)
                }
            } catch {
                throw Failure.usage(
                    "cannot listen on \(settings.configuration.host):\(settings.configuration.port): \(error.sentence)"
                )
            }
            // Before it listens, or a SIGHUP that comes early would end the process.
            let reloading = await Reloading(settings.configuration.identity, logger: settings.logger)
            let group = ServiceGroup(
                services: [HTTPService(server: server, service: service, scheme: settings.scheme), reloading],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: settings.logger
            )
            try await group.run()
        }
    }
}

/// The server as ServiceLifecycle runs and stops it: a stop answers everything that was accepted, then returns.
private struct HTTPService: ServiceLifecycle.Service, CustomStringConvertible {
    let server: Server
    let service: API.Service
    let scheme: String

    /// ServiceLifecycle makes a service's name of it, and logs that: by default all that it holds, vocabulary and keys.
    var description: String { "http" }

    func run() async throws {
        // The one line that scripts wait for; it tells the real port. From here on a signal is a graceful stop.
        Output.write("listening on \(scheme)://\(server.address)\n", to: STDOUT_FILENO)
        await withGracefulShutdownHandler {
            await server.run()
        } onGracefulShutdown: {
            service.stopBeingReady()
            server.drain()
        }
    }
}

/// The flags of `serve` with their environment variables and defaults.
private struct ServeSettings {
    let configuration: ServerConfiguration
    var scheme: String { configuration.identity == nil ? "http" : "https" }
    let servedName: String
    let access: Access
    let hidesMetrics: Bool
    let patience: Duration
    let logger: Logger

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
        if let seconds = try Setting.count("drain-seconds", flags.drainSeconds, least: 0) {
            configuration.deadlines.drain = .seconds(seconds)
        }
        configuration.identity = try flags.tlsOptions.identity()
        self.configuration = configuration
        servedName =
            try Setting.text("served-name", flags.servedName) ?? flags.modelOptions.folder().map(Self.name)
            ?? builtInModelName
        access = try Setting.text("api-key-file", flags.apiKeyFile).map(Access.init(file:)) ?? Access()
        hidesMetrics = try flags.privateMetrics || Setting.isSet("private-metrics")
        patience = .seconds(try Setting.count("wait-seconds", flags.waitSeconds) ?? 110)
        var logger = Logger(label: "linchpin") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = try Setting.word("log-level", flags.logLevel, as: Logger.Level.self) ?? .notice
        self.logger = logger
    }

    /// The last part of the folder's path.
    private static func name(of folder: String) -> String {
        guard let resolved = realpath(folder, nil) else { return folder }
        defer { free(resolved) }
        return String(cString: resolved).split(separator: "/").last.map(String.init) ?? folder
    }
}
