// linchpin bench server: requests and tokens a second.
import API
import ArgumentParser
import Checkpoints
import Glibc
import JSON
import Logging
import Scoring
import Serving
import Sockets
import Transformers

struct BenchServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server",
        abstract: "Serve a model on a free port of this machine and drive it over loopback from another process.",
        discussion: """
            Clients and server share the cores. Nothing is kept between requests unless --cache-bytes is given. Timings are \
            this machine's, in this run.
            """
    )

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var loadOptions: LoadOptions

    @Option(
        help: ArgumentHelp(
            "A decoder of this size with random weights, read and scored as the built-in model is: "
                + "\(ModelShape.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "S"
        )
    )
    var shape: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await Failure.reporting {
            signal(SIGPIPE, SIG_IGN)
            // Asked here too, so that a mistake is told before the model is loaded.
            _ = try (loadOptions.schedule(), loadOptions.bodies())
            let scorer = try scorer()
            var logger = Logger(label: "linchpin") { StreamLogHandler.standardError(label: $0) }
            logger.logLevel = .warning
            let counters = Counters()
            let service = Service(
                model: ServedModel(scorer: scorer, defaultCredit: scorer.profile.defaultCredit, revision: "bench"),
                servedName: "bench",
                maximumBodyBytes: ServerLimits().bodyBytes,
                connections: counters,
                logger: logger
            )
            let server = try Server(
                configuration: ServerConfiguration(port: 0, loops: Processors.loops),
                counters: counters
            ) {
                await service.respond(to: $0)
            }
            let figures = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await server.run() }
                let figures = try await measure(port: server.address.port, scorer)
                server.drain()
                try await group.waitForAll()
                return figures
            }
            let text = json ? figures.object.serialized() : Array(figures.text.utf8)
            Output.write(text + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
        }
    }

    private func scorer() throws -> Scorer {
        guard let shape else { return try modelOptions.load(cacheBytes: 0) }
        if !modelOptions.model.isEmpty { throw Failure.usage("--model and --shape exclude each other") }
        let settings = try modelOptions.engineSettings(cacheBytes: 0)
        do {
            return try Scorer(measuring: ModelShape.named(shape).config, settings: settings)
        } catch {
            throw Failure.model(shape, error)
        }
    }

    /// Lets another process ask, and looks at the batcher when it begins to count and when it is done.
    private func measure(port: UInt16, _ scorer: Scorer) async throws -> Figures {
        let words = ["bench", "load", "--port", "\(port)", "--json"] + loadOptions.arguments
        let child = try ChildProcess(arguments: words)
        // Reading blocks: the server's own threads go on.
        guard child.line().map({ String(decoding: $0, as: UTF8.self) }) == "measuring" else {
            throw Failure.usage("the clients did not begin")
        }
        let clock = ContinuousClock()
        let start = clock.now
        let before = scorer.load
        try await Task.sleep(for: .seconds(loadOptions.seconds))
        let after = scorer.load
        let seconds = (clock.now - start) / .seconds(1)
        guard let line = child.line(), let load = try? JSONValue(parsing: line).object else {
            throw Failure.usage("the clients gave no figures")
        }
        return Figures(load: load, before: before, after: after, seconds: seconds, clients: loadOptions.clients)
    }
}
