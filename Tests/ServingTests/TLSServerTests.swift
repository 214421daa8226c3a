// HTTP under TLS is HTTP: the same answers, limits and farewells.
import Fixtures
import Glibc
import HTTPTypes
import Serving
import Sockets
import TLSFixtures
import Testing

@Suite(.timeLimit(.minutes(5))) struct `A server under TLS` {
    private var configuration: ServerConfiguration {
        get throws {
            let certificates = try Certificates.made.get()
            var configuration = ServerConfiguration.fast
            configuration.identity = try TLSIdentity(
                TLSFiles(certificate: certificates.path("server.pem"), key: certificates.path("server.key"))
            )
            return configuration
        }
    }

    @Test(arguments: [Int32(0x0303), 0x0304])
    func `answers one request after the other on one connection`(version: Int32) async throws {
        try await TestServer.run(try configuration) { server in
            let wishes = ClientWishes(least: version, most: version, protocols: ["http/1.1"])
            let client = try await server.connectSealed(wishes)
            for number in 0..<50 {
                try await client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n\(number + 10)")
                #expect(try await client.answers(1).map(\.text) == ["\(number + 10)"])
            }
            try await client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            let answers = try Answer.all(in: try await client.readAll())
            #expect(answers.map(\.status) == [200])
            await client.close()
            #expect(await eventually { server.server.statistics.openConnections == 0 })
            #expect(server.server.statistics.failedHandshakes == 0)
            #expect(server.server.statistics.clientsGone == 0)
        }
    }

    @Test func `carries a body of 8 MiB there and back`() async throws {
        try await TestServer.run(try configuration) { server in
            let body = (0..<8_388_608).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let client = try await server.connectSealed()
            let head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: \(body.count)\r\n\r\n"
            async let asking: Void = client.write(Array(head.utf8) + body)
            try await asking
            #expect(try Answer.all(in: try await client.readAll()).map(\.body) == [body])
            await client.close()
        }
    }

    @Test(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.skipped)))
    func `answers every request of the corpus as it does in plain`() async throws {
        try await TestServer.run { plain in
            try await TestServer.run(try configuration) { server in
                for example in CorpusCase.all {
                    let expected = try await plain.exchange(example.withHost, finishing: true)
                    let client = try await server.connectSealed()
                    try? await client.write(example.withHost)
                    try? await client.finish()
                    let answers = try Answer.all(in: try await client.readAll())
                    #expect(answers.map(\.status) == expected.map(\.status), "\(example.name)")
                    #expect(answers.map(\.body) == expected.map(\.body), "\(example.name)")
                    await client.close()
                }
            }
        }
    }

    @Test func `closes on time a client that does not shake hands, and counts it`() async throws {
        var configuration = try configuration
        configuration.deadlines.handshake = .milliseconds(150)
        try await TestServer.run(configuration) { server in
            var silent: [PlainStream] = []
            for beginning in ["", "\u{16}", "\u{16}\u{3}\u{1}\u{1}\u{0}\u{1}"] {
                let client = try await server.connect()
                // On a busy machine the deadline may come before the bytes.
                if !beginning.isEmpty { try? await client.write(Array(beginning.utf8), stall: .seconds(5), until: nil) }
                silent.append(client)
            }
            let start = Instant.now
            for client in silent {
                do throws(SocketError) {
                    #expect(try await client.readAll().isEmpty)
                } catch {
                    #expect(error == .lost(code: ECONNRESET))
                }
                await client.close()
            }
            #expect(start.duration(to: .now) < .seconds(30))
            #expect(await eventually { server.server.statistics.failedHandshakes == 3 })
            #expect(await eventually { server.server.statistics.openConnections == 0 })
        }
    }

    @Test func `answers those who shake hands while hundreds do not`() async throws {
        try await TestServer.run(try configuration) { server in
            var silent: [PlainStream] = []
            for _ in 0..<300 {
                let client = try await server.connect()
                try await client.write([0x16, 3, 1, 2, 0, 1], stall: .seconds(5), until: nil)
                silent.append(client)
            }
            for _ in 0..<20 {
                let client = try await server.connectSealed()
                try await client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                #expect(try Answer.all(in: try await client.readAll()).map(\.status) == [200])
                await client.close()
            }
            for client in silent { await client.close() }
        }
    }

    @Test func `has no ear for plain HTTP, and a plain one none for TLS`() async throws {
        try await TestServer.run(try configuration) { server in
            let client = try await server.connect()
            try await client.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8), stall: .seconds(5), until: nil)
            // OpenSSL has no alert for what is no record at all.
            #expect(try await client.readAll().isEmpty)
            await client.close()
            #expect(await eventually { server.server.statistics.failedHandshakes == 1 })
        }
        try await TestServer.run { server in
            await #expect(throws: (any Error).self) { try await server.connectSealed() }
        }
    }

    @Test func `drains without losing what was accepted, in a handshake or after it`() async throws {
        var configuration = try configuration
        configuration.deadlines.drainGrace = .seconds(8)
        let begun = Signal()
        let respond: Responder = { arrival in
            begun.give()
            try? await Task.sleep(for: .milliseconds(100))
            return await echo(arrival)
        }
        let server = try Server(configuration: configuration, respond: respond)
        let test = TestServer(server: server)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await server.run() }
            let busy = try await test.connectSealed()
            try await busy.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let late = try SealedClient(try await test.connect())
            #expect(await eventually { server.statistics.acceptedConnections == 2 })
            await begun.wait()
            server.drain()
            try await late.handshake()
            try await late.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            for client in [busy, late] {
                let answers = try Answer.all(in: try await client.readAll())
                #expect(answers.map(\.status) == [200] && answers.first?.headers["connection"] == "close")
                await client.close()
            }
            try await group.waitForAll()
        }
    }

    @Test func `cancels the handler of a client that is cut off`() async throws {
        let (begun, cancelled) = (Signal(), Signal())
        let patient: Responder = { _ in
            begun.give()
            do { try await Task.sleep(for: .seconds(20)) } catch { cancelled.give() }
            return Response(status: .ok)
        }
        try await TestServer.run(try configuration, respond: patient) { server in
            let client = try await server.connectSealed()
            try await client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            await begun.wait()
            // Without close_notify: somebody in between may have done it.
            await client.stream.finish()
            await cancelled.wait()
            #expect(await eventually { server.server.statistics.clientsGone == 1 })
            await client.close()
        }
    }
}

extension TestServer {
    /// A client that has shaken hands.
    func connectSealed(_ wishes: ClientWishes = ClientWishes()) async throws -> SealedClient {
        let client = try SealedClient(try await connect(), wishes)
        try await client.handshake()
        return client
    }
}

extension SealedClient {
    /// The next `count` answers, which come in the records that they come in.
    func answers(_ count: Int) async throws -> [Answer] {
        var received: [UInt8] = []
        while true {
            if let answers = try? Answer.all(in: received), answers.count == count { return answers }
            let bytes = try await read()
            guard !bytes.isEmpty else { throw Failure.truncated }
            received += bytes
        }
    }
}
