// What is held of large answers whose readers take their time.
import Fixtures
import HTTPTypes
import Serving
import Sockets
import Testing

@Suite(.timeLimit(.minutes(5))) struct `The memory for answers` {
    /// More than a socket holds of an answer that nobody reads.
    private static let large = 16_000_000

    private var configuration: ServerConfiguration {
        var configuration = ServerConfiguration.fast
        configuration.answerMemoryBytes = 20_000_000
        // What a reader may take is another suite's.
        configuration.deadlines.writeStall = .seconds(60)
        return configuration
    }

    /// Answers with as many bytes as the path says.
    private static let generous: Responder = { arrival in
        guard case .request(let request) = arrival else { return await echo(arrival) }
        let count = Int(request.path.dropFirst()) ?? 0
        return Response(status: .ok, body: [UInt8](repeating: 0x61, count: count))
    }

    private func get(_ count: Int) -> String { "GET /\(count) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" }

    /// A caller who has asked and does not read yet.
    private func ask(_ server: TestServer, for count: Int) async throws -> PlainStream {
        let client = try await server.connect()
        try await client.write(Array(get(count).utf8), stall: .seconds(10), until: nil)
        return client
    }

    @Test func `is held until its reader has it, and what is small is told meanwhile`() async throws {
        try await TestServer.run(configuration, respond: Self.generous) { server in
            let slow = try await ask(server, for: Self.large)
            #expect(await eventually { server.server.statistics.answerBytes == Self.large })
            try await server.expect([503], from: get(Self.large))
            try await server.expect([503], from: get(4_000_001))
            try await server.expect([200], from: get(65_536))
            try await server.expect([200], from: get(4_000_000))
            #expect(try await slow.readAll().count > Self.large)
            #expect(await eventually { server.server.statistics.answerBytes == 0 })
            await slow.close()
            let again = try await ask(server, for: Self.large)
            #expect(try await again.readAll().count > Self.large)
            await again.close()
        }
    }

    @Test func `is given back by a reader who leaves`() async throws {
        try await TestServer.run(configuration, respond: Self.generous) { server in
            let gone = try await ask(server, for: Self.large)
            #expect(await eventually { server.server.statistics.answerBytes == Self.large })
            await gone.close()
            #expect(await eventually { server.server.statistics.answerBytes == 0 })
        }
    }

    @Test func `lets through what is larger than all of it, alone`() async throws {
        try await TestServer.run(configuration, respond: Self.generous) { server in
            let slow = try await ask(server, for: 30_000_000)
            #expect(await eventually { server.server.statistics.answerBytes == 20_000_000 })
            try await server.expect([503], from: get(65_537))
            #expect(try await slow.readAll().count > 30_000_000)
            await slow.close()
        }
    }
}
