// A server and its clients over real sockets.
import Fixtures
import HTTPTypes
import Serving
import Sockets
import Testing

@Suite(.timeLimit(.minutes(5))) struct `A server` {
    @Test(arguments: ["127.0.0.1", "::1"])
    func `answers with Date, Content-Length and the body`(host: String) async throws {
        var configuration = ServerConfiguration.fast
        configuration.host = host
        try await TestServer.run(configuration) { server in
            let client = Conversation(try await server.connect())
            try await client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
            let answer = try #require(try await client.answer())
            #expect(answer.status == 200)
            #expect(answer.text == "hello")
            #expect(answer.headers["content-length"] == "5")
            #expect(answer.headers["date"]?.hasSuffix(" GMT") == true)
            #expect(answer.headers["connection"] == nil)
            await client.close()
        }
    }

    @Test func `serves many requests on one connection and counts them`() async throws {
        try await TestServer.run { server in
            let client = Conversation(try await server.connect())
            for number in 0..<200 {
                let body = "\(number)"
                try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
                #expect(try await client.answer()?.text == body)
            }
            try await client.send("GET\n")
            #expect(try await client.answer()?.status == 400)
            #expect(await client.isOver())
            await client.close()
            #expect(await eventually { server.server.statistics.openConnections == 0 })
            let statistics = server.server.statistics
            #expect(statistics.acceptedConnections == 1)
            #expect(statistics.requests == 200)
            #expect(statistics.refusals == 1)
            #expect(statistics.responses == 201)
            #expect(statistics.clientsGone == 0)
            #expect(statistics.bytesReceived > 200 * 40 && statistics.bytesSent > 200 * 40)
        }
    }

    @Test func `answers pipelined requests in order, though the first takes longest`() async throws {
        let slowFirst: Responder = { arrival in
            guard case .request(let request) = arrival else { return await echo(arrival) }
            try? await Task.sleep(for: request.path == "/1" ? .milliseconds(50) : .zero)
            return Response(status: .ok, body: Array(request.path.utf8))
        }
        try await TestServer.run(respond: slowFirst) { server in
            let client = Conversation(try await server.connect())
            try await client.send((1...3).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
            for number in 1...3 { #expect(try await client.answer()?.text == "/\(number)") }
            await client.close()
        }
    }

    @Test func `processes nothing after a bad request in the pipeline`() async throws {
        let paths = Recorder()
        let respond: Responder = { arrival in
            if case .request(let request) = arrival { await paths.add(request.path) }
            return await echo(arrival)
        }
        try await TestServer.run(respond: respond) { server in
            let answers = try await server.exchange(
                "GET /good HTTP/1.1\r\nHost: a\r\n\r\nGET /bad HTTP/1.1\r\n\r\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n"
            )
            #expect(answers.map(\.status) == [200, 400])
            #expect(answers.map { $0.headers["connection"] } == [nil, "close"])
            let last = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n"
            try await server.expect([200], from: last)
            #expect(await paths.all == ["/good", "/last"])
        }
    }

    @Test func `leaves the body out for HEAD`() async throws {
        let hello: Responder = { _ in Response(status: .ok, body: Array("hello".utf8)) }
        try await TestServer.run(respond: hello) { server in
            let client = Conversation(try await server.connect())
            try await client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let head = try #require(try await client.answer(toHead: true))
            #expect(head.headers["content-length"] == "5" && head.body.isEmpty)
            #expect(try await client.answer()?.text == "hello")
            await client.close()
        }
    }

    @Test func `asks for the body with 100 Continue, and refuses without`() async throws {
        try await TestServer.run { server in
            let head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
            let client = Conversation(try await server.connect())
            try await client.send(head + "Content-Length: 5\r\n\r\n")
            #expect(try await client.answer()?.status == 100)
            try await client.send("hello")
            #expect(try await client.answer()?.text == "hello")
            await client.close()
            try await server.expect([413], from: head + "Content-Length: 8388609\r\n\r\n")
            try await server.expect([400], from: head + "Host: b\r\nContent-Length: 5\r\n\r\n")
            let unknown = "POST / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\nContent-Length: 5\r\n\r\n"
            try await server.expect([417], from: unknown)
        }
    }

    @Test func `lets a client read why its body was too large`() async throws {
        var configuration = ServerConfiguration.fast
        configuration.limits.bodyBytes = 100_000
        try await TestServer.run(configuration) { server in
            let body = [UInt8](repeating: 0x61, count: 2_000_000)
            let head = "POST / HTTP/1.1\r\nHost: a\r\n"
            let honest = Array("\(head)Content-Length: 2000000\r\n\r\n".utf8) + body
            try await server.expect([413], from: honest)
            let chunked =
                Array("\(head)Transfer-Encoding: chunked\r\n\r\n1e8480\r\n".utf8) + body + Array("\r\n0\r\n\r\n".utf8)
            try await server.expect([413], from: chunked)
            var small = Array("\(head)Transfer-Encoding: chunked\r\n\r\n".utf8)
            for _ in 0..<2000 { small += Array("64\r\n".utf8) + body[..<100] + Array("\r\n".utf8) }
            try await server.expect([413], from: small)
            let liar = Array("\(head)Content-Length: 5\r\nConnection: close\r\n\r\n".utf8) + body
            let answers = try await server.exchange(liar)
            #expect(answers.map(\.body.count) == [5])
        }
    }

    @Test func `takes a body of 8 MiB and one of 65,536 chunks, and no chunk more`() async throws {
        try await TestServer.run { server in
            let head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            let body = (0..<8_388_608).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let whole = Array("\(head)Content-Length: \(body.count)\r\n\r\n".utf8) + body
            let bodies = try await server.bodies(of: whole)
            #expect(bodies == [body])
            let chunks = "\(head)Transfer-Encoding: chunked\r\n\r\n" + String(repeating: "1\r\nx\r\n", count: 65_536)
            #expect(try await server.bodies(of: chunks + "0\r\n\r\n") == [[UInt8](repeating: 0x78, count: 65_536)])
            try await server.expect([413], from: chunks + "1\r\nx\r\n0\r\n\r\n")
        }
    }

    @Test func `refuses floods and strangers, and goes on`() async throws {
        try await TestServer.run { server in
            let strangers: [([UInt8], Int)] = [
                (Array("GET / HTTP/1.1\r\n".utf8) + Array(String(repeating: "a: b\r\n", count: 500_000).utf8), 431),
                (Array("GET / HTTP/1.1\r\nA: ".utf8) + [UInt8](repeating: 0x61, count: 1_000_000), 431),
                (Array("GET /".utf8) + [UInt8](repeating: 0x61, count: 1_000_000), 414),
                ([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03], 400),
                (Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8), 505),
                ([UInt8](repeating: 0, count: 1000), 400),
                (Array("SSH-2.0-OpenSSH_9.2\r\n".utf8), 400),
            ]
            for (bytes, status) in strangers { try await server.expect([status], from: bytes) }
            let good = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            try await server.expect([200], from: good)
        }
    }

    @Test func `goes on while one client reads nothing`() async throws {
        var configuration = ServerConfiguration.fast
        configuration.deadlines.writeStall = .milliseconds(300)
        let large = [UInt8](repeating: 0x61, count: 20_000_000)
        let respond: Responder = { arrival in
            if case .request(let request) = arrival, request.path == "/large" {
                return Response(status: .ok, body: large)
            }
            return await echo(arrival)
        }
        try await TestServer.run(configuration, respond: respond) { server in
            let deaf = Conversation(try await server.connect())
            try await deaf.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            let good = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            for _ in 0..<20 { try await server.expect([200], from: good) }
            #expect(await eventually { server.server.statistics.clientsGone == 1 })
            #expect(await eventually { server.server.statistics.openConnections == 0 })
            await deaf.close()
        }
    }

    @Test func `closes idle connections to make room for new ones`() async throws {
        var configuration = ServerConfiguration.fast
        configuration.maximumConnections = 8
        try await TestServer.run(configuration) { server in
            var idle: [Conversation] = []
            for _ in 0..<8 { idle.append(Conversation(try await server.connect())) }
            let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
            for client in idle.dropFirst() {
                // Those that find the house full are let in as soon as another has gone.
                try await client.send(get)
                _ = try await client.answer()
            }
            for _ in 0..<20 {
                let client = Conversation(try await server.connect())
                try await client.send(get)
                #expect(try await client.answer()?.status == 200)
                idle.append(client)
                #expect(server.server.statistics.openConnections <= 8)
            }
            #expect(await idle[0].isOver())
            for client in idle { await client.close() }
        }
    }
}

/// What a handler has seen.
actor Recorder {
    private(set) var all: [String] = []
    func add(_ text: String) { all.append(text) }
}
