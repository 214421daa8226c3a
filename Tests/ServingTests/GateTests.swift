// What is answered before a body, and how much is held.
import Fixtures
import HTTPTypes
import Serving
import Sockets
import Testing

@Suite struct `A connection at the gate` {
    private let start = Instant.now
    private let no = Response(status: .unauthorized, body: Array("no".utf8))
    private let get = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"

    private func life() -> ConnectionLife {
        ConnectionLife(limits: ServerLimits(), deadlines: ServerDeadlines(), now: start)
    }

    private func post(_ framing: String) -> String { "POST / HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n" }

    @Test func `decides by the head, once, and only where a body is to come`() {
        for (framing, decides) in [
            ("Content-Length: 2", true), ("Transfer-Encoding: chunked", true), ("Content-Length: 0", false),
            ("X: y", false),
        ] {
            var life = life()
            life.receive(post(framing), now: start)
            let action = life.next(now: start)
            guard case .decide(let head) = action else {
                #expect(!decides && action.path == "/")
                continue
            }
            #expect(decides && head.path == "/")
            life.letIn()
            #expect(life.next(now: start) == .read(until: start + .seconds(10)))
            life.receive(framing == "Content-Length: 2" ? "hi" : "2\r\nhi\r\n0\r\n\r\n", now: start)
            guard case .respond(.request(let request)) = life.next(now: start) else {
                Issue.record("no request")
                return
            }
            #expect(request.body == Array("hi".utf8))
        }
    }

