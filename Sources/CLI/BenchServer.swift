// linchpin bench server: requests and tokens a second.
import API
import ArgumentParser
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
        abstract:
            "Serve a model on a free port of this machine and drive it over loopback; queue and kernel time apart.",
        discussion: "Clients and server share this process and its cores. Timings are this machine's, in this run."
    )

    @OptionGroup var modelOptions: ModelOptions

    @Option(help: ArgumentHelp("Connections that ask at the same time.", valueName: "N"))
    var clients = 64

    @Option(help: ArgumentHelp("Seconds to measure, after one of warming up.", valueName: "N"))
    var seconds = 5

    @Option(
        help: ArgumentHelp(
            "File of rollouts to send, one a request; default: made ones of 1 to 12 steps.",
            valueName: "F"
        )
    )
    var rollouts: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await Failure.reporting {
            guard clients > 0, seconds > 0 else { throw Failure.usage("--clients and --seconds must be at least 1") }
            signal(SIGPIPE, SIG_IGN)
            let bodies = try requests()
            let scorer = try modelOptions.load()
            var logger = Logger(label: "linchpin") { StreamLogHandler.standardError(label: $0) }
            logger.logLevel = .warning
            let counters = Counters()
            let service = Service(
                scorer: scorer,
                servedName: "bench",
                defaultCredit: scorer.profile.defaultCredit,
                maximumBodyBytes: ServerLimits().bodyBytes,
                connections: counters,
                logger: logger
            )
            let server = try Server(configuration: ServerConfiguration(port: 0), counters: counters) {
                await service.respond(to: $0)
            }
            let figures = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await server.run() }
                let figures = try await measure(server.address, bodies, scorer)
                server.drain()
                try await group.waitForAll()
                return figures
            }
            let text = json ? figures.object.serialized() : Array(figures.text.utf8)
            Output.write(text + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
        }
    }

    /// Whole HTTP requests, ready to be written.
    private func requests() throws -> [[UInt8]] {
        var lines: [[UInt8]] = []
        if let rollouts {
            var reader = try LineReader(path: rollouts)
            lines = try reader.next(.max)
            guard !lines.isEmpty else { throw Failure.file(rollouts, "no rollout") }
        } else {
            lines = (0..<256).map { number in
                let steps = (0...number % 12).map { "Step \($0): adding \($0) to \(number) gives \(number + $0)." }
                let value: JSONValue = [
                    "prompt": .string("What is \(number) and the next \(number % 12) numbers, one by one?"),
                    "steps": .array(steps.map(JSONValue.string)),
                ]
                return value.serialized()
            }
        }
        return lines.map { line in
            let body = Array(#"{"rollouts":["#.utf8) + line + Array("]}".utf8)
            let head = "POST /v1/rewards HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            return Array("\(head)Content-Length: \(body.count)\r\n\r\n".utf8) + body
        }
    }

    /// Warms up for a second, then counts for `seconds`; each client asks again as soon as it is answered.
    private func measure(_ address: SocketAddress, _ bodies: [[UInt8]], _ scorer: Scorer) async throws -> Figures {
        let loop = SocketLoop(label: "linchpin.bench")
        let start = ContinuousClock.now.advanced(by: .seconds(1))
        let end = start.advanced(by: .seconds(seconds))
        return try await withThrowingTaskGroup(of: [Figures.Sample].self) { group in
            for number in 0..<clients {
                group.addTask {
                    let client = try await BenchClient(address, on: loop)
                    return try await client.ask(bodies, from: number, start: start, end: end)
                }
            }
            try await Task.sleep(until: start)
            let before = await scorer.load
            try await Task.sleep(until: end)
            let after = await scorer.load
            var samples: [Figures.Sample] = []
            for try await more in group { samples += more }
            return Figures(samples: samples, before: before, after: after, seconds: Double(seconds), clients: clients)
        }
    }
}
