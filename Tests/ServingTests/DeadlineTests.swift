// Slow clients, with short deadlines.
import Fixtures
import HTTPTypes
import Serving
import Sockets
import Testing

@Suite(.timeLimit(.minutes(5))) struct `A slow client` {
    private var configuration: ServerConfiguration {
        var configuration = ServerConfiguration.fast
        configuration.deadlines.head = .milliseconds(200)
        configuration.deadlines.body = .milliseconds(400)
        configuration.deadlines.bodyGrace = .milliseconds(200)
        return configuration
    }

    /// Sends a byte at a time, until the server answers; how long that took.
    private func drip(_ bytes: [UInt8], after start: String, to server: TestServer) async throws -> (Answer?, Duration)
    {
        let client = Conversation(try await server.connect())
        try await client.send(start)
        let begun = Instant.now
        let dripping = Task {
            for byte in bytes {
                try await client.stream.write([byte], stall: .seconds(1), until: nil)
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        // The drops would go on for twenty seconds.
        let answer = try await client.answer(within: .seconds(30))
        dripping.cancel()
        await client.close()
        return (answer, begun.duration(to: .now))
    }

    @Test func `does not finish its head by dripping`() async throws {
        try await TestServer.run(configuration) { server in
            let endless = Array(String(repeating: "x", count: 2000).utf8)
            let (answer, time) = try await drip(endless, after: "GET / HTTP/1.1\r\nX: ", to: server)
            #expect(answer?.status == 408 && answer?.headers["connection"] == "close")
            #expect(time >= .milliseconds(180) && time < .seconds(18))
        }
    }

    @Test func `does not finish its body by dripping`() async throws {
        try await TestServer.run(configuration) { server in
            let endless = Array(String(repeating: "x", count: 2000).utf8)
            let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n"
            let (answer, time) = try await drip(endless, after: head, to: server)
            #expect(answer?.status == 408)
            #expect(time >= .milliseconds(180) && time < .seconds(18))
        }
    }

    @Test func `that expects a 100 and then sends nothing is told so`() async throws {
        try await TestServer.run(configuration) { server in
            let client = Conversation(try await server.connect())
            try await client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
            #expect(try await client.answer()?.status == 100)
            #expect(try await client.answer()?.status == 408)
            #expect(await client.isOver())
            await client.close()
        }
    }

    @Test func `that sends nothing is let go without a word`() async throws {
        var configuration = configuration
        configuration.deadlines.idle = .milliseconds(1500)
        try await TestServer.run(configuration) { server in
            let silent = Conversation(try await server.connect())
            let idle = Conversation(try await server.connect())
            try await idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await idle.answer()?.status == 200)
            #expect(await silent.isOver())
            #expect(await idle.isOver())
            #expect(server.server.statistics.refusals == 0)
            await silent.close()
            await idle.close()
        }
    }

    @Test func `that takes its answer by drips has an end`() async throws {
        var configuration = configuration
        // Each drop comes well within the stall: only the whole of it takes too long.
        configuration.deadlines.writeStall = .seconds(20)
        configuration.deadlines.writeGrace = .milliseconds(300)
        configuration.deadlines.writeBytesPerSecond = 100_000_000
        let large: Responder = { _ in Response(status: .ok, body: [UInt8](repeating: 0x61, count: 20_000_000)) }
        try await TestServer.run(configuration, respond: large) { server in
            let client = try await server.connect()
            try await client.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8), stall: .seconds(5), until: nil)
            let begun = Instant.now
            while server.server.statistics.clientsGone == 0, begun.duration(to: .now) < .seconds(15) {
                _ = try? await client.read(atMost: 1000, until: .now + .seconds(1))
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(server.server.statistics.clientsGone == 1)
            #expect(begun.duration(to: .now) >= .milliseconds(500))
            await client.close()
        }
    }

    @Test func `does not keep a handler from its time`() async throws {
        let slow: Responder = { arrival in
            try? await Task.sleep(for: .milliseconds(600))
            return await echo(arrival)
        }
        try await TestServer.run(configuration, respond: slow) { server in
            let client = Conversation(try await server.connect())
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.answer()?.status == 200)
            await client.close()
        }
    }

    @Test func `holds nobody up, a hundred at a time`() async throws {
        try await TestServer.run(configuration) { server in
            var slow: [PlainStream] = []
            for _ in 0..<100 {
                let client = try await server.connect()
                try await client.write(Array("GET / HT".utf8), stall: .seconds(5), until: nil)
                slow.append(client)
            }
            let good = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            try await server.expect([200], from: good)
            for client in slow {
                let answers = try Answer.all(in: try await client.readAll())
                #expect(answers.map(\.status) == [408])
                await client.close()
            }
            #expect(await eventually { server.server.statistics.openConnections == 0 })
        }
    }
}
