// linchpin bench load: clients for a server that listens here.
import ArgumentParser
import Glibc
import JSON
import Sockets

struct BenchLoad: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Drive a server on this machine with rollouts, as `bench server` does from a process of its own.",
        discussion: """
            Each connection asks as soon as it was answered (closed loop). With --rate requests come at fixed times whether \
            earlier ones were answered or not (open loop), and latency counts from the time that one was due.
            """
    )

    @Option(help: ArgumentHelp("Port of the server.", valueName: "N"))
    var port: Int

    @OptionGroup var options: LoadOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await Failure.reporting {
            signal(SIGPIPE, SIG_IGN)
            guard let port = UInt16(exactly: port) else { throw Failure.usage("--port: \(port) is no port") }
            let bodies = try options.bodies()
            let schedule = try options.schedule()
            let loop = SocketLoop(label: "linchpin.bench")
            guard let address = try SocketAddress.resolve(host: "127.0.0.1", port: port).first else {
                throw Failure.usage("--port: this machine has no address of its own")
            }
            let figures = try await withThrowingTaskGroup(of: [LoadFigures.Sample].self) { group in
                for number in 0..<options.clients {
                    group.addTask {
                        let client = try await BenchClient(address, on: loop)
                        return try await client.ask(bodies, number, schedule)
                    }
                }
                try await Task.sleep(until: schedule.start)
                // Who started us looks at the server's own counters now.
                Output.write("measuring\n", to: STDOUT_FILENO)
                var samples: [LoadFigures.Sample] = []
                for try await more in group { samples += more }
                return LoadFigures(samples, seconds: Double(options.seconds))
            }
            let text = json ? JSONValue.object(figures.object).serialized() : Array(figures.text.utf8)
            Output.write(text + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
        }
    }
}

/// What is sent, and how fast.
struct LoadOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Connections.", valueName: "N"))
    var clients = 64

    @Option(help: ArgumentHelp("Seconds to measure, after one of warming up.", valueName: "N"))
    var seconds = 5

    @Option(help: ArgumentHelp("Requests a second, answered or not; default: as fast as they are.", valueName: "R"))
    var rate: Double?

    @Option(help: ArgumentHelp("After so many rollouts, one of 4096 tokens; default: none.", valueName: "N"))
    var longEvery: Int?

    @Option(
        help: ArgumentHelp("File of rollouts, sent one a request; default: made ones of 1 to 12 steps.", valueName: "F")
    )
    var rollouts: String?

    func schedule() throws -> LoadSchedule {
        guard clients > 0, seconds > 0 else { throw Failure.usage("--clients and --seconds must be at least 1") }
        if let rate, !(rate > 0 && rate < 1e6) { throw Failure.usage("--rate: must be between 0 and 1000000") }
        let start = ContinuousClock.now.advanced(by: .seconds(1))
        return LoadSchedule(start: start, end: start.advanced(by: .seconds(seconds)), clients: clients, rate: rate)
    }

    func bodies() throws -> LoadBodies {
        if let longEvery, longEvery < 1 { throw Failure.usage("--long-every: must be at least 1") }
        guard let rollouts else { return LoadBodies(lines: [], longEvery: longEvery) }
        var reader = try LineReader(path: rollouts)
        let lines = try reader.next(.max)
        guard !lines.isEmpty else { throw Failure.file(rollouts, "no rollout") }
        return LoadBodies(lines: lines, longEvery: longEvery)
    }

    /// As another process takes them.
    var arguments: [String] {
        var words = ["--clients", "\(clients)", "--seconds", "\(seconds)"]
        if let rate { words += ["--rate", "\(rate)"] }
        if let longEvery { words += ["--long-every", "\(longEvery)"] }
        if let rollouts { words += ["--rollouts", rollouts] }
        return words
    }
}

/// When requests are sent.
struct LoadSchedule: Sendable {
    /// Of what is counted.
    let start: ContinuousClock.Instant
    let end: ContinuousClock.Instant
    let clients: Int
    let rate: Double?

    /// When a client's request is due, from the first on; nil where it is due at once.
    func due(client: Int, request: Int) -> ContinuousClock.Instant? {
        rate.map { start.advanced(by: .seconds(-1 + Double(request * clients + client) / $0)) }
    }
}

/// Whole HTTP requests, no two of them alike unless they come from a file.
struct LoadBodies: Sendable {
    let lines: [[UInt8]]
    let longEvery: Int?

    /// - Parameter number: of the request among all.
    func request(_ number: Int) -> (bytes: [UInt8], isLong: Bool) {
        let isLong = longEvery.map { number % ($0 + 1) == $0 } ?? false
        let line = isLong ? long(number) : lines.isEmpty ? made(number) : lines[number % lines.count]
        let body = Array(#"{"rollouts":["#.utf8) + line + Array("]}".utf8)
        let head = "POST /v1/rewards HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        return (Array("\(head)Content-Length: \(body.count)\r\n\r\n".utf8) + body, isLong)
    }

    private func made(_ number: Int) -> [UInt8] {
        let steps = (0...number % 12).map { "Step \($0): adding \($0) to \(number) gives \(number + $0)." }
        let value: JSONValue = [
            "prompt": .string("Problem \(number): what is \(number) and the next \(number % 12) numbers, one by one?"),
            "steps": .array(steps.map(JSONValue.string)),
        ]
        return value.serialized()
    }

    /// 4096 tokens that any vocabulary has, read at every hundredth.
    private func long(_ number: Int) -> [UInt8] {
        let value: JSONValue = [
            "token_ids": .array((0..<4096).map { JSONValue(($0 * 31 + number) % 97 + 1) }),
            "read_positions": .array(stride(from: 95, to: 4096, by: 100).map { JSONValue($0) }),
        ]
        return value.serialized()
    }
}
