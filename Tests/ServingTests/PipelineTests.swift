// Many requests at once on one connection, and who waits for them.
import Fixtures
import HTTPTypes
import Serving
import Sockets
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct `Pipelined requests` {
    private static let first = "GET /first HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let later = "GET /later HTTP/1.1\r\nHost: a\r\n\r\n"

    /// How many handlers run that are behind others.
    private final class Crowd: Sendable {
        private let counts = Mutex((now: 0, most: 0))

        var now: Int { counts.withLock { $0.now } }
        var most: Int { counts.withLock { $0.most } }

        func enter() { counts.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }
        func leave() { counts.withLock { $0.now -= 1 } }
    }

    private static func run(
        _ crowd: Crowd,
        _ work: @escaping @Sendable () async -> Void,
        clients: Int,
        each: Int,
        turn: Duration
    )
        async throws
    {
        var configuration = ServerConfiguration.fast
        configuration.loops = 1
        configuration.deadlines.turn = turn
        configuration.deadlines.callerGrace = .seconds(60)
        let respond: Responder = { arrival in
            guard case .request(let request) = arrival, request.path == "/later" else { return await echo(arrival) }
            crowd.enter()
            defer { crowd.leave() }
            await work()
            return Response(status: .ok, body: [])
        }
        try await TestServer.run(configuration, respond: respond) { server in
            try await withThrowingTaskGroup(of: [Answer].self) { group in
                let bytes = first + String(repeating: later, count: each)
                for _ in 0..<clients { group.addTask { try await server.exchange(bytes, finishing: true) } }
                for try await answers in group {
                    #expect(answers.map(\.status) == Array(repeating: 200, count: each + 1))
                }
            }
        }
    }

    @Test func `of many connections are answered a few at a time`() async throws {
        let crowd = Crowd()
        // The first ones stay until there are four, if there ever are.
        let work: @Sendable () async -> Void = {
            for _ in 0..<500 where crowd.most < 4 { try? await Task.sleep(for: .milliseconds(10)) }
            for _ in 0..<50 { await Task.yield() }
        }
        try await Self.run(crowd, work, clients: 40, each: 20, turn: .seconds(60))
        #expect(crowd.most == 4)
    }

    @Test func `whose bodies are late keep nobody from a turn`() async throws {
        var configuration = ServerConfiguration.fast
        configuration.loops = 1
        configuration.deadlines.turn = .seconds(60)
        try await TestServer.run(configuration) { server in
            var late: [Conversation] = []
            for _ in 0..<5 {
                let client = Conversation(try await server.connect())
                try await client.send(Self.first + "POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
                #expect(try await client.answer()?.status == 200)
                late.append(client)
            }
            try await server.expect([200, 200], from: Self.first + Self.later, finishing: true)
            for client in late {
                try await client.send("hello")
                #expect(try await client.answer()?.text == "hello")
                await client.close()
            }
        }
    }

    @Test func `that take long do not keep others from their turn`() async throws {
        let crowd = Crowd()
        // Each goes on when all are inside: with four places that are kept nobody ever would.
        let all: @Sendable () async -> Void = {
            while crowd.most < 12 { do { try await Task.sleep(for: .milliseconds(1)) } catch { return } }
        }
        try await Self.run(crowd, all, clients: 12, each: 1, turn: .milliseconds(5))
        #expect(crowd.most == 12)
    }

    @Test func `are told from those that come one at a time, with or without a body that nobody wanted`() {
        let now = Instant.now
        let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
        for (sent, isPipelined) in [
            (Self.first, false), (Self.first + Self.later, true), (Self.first + "G", true),
            (post + "hello", false), (post + "hello" + Self.later, true),
        ] {
            var life = ConnectionLife(limits: ServerLimits(), deadlines: ServerDeadlines(), now: now)
            life.receive(sent, now: now)
            if case .decide = life.next(now: now) { life.turnAway() }
            #expect(!life.isPipelined)
            _ = life.answer(Response(status: .unauthorized), now: now)
            _ = life.next(now: now)
            #expect(life.isPipelined == isPipelined, "\(sent)")
        }
    }
}
