// Who gets through a handshake, and how the others are told.
import Fixtures
import Sockets
import TLSFixtures
import Testing

@Suite(.timeLimit(.minutes(5))) struct `A TLS handshake` {
    @Test(arguments: [(ClientWishes.old, "TLSv1.2"), (ClientWishes.new, "TLSv1.3"), (ClientWishes(), "TLSv1.3")])
    func `takes TLS 1_2 and 1_3, with ciphers of today and nothing to resume`(
        wishes: ClientWishes,
        version: String
    ) async throws {
        let (client, server) = try await SealedHarbour().pair(wishes)
        try await server.write("hello")
        #expect(try await client.read() == Array("hello".utf8))
        #expect(await client.version == version)
        let cipher = await client.cipher
        #expect(["ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_AES_256_GCM_SHA384"].contains(cipher), "\(cipher)")
        #expect(await client.peer == "server")
        #expect(await !client.canResume)
        await client.close()
        await server.close()
    }

    @Test func `tells who speaks an older version why`() async throws {
        let (client, server) = try await SealedHarbour().strangers(.oldest)
        async let refused = server.failureOfHandshake()
        await #expect(throws: SealedClient.Failure.refused("tlsv1 alert protocol version")) {
            try await client.handshake()
        }
        await client.close()
        #expect(await refused == .insecure(reason: "unsupported protocol"))
        await server.abort()
    }

    @Test(arguments: [
        (["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1"), (["x", "http/1.1", "h2"], "http/1.1"), ([], ""),
    ])
    func `chooses HTTP 1_1 where a client names protocols`(protocols: [String], chosen: String) async throws {
        let (client, server) = try await SealedHarbour().pair(ClientWishes(protocols: protocols))
        #expect(await client.chosenProtocol == chosen)
        await client.close()
        await server.close()
    }

    @Test(arguments: [["h2"], ["http/1.0"], ["http/1.1x", "HTTP/1.1", "ttp/1.1"]])
    func `refuses with an alert a client that names other protocols only`(protocols: [String]) async throws {
        let (client, server) = try await SealedHarbour().strangers(ClientWishes(protocols: protocols))
        async let refused = server.failureOfHandshake()
        await #expect(throws: SealedClient.Failure.refused("tlsv1 alert no application protocol")) {
            try await client.handshake()
        }
        await client.close()
        #expect(await refused == .insecure(reason: "no application protocol"))
        await server.abort()
    }

    @Test(arguments: [ClientWishes.old, .new], [1, 7, 100])
    func `is the same in pieces of any size`(wishes: ClientWishes, piece: Int) async throws {
        let (client, server) = try await SealedHarbour().strangers(wishes)
        async let accepted: Void = server.handshake(until: .now + .seconds(60))
        try await client.handshake(inPieces: piece)
        try await accepted
        try await client.write(Array("in pieces".utf8), inPieces: piece)
        var received: [UInt8] = []
        while received.count < 9 { received += try await server.read() }
        #expect(received == Array("in pieces".utf8))
        await client.close()
        await server.close()
    }

    @Test(arguments: ["", "\u{16}\u{3}\u{1}", "\u{16}\u{3}\u{1}\u{1}\u{0}\u{1}"])
    func `has a deadline, however far it has come`(beginning: String) async throws {
        let (client, server) = try await SealedHarbour().raw()
        try await client.write(beginning)
        let start = Instant.now
        #expect(await server.failureOfHandshake(within: .milliseconds(80)) == .timedOut)
        #expect(start.duration(to: .now) >= .milliseconds(80))
        await server.close()
        #expect(try await client.read().isEmpty)
        await client.close()
    }

    @Test func `goes on after it was interrupted`() async throws {
        let (client, server) = try await SealedHarbour().strangers()
        async let interrupted = server.failureOfHandshake()
        try await Task.sleep(for: .milliseconds(20))
        await server.interrupt()
        #expect(await interrupted == .interrupted)
        async let accepted: Void = server.handshake(until: .now + .seconds(60))
        try await client.handshake()
        try await accepted
        await client.close()
        await server.close()
    }

    @Test func `refuses what is not TLS, whatever it is`() async throws {
        let harbour = try SealedHarbour()
        var random = SeededGenerator(seed: 7)
        var strangers = [
            Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8), Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8),
            [UInt8](repeating: 0, count: 1000), [0x80, 0x2E, 0x01, 0x00, 0x02] + [UInt8](repeating: 1, count: 60),
        ]
        for _ in 0..<200 {
            let count = Int.random(in: 6..<600, using: &random)
            strangers.append((0..<count).map { _ in .random(in: 0...255, using: &random) })
        }
        for bytes in strangers {
            let (client, server) = try await harbour.raw()
            async let refused = server.failureOfHandshake()
            try await client.write(bytes, stall: .seconds(5), until: nil)
            await client.finish()
            let failure = await refused
            // Something random may be the beginning of a record, which then ends too early.
            let isRefused = if case .insecure = failure { true } else { failure == .truncated }
            #expect(isRefused, "\(bytes): \(String(describing: failure))")
            await client.close()
            await server.close()
        }
    }

    @Test func `wants a client's certificate where an authority is given`() async throws {
        for wishes in [ClientWishes.old, .new] {
            let harbour = try SealedHarbour(files: .server(clientAuthorities: "authority.pem"))
            var known = wishes
            known.certificate = "client"
            let (client, server) = try await harbour.pair(known)
            try await client.write("it is me")
            #expect(try await server.read() == Array("it is me".utf8))
            await client.close()
            await server.close()

            for (name, reason) in [(nil, "certificate required"), ("intruder", "unknown ca")] as [(String?, String)] {
                var unknown = wishes
                unknown.certificate = name
                let (client, server) = try await harbour.strangers(unknown)
                async let refused = server.failureOfHandshake()
                var heard = ""
                do {
                    try await client.handshake()
                    // To a client of TLS 1.3 the handshake is over before the server has seen its certificate.
                    _ = try await client.read()
                } catch SealedClient.Failure.refused(let words) { heard = words }
                let expected = wishes.most == 0x0303 && name == nil ? "handshake failure" : reason
                #expect(heard.hasSuffix(expected), "\(heard)")
                await client.close()
                let failure = await refused
                #expect(failure != nil && failure != .timedOut)
                await server.abort()
            }
        }
    }

    @Test func `asks no certificate of a client where no authority is given`() async throws {
        var wishes = ClientWishes()
        wishes.certificate = "intruder"
        let (client, server) = try await SealedHarbour().pair(wishes)
        await client.close()
        await server.close()
    }
}
