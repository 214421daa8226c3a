// A server and clients that speak raw bytes, for the tests.
import Glibc
import HTTPTypes
import Serving
import Sockets
import Testing

/// A server that runs for the length of a test.
struct TestServer: Sendable {
    let server: Server
    let loop = SocketLoop(label: "clients")

    /// Runs `body` against a server that answers with `respond`, then drains it.
    static func run(
        _ configuration: ServerConfiguration = .fast,
        gate: @escaping Gate = { _ in nil },
        respond: @escaping Responder = echo,
        _ body: (TestServer) async throws -> Void
    ) async throws {
        let server = try Server(configuration: configuration, gate: gate, respond: respond)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await server.run() }
            defer { server.drain() }
            try await body(TestServer(server: server))
        }
    }

    func connect() async throws -> PlainStream {
        try await PlainStream.connect(to: server.address, on: loop, until: .now + .seconds(60))
    }

    /// Sends bytes on a fresh connection and reads until the server closes it.
    func exchange(_ bytes: [UInt8], finishing: Bool = false) async throws -> [Answer] {
        let client = try await connect()
        // A server may refuse before it has everything: then the rest cannot be written.
        try? await client.write(bytes, stall: .seconds(10), until: nil)
        if finishing { await client.finish() }
        let received = try await client.readAll()
        await client.close()
        return try Answer.all(in: received)
    }

    func exchange(_ text: String, finishing: Bool = false) async throws -> [Answer] {
        try await exchange(Array(text.utf8), finishing: finishing)
    }

    /// Exchanges and compares the statuses that come back.
    func expect(
        _ statuses: [Int],
        from bytes: [UInt8],
        finishing: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let answers = try await exchange(bytes, finishing: finishing)
        #expect(answers.map(\.status) == statuses, sourceLocation: sourceLocation)
    }

    func expect(
        _ statuses: [Int],
        from text: String,
        finishing: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await expect(statuses, from: Array(text.utf8), finishing: finishing, sourceLocation: sourceLocation)
    }

    func bodies(of bytes: [UInt8]) async throws -> [[UInt8]] { try await exchange(bytes).map(\.body) }

    func bodies(of text: String) async throws -> [[UInt8]] { try await bodies(of: Array(text.utf8)) }
}

extension ServerConfiguration {
    /// A free port, and no waiting where a test does not ask for it.
    static var fast: ServerConfiguration {
        var configuration = ServerConfiguration(port: 0)
        configuration.deadlines.drainGrace = .milliseconds(20)
        configuration.deadlines.linger = .milliseconds(500)
        return configuration
    }
}

/// Answers a request with its own body, and a refusal with its status and name.
@Sendable func echo(_ arrival: Arrival) async -> Response {
    switch arrival {
    case .request(let request):
        Response(status: .ok, headers: [.contentType: "application/octet-stream"], body: request.body)
    case .refusal(let refusal, of: _):
        Response(status: .init(code: refusal.statusCode), body: Array("\(refusal)".utf8))
    }
}

extension Refusal {
    /// The status that reference/http-policy.md asks for; the words are API's.
    var statusCode: Int {
        switch self {
        case .malformed: 400
        case .crowded: 503
        case .timedOut: 408
        case .bodyTooLarge, .tooManyChunks: 413
        case .requestLineTooLong: 414
        case .unknownContentCoding: 415
        case .unknownExpectation: 417
        case .headTooLarge, .tooManyHeaders: 431
        case .unknownMethod, .unknownTransferCoding: 501
        case .unsupportedVersion: 505
        }
    }
}

/// One response as it came over the wire.
struct Answer: Equatable, Sendable {
    struct Unreadable: Error { let rest: String }

    var status: Int
    /// Names in lower case.
    var headers: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The responses one after the other; `heads` says which of them answer a HEAD.
    static func all(in bytes: [UInt8], heads: Set<Int> = []) throws -> [Answer] {
        var rest = bytes[...]
        var answers: [Answer] = []
        while !rest.isEmpty {
            guard let answer = Answer(taking: &rest, toHead: heads.contains(answers.count)) else {
                throw Unreadable(rest: String(decoding: rest, as: UTF8.self))
            }
            answers.append(answer)
        }
        return answers
    }

    /// Takes the first response away from `bytes`; nil where it is not complete.
    init?(taking bytes: inout ArraySlice<UInt8>, toHead: Bool = false) {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let head = String(decoding: bytes[..<end], as: UTF8.self)
        let lines = head.split(separator: "\r\n")
        let words = lines.first?.split(separator: " ", maxSplits: 2) ?? []
        guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let halves = line.split(separator: ":", maxSplits: 1)
            guard halves.count == 2 else { return nil }
            headers[halves[0].lowercased()] = halves[1].drop { $0 == " " }.description
        }
        let start = end + 4
        let length = toHead ? 0 : Int(headers["content-length"] ?? "0") ?? 0
        guard bytes.endIndex - start >= length else { return nil }
        self.status = status
        self.headers = headers
        body = Array(bytes[start..<(start + length)])
        bytes = bytes[(start + length)...]
    }
}

extension Collection where Element == UInt8 {
    /// Where `pattern` begins for the first time.
    func firstRange(of pattern: [UInt8]) -> Index? {
        indices.first { self[$0...].starts(with: pattern) }
    }
}

/// A client that reads one answer after the other.
actor Conversation {
    let stream: PlainStream
    private var received: [UInt8] = []

    init(_ stream: PlainStream) { self.stream = stream }

    func send(_ text: String) async throws { try await stream.write(Array(text.utf8), stall: .seconds(10), until: nil) }

    /// The next answer; nil when the server has closed instead.
    func answer(toHead: Bool = false, within time: Duration = .seconds(60)) async throws -> Answer? {
        let deadline = Instant.now + time
        while true {
            var rest = received[...]
            if let answer = Answer(taking: &rest, toHead: toHead) {
                received = Array(rest)
                return answer
            }
            let bytes = try await stream.read(atMost: 65_536, until: deadline)
            guard !bytes.isEmpty else { return nil }
            received += bytes
        }
    }

    /// Whether the server has closed and sent nothing more.
    func isOver(within time: Duration = .seconds(60)) async -> Bool {
        guard received.isEmpty else { return false }
        return (try? await stream.read(atMost: 1, until: .now + time))?.isEmpty ?? false
    }

    func close() async { await stream.close() }
}

extension ByteStream {
    /// Reads until the peer has finished or broken off.
    func readAll(within time: Duration = .seconds(60)) async throws(SocketError) -> [UInt8] {
        let deadline = Instant.now + time
        var all: [UInt8] = []
        while true {
            do throws(SocketError) {
                let bytes = try await read(atMost: 65_536, until: deadline)
                if bytes.isEmpty { return all }
                all += bytes
            } catch {
                guard case .lost = error, !all.isEmpty else { throw error }
                return all
            }
        }
    }
}
