// Reading, writing and parting under TLS.
import Fixtures
import Sockets
import TLSFixtures
import Testing

@Suite(.timeLimit(.minutes(5))) struct `A TLS stream` {
    @Test(arguments: [ClientWishes.old, .new])
    func `carries bytes both ways, a record or many`(wishes: ClientWishes) async throws {
        let (client, server) = try await SealedHarbour().pair(wishes)
        for count in [1, 16_384, 16_385, 65_536, 300_000] {
            let sent = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            async let asking: Void = client.write(sent)
            var received: [UInt8] = []
            while received.count < count { received += try await server.read() }
            try await asking
            #expect(received == sent)
            async let answering: Void = server.write(sent, stall: .seconds(20), until: nil)
            received = []
            while received.count < count { received += try await client.read() }
            try await answering
            #expect(received == sent)
        }
        await client.close()
        await server.close()
    }

    @Test func `reads no more at a time than is asked for`() async throws {
        let (client, server) = try await SealedHarbour().pair()
        try await client.write("abcdef")
        #expect(try await server.read(4) == Array("abcd".utf8))
        #expect(try await server.read(4) == Array("ef".utf8))
        await client.close()
        await server.close()
    }

    @Test func `carries more than the kernel buffers to a slow reader, while it reads itself`() async throws {
        let (client, server) = try await SealedHarbour().pair()
        let sent = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        async let writing: Void = server.write(sent, stall: .seconds(20), until: nil)
        try await Task.sleep(for: .milliseconds(50))
        try await client.write("meanwhile")
        #expect(try await server.read() == Array("meanwhile".utf8))
        var received: [UInt8] = []
        while received.count < sent.count { received += try await client.read() }
        try await writing
        #expect(received == sent)
        await client.close()
        await server.close()
    }

    @Test func `gives up reading at the deadline and can go on afterwards`() async throws {
        let (client, server) = try await SealedHarbour().pair()
        #expect(await server.failureOfRead(within: .milliseconds(60)) == .timedOut)
        // Half a record is nothing yet.
        let record = try await client.seal(Array("late".utf8))
        try await client.stream.write(Array(record.dropLast(3)), stall: .seconds(5), until: nil)
        #expect(await server.failureOfRead(within: .milliseconds(60)) == .timedOut)
        try await client.stream.write(Array(record.suffix(3)), stall: .seconds(5), until: nil)
        #expect(try await server.read() == Array("late".utf8))
        await client.close()
        await server.close()
    }

    @Test func `gives up writing when the peer takes nothing`() async throws {
        let (client, server) = try await SealedHarbour().pair()
        do {
            try await server.write([UInt8](repeating: 1, count: 20_000_000), stall: .milliseconds(60), until: nil)
            Issue.record("20 MB went to nobody")
        } catch { #expect(error == .timedOut) }
        await server.abort()
        await client.close()
    }

    @Test(arguments: [ClientWishes.old, .new])
    func `tells an end from a cut`(wishes: ClientWishes) async throws {
        let harbour = try SealedHarbour()
        let (polite, first) = try await harbour.pair(wishes)
        try await polite.write("all")
        try await polite.finish()
        #expect(try await first.readAll() == Array("all".utf8))
        // Its sending side only.
        try await first.write("answer")
        #expect(try await polite.read() == Array("answer".utf8))

        let (cut, second) = try await harbour.pair(wishes)
        try await cut.write("not all")
        await cut.stream.finish()
        #expect(try await second.read() == Array("not all".utf8))
        #expect(await second.failureOfRead() == .truncated)

        let (rude, third) = try await harbour.pair(wishes)
        await rude.stream.abort()
        let isLost = if case .lost = await third.failureOfRead() { true } else { false }
        #expect(isLost)
        for client in [polite, cut, rude] { await client.close() }
        for server in [first, second, third] { await server.close() }
    }

    @Test func `says goodbye however it ends, but for a reset`() async throws {
        let harbour = try SealedHarbour()
        let (first, finished) = try await harbour.pair()
        try await finished.write("last words")
        await finished.finish()
        #expect(try await first.readAll() == Array("last words".utf8))
        // Reading goes on.
        try await first.write("thanks")
        #expect(try await finished.read() == Array("thanks".utf8))

        let (second, closed) = try await harbour.pair()
        await closed.close()
        #expect(try await second.readAll().isEmpty)

        let (third, aborted) = try await harbour.pair()
        await aborted.abort()
        await #expect(throws: (any Error).self) { try await third.readAll() }
        for client in [first, second, third] { await client.close() }
        await finished.close()
    }

    @Test func `refuses a record that was changed on its way`() async throws {
        let harbour = try SealedHarbour()
        for place in [0, 3, 5, 12, 20] {
            let (client, server) = try await harbour.pair()
            var record = try await client.seal(Array("untouched".utf8))
            record[place] ^= 1
            try await client.stream.write(record, stall: .seconds(5), until: nil)
            await client.stream.finish()
            let failure = await server.failureOfRead()
            let isRefused = if case .insecure = failure { true } else { failure == .truncated }
            #expect(isRefused, "byte \(place): \(String(describing: failure))")
            // And stays refused.
            #expect(await server.failureOfRead() != nil)
            await server.close()
            await client.close()
        }
    }

    @Test func `does not begin a new handshake within TLS 1_2`() async throws {
        let (client, server) = try await SealedHarbour().pair(.old)
        async let waiting = server.failureOfRead()
        await #expect(throws: SealedClient.Failure.refused("no renegotiation")) { try await client.renegotiate() }
        await client.close()
        #expect(await waiting != nil)
        await server.close()
    }

    @Test func `takes new keys within TLS 1_3, again and again`() async throws {
        let (client, server) = try await SealedHarbour().pair(.new)
        for round in 0..<50 {
            await client.updateKeys()
            try await client.write("\(round)")
            #expect(try await server.read() == Array("\(round)".utf8))
            try await server.write("answer \(round)")
            #expect(try await client.read() == Array("answer \(round)".utf8))
        }
        await client.close()
        await server.close()
    }

    @Test func `stops waiting when its task is cancelled, interrupted or the stream closed`() async throws {
        let (client, server) = try await SealedHarbour().pair()
        for _ in 0..<100 {
            let reading = Task { await server.failureOfRead() }
            await Task.yield()
            reading.cancel()
            #expect(await reading.value == .cancelled)
        }
        await server.interrupt()
        #expect(await server.failureOfRead() == .interrupted)
        let reading = Task { await server.failureOfRead() }
        try await Task.sleep(for: .milliseconds(20))
        await server.close()
        #expect(await reading.value == .closed)
        #expect(await server.failureOfRead() == .closed)
        #expect(await server.failureOfHandshake() == .closed)
        await server.close()
        await client.close()
    }

    @Test func `sees a peer leave behind bytes that nobody reads`() async throws {
        let harbour = try SealedHarbour()
        let (polite, first) = try await harbour.pair()
        try await polite.write("unread")
        try await polite.finish()
        await polite.stream.finish()
        #expect(try await first.waitForHangUp() == .finished)
        #expect(try await first.read() == Array("unread".utf8))
        let (rude, second) = try await harbour.pair()
        try await rude.write("unread")
        let watching = Task { try await second.waitForHangUp() }
        try await Task.sleep(for: .milliseconds(20))
        await rude.stream.abort()
        #expect(try await watching.value == .lost)
        await polite.close()
        for server in [first, second] { await server.close() }
    }

    @Test func `writing to a peer that left is an error, not a signal`() async throws {
        let (client, server) = try await SealedHarbour().pair()
        await client.stream.abort()
        #expect(
            await eventually {
                do { try await server.write("anyone?") } catch { return true }
                return false
            }
        )
        await server.finish()
        await server.close()
    }

    @Test func `leaves no descriptor open, however it ends`() async {
        await #expect(processExitsWith: .success) {
            let harbour = try SealedHarbour()
            for round in 0..<12 { try await harbour.meetAndPart(round) }
            try await Task.sleep(for: .milliseconds(200))
            let before = openDescriptors()
            for round in 0..<200 { try await harbour.meetAndPart(round) }
            #expect(await eventually { openDescriptors() == before }, "\(before), then \(openDescriptors())")
        }
    }
}

extension SealedHarbour {
    /// A connection that ends in one of several ways, in its handshake or after.
    fileprivate func meetAndPart(_ round: Int) async throws {
        guard round % 5 > 0 else {
            let (client, server) = try await raw()
            try await client.write("GET / HTTP/1.1\r\n\r\n")
            if round % 2 == 0 { await client.abort() } else { await client.finish() }
            _ = await server.failureOfHandshake(within: .seconds(5))
            return
        }
        let (client, server) = try await pair(round % 2 == 0 ? .old : .new)
        async let waiting = server.failureOfRead()
        switch round % 4 {
        case 0: await client.close()
        case 1: await client.stream.abort()
        case 2: await server.close()
        default: try await client.finish()
        }
        _ = await waiting
        // Every third one is let go without a close.
        guard round % 3 > 0 else { return }
        await server.close()
        await client.close()
    }
}