    @Test(arguments: [0, 1, 3, 5])
    func `answers at once, throws a small body away as it comes, and goes on`(early: Int) {
        var life = life()
        life.receive(post("Content-Length: 5") + "hello".prefix(early), now: start)
        guard case .decide = life.next(now: start) else {
            Issue.record("it does not decide")
            return
        }
        life.turnAway()
        let answer = life.answer(no, now: start)
        #expect(answer.hasPrefix("HTTP/1.1 401 ") && !answer.contains("Connection: close"))
        let later = start + .seconds(1)
        if early < 5 { #expect(life.next(now: start) == .read(until: start + .seconds(10))) }
        life.receive("hello".dropFirst(early) + get, now: later)
        // The head of the next request has its own time, from the end of the body.
        #expect(life.next(now: later).path == "/next")
        #expect(life.answer(no, now: later).hasPrefix("HTTP/1.1 401 "))
        #expect(life.next(now: later) == .read(until: later + .seconds(75)))
    }

    @Test(
        arguments: [
            "Content-Length: 65537", "Transfer-Encoding: chunked", "Content-Length: 5\r\nExpect: 100-continue",
            "Content-Length: 5\r\nConnection: close",
        ]
    )
    func `closes where a body is large, of unknown size, or perhaps not to come`(framing: String) {
        var life = life()
        life.receive(post(framing), now: start)
        _ = life.next(now: start)
        life.turnAway()
        #expect(life.answer(no, now: start).contains("Connection: close\r\n"))
        #expect(life.next(now: start) == .finish)
        #expect(life.next(now: start) == .read(until: start + .seconds(2)))
        life.receive(get, now: start)
        #expect(life.next(now: start) == .read(until: start + .seconds(2)))
    }

    @Test func `asks for a body with 100 Continue only after it is let in`() {
        var life = life()
        life.receive(post("Content-Length: 5\r\nExpect: 100-continue"), now: start)
        guard case .decide = life.next(now: start) else {
            Issue.record("it does not decide")
            return
        }
        life.letIn()
        #expect(life.next(now: start) == .sendContinue)
        #expect(life.next(now: start) == .read(until: start + .seconds(10)))
    }

    @Test func `keeps a body that it throws away to the body's deadline, and says nothing twice`() {
        for isSlow in [true, false] {
            var life = life()
            life.receive(post("Content-Length: 5") + "h", now: start)
            _ = life.next(now: start)
            life.turnAway()
            _ = life.answer(no, now: start)
            if !isSlow { life.peerFinished() }
            #expect(life.next(now: start + .seconds(isSlow ? 10 : 1)) == .close)
        }
    }

    @Test func `refuses a body in its midst where there is no memory, and lets go of what came`() {
        var life = life()
        life.receive(post("Content-Length: 1000") + String(repeating: "x", count: 600), now: start)
        _ = life.step(now: start)
        #expect(life.bodyMemory == 600)
        life.crowdOut()
        #expect(life.bodyMemory == 0)
        // With its head, so that whoever sent it finds the answer by its id.
        if case .respond(to: .refusal(.crowded, of: let request?)) = life.next(now: start) {
            #expect(request.method == .post && request.path == "/" && request.body.isEmpty)
        } else {
            Issue.record("it is not refused, or nobody knows who")
        }
        #expect(life.answer(no, now: start).contains("Connection: close\r\n"))
        #expect(life.next(now: start) == .finish)
    }
}

@Suite(.timeLimit(.minutes(5))) struct `A server with a gate` {
    /// Lets in what is for `/in`.
    private let gate: Gate = { head in
        let refusal = Response(status: .tooManyRequests, headers: [.retryAfter: "7"], body: Array("no".utf8))
        return head.path == "/in" ? nil : refusal
    }

    private func post(_ path: String, _ headers: String, _ body: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nHost: a\r\n\(headers)\r\n\r\n\(body)"
    }

    @Test func `answers before the body, and goes on behind a small one`() async throws {
        try await TestServer.run(gate: gate) { server in
            let client = Conversation(try await server.connect())
            for round in 0..<3 {
                try await client.send(post("/out", "Content-Length: 5"))
                let refused = try #require(try await client.answer())
                #expect(refused.status == 429 && refused.headers["retry-after"] == "7" && refused.text == "no")
                try await client.send("hello" + post("/in", "Content-Length: 1", "\(round)"))
                #expect(try await client.answer()?.text == "\(round)")
            }
            await client.close()
            #expect(server.server.statistics.turnedAway == 3)
            #expect(server.server.statistics.requests == 3 && server.server.statistics.responses == 6)
        }
    }

    @Test func `reads nothing into memory of what it refused, and asks for no body`() async throws {
        try await TestServer.run(gate: gate) { server in
            let waiting = post("/out", "Content-Length: 5\r\nExpect: 100-continue")
            let answers = try await server.exchange(waiting)
            #expect(answers.map(\.status) == [429] && answers.first?.headers["connection"] == "close")
            let large = Array(post("/out", "Content-Length: 8000000").utf8) + [UInt8](repeating: 1, count: 8_000_000)
            try await server.expect([429], from: large)
            let chunked = post("/out", "Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n")
            try await server.expect([429], from: chunked)
            #expect(server.server.statistics.bodyBytes == 0)
        }
    }

    @Test func `leaves pipelined requests in their order`() async throws {
        try await TestServer.run(gate: gate) { server in
            let out = post("/out", "Content-Length: 2", "no")
            let pipeline = out + post("/in", "Content-Length: 1", "1") + out + post("/in", "Connection: close")
            let answers = try await server.exchange(pipeline)
            #expect(answers.map(\.status) == [429, 200, 429, 200] && answers.map(\.text) == ["no", "1", "no", ""])
        }
    }
}

@Suite(.timeLimit(.minutes(5))) struct `The memory for bodies` {
    private var configuration: ServerConfiguration {
        var configuration = ServerConfiguration.fast
        configuration.limits.bodyBytes = 1_000_000
        configuration.bodyMemoryBytes = 1_000_000
        // What a body may take is another suite's: here nobody is late.
        configuration.deadlines.body = .seconds(120)
        configuration.deadlines.bodyGrace = .seconds(60)
        return configuration
    }

    private func post(_ length: Int, of total: Int) -> [UInt8] {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(total)\r\n\r\n"
        return Array(head.utf8) + [UInt8](repeating: 1, count: length)
    }

    @Test func `is counted as it comes, refused when it is gone, and given back`() async throws {
        try await TestServer.run(configuration) { server in
            let slow = try await server.connect()
            try await slow.write(post(600_000, of: 900_000), stall: .seconds(10), until: nil)
            #expect(await eventually { server.server.statistics.bodyBytes == 600_000 })
            // What is announced and does not fit is refused unread; what fits is served.
            let client = Conversation(try await server.connect())
            try await client.stream.write(post(0, of: 400_001), stall: .seconds(10), until: nil)
            let refused = try #require(try await client.answer())
            #expect(refused.status == 503 && refused.headers["connection"] == "close")
            await client.close()
            let fitting = Conversation(try await server.connect())
            try await fitting.stream.write(post(400_000, of: 400_000), stall: .seconds(10), until: nil)
            #expect(try await fitting.answer()?.body.count == 400_000)
            await fitting.close()
            await slow.close()
            #expect(await eventually { server.server.statistics.bodyBytes == 0 })
            let again = Conversation(try await server.connect())
            try await again.stream.write(post(1_000_000, of: 1_000_000), stall: .seconds(10), until: nil)
            #expect(try await again.answer()?.body.count == 1_000_000)
            await again.close()
        }
    }

    @Test func `is not outgrown by those who announced nothing or came together`() async throws {
        try await TestServer.run(configuration) { server in
            var clients: [Conversation] = []
            for _ in 0..<8 {
                let client = Conversation(try await server.connect())
                try await client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                clients.append(client)
            }
            let chunk = Array("30d40\r\n".utf8) + [UInt8](repeating: 1, count: 200_000) + Array("\r\n".utf8)
            for client in clients { try? await client.stream.write(chunk, stall: .seconds(10), until: nil) }
            var statuses: [Int] = []
            for client in clients {
                try? await client.send("0\r\n\r\n")
                if let answer = try? await client.answer() { statuses.append(answer.status) }
                await client.close()
            }
            // Five times 200,000 fit at once; each that is answered makes room for another.
            #expect(statuses.filter { $0 == 503 }.count >= 1 && statuses.filter { $0 == 200 }.count >= 4, "\(statuses)")
            #expect(await eventually { server.server.statistics.bodyBytes == 0 })
        }
    }

    @Test func `is held until a request is answered`() async throws {
        let slow: Responder = { arrival in
            if case .request = arrival { try? await Task.sleep(for: .milliseconds(300)) }
            return await echo(arrival)
        }
        try await TestServer.run(configuration, respond: slow) { server in
            let client = Conversation(try await server.connect())
            try await client.stream.write(post(700_000, of: 700_000), stall: .seconds(10), until: nil)
            #expect(await eventually { server.server.statistics.requests == 1 })
            #expect(server.server.statistics.bodyBytes == 700_000)
            try await server.expect([503], from: post(0, of: 300_001))
            #expect(try await client.answer()?.status == 200)
            #expect(await eventually { server.server.statistics.bodyBytes == 0 })
            await client.close()
        }
    }
}
