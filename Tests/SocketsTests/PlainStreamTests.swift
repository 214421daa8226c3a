// Reading, writing and parting over real sockets.
import Fixtures
import Sockets
import Testing

@Suite(.timeLimit(.minutes(5))) struct `A plain stream` {
    @Test(arguments: ["127.0.0.1", "::1", "localhost"])
    func `carries bytes both ways`(host: String) async throws {
        let harbour = try Harbour(host: host)
        let (client, server) = try await harbour.pair()
        try await client.write("ping")
        #expect(try await server.read() == Array("ping".utf8))
        try await server.write("pong")
        #expect(try await client.read() == Array("pong".utf8))
        await client.close()
        #expect(try await server.read().isEmpty)
        await server.close()
        await harbour.listener.close()
    }

    @Test func `carries more than the kernel buffers to a reader that is slow to begin`() async throws {
        let (client, server) = try await Harbour().pair()
        let sent = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        async let writing: Void = client.write(sent, stall: .seconds(20), until: nil)
        try await Task.sleep(for: .milliseconds(50))
        var received: [UInt8] = []
        while received.count < sent.count { received += try await server.read() }
        try await writing
        #expect(received == sent)
        await client.close()
        await server.close()
    }

    @Test func `leaves with the kernel little of what nobody reads`() async throws {
        let (client, server) = try await Harbour().pair()
        let sent = [UInt8](repeating: 1, count: 16 << 20)
        await #expect(throws: SocketError.timedOut) {
            try await server.write(sent, stall: .milliseconds(200), until: nil)
        }
        await server.close()
        // What the client's kernel had room for, which it chooses, and 128 KiB; without a bound it is 1.6 MiB and more.
        #expect(try await client.readAll().count < 1 << 20)
        await client.close()
    }

    @Test func `gives up reading at the deadline and can go on afterwards`() async throws {
        let (client, server) = try await Harbour().pair()
        let start = Instant.now
        #expect(await server.failureOfRead(within: .milliseconds(60)) == .timedOut)
        #expect(start.duration(to: .now) >= .milliseconds(60))
        try await client.write("late")
        #expect(try await server.read() == Array("late".utf8))
        // What is there is read even when the deadline has passed.
        try await client.write("later")
        #expect(await eventually { (try? await server.read(atMost: 5, until: .now)) == Array("later".utf8) })
        await client.close()
        await server.close()
    }

    @Test func `gives up writing when the peer takes nothing`() async throws {
        let (client, server) = try await Harbour().pair()
        do {
            try await server.write([UInt8](repeating: 1, count: 20_000_000), stall: .milliseconds(60), until: nil)
            Issue.record("20 MB went to nobody")
        } catch { #expect(error == .timedOut) }
        await server.abort()
        await client.close()
    }

    @Test func `stops waiting when its task is cancelled, and only then`() async throws {
        let (client, server) = try await Harbour().pair()
        for _ in 0..<200 {
            let reading = Task { await server.failureOfRead() }
            await Task.yield()
            reading.cancel()
            #expect(await reading.value == .cancelled)
        }
        try await client.write("still here")
        #expect(try await server.read() == Array("still here".utf8))
        await client.close()
        await server.close()
    }

    @Test func `is interrupted now or the next time`() async throws {
        let (client, server) = try await Harbour().pair()
        let reading = Task { await server.failureOfRead() }
        try await Task.sleep(for: .milliseconds(20))
        await server.interrupt()
        #expect(await reading.value == .interrupted)
        await server.interrupt()
        #expect(await server.failureOfRead() == .interrupted)
        #expect(await server.failureOfRead(within: .milliseconds(1)) == .timedOut)
        await client.close()
        await server.close()
    }

    @Test func `tells a half-close from a reset`() async throws {
        let harbour = try Harbour()
        let (polite, first) = try await harbour.pair()
        await polite.finish()
        #expect(try await first.read().isEmpty)
        try await first.write("answer")
        #expect(try await polite.read() == Array("answer".utf8))

        let (rude, second) = try await harbour.pair()
        await rude.abort()
        let failure = await second.failureOfRead()
        let isLost = if case .lost = failure { true } else { false }
        #expect(isLost)
        for stream in [polite, first, second] { await stream.close() }
    }

    @Test func `sees a peer leave behind bytes that nobody reads`() async throws {
        let harbour = try Harbour()
        let (polite, first) = try await harbour.pair()
        try await polite.write("unread")
        await polite.finish()
        #expect(try await first.waitForHangUp() == .finished)
        #expect(try await first.read() == Array("unread".utf8))

        let (rude, second) = try await harbour.pair()
        try await rude.write("unread")
        let watching = Task { try await second.waitForHangUp() }
        try await Task.sleep(for: .milliseconds(20))
        await rude.abort()
        #expect(try await watching.value == .lost)
        for stream in [polite, first, second] { await stream.close() }
    }

    @Test func `waits both ways at once, and each way ends by itself`() async throws {
        let (client, server) = try await Harbour().pair()
        let large = [UInt8](repeating: 1, count: 20_000_000)
        async let writing: Void = server.write(large, stall: .seconds(20), until: nil)
        let reading = Task { try await server.read() }
        try await Task.sleep(for: .milliseconds(20))
        try await client.write("now")
        #expect(try await reading.value == Array("now".utf8))
        // The read that comes to nothing leaves the write waiting, and hears of what comes after.
        #expect(await server.failureOfRead(within: .milliseconds(20)) == .timedOut)
        let later = Task { try await server.read() }
        var count = 0
        while count < large.count { count += try await client.read().count }
        try await writing
        try await client.write("later")
        #expect(try await later.value == Array("later".utf8))
        await client.close()
        await server.close()
    }

    /// Each hang-up once made Dispatch free what it was still reading: the process ended, or a wait never did.
    @Test func `hears of thousands of resets, on several loops and both ways`() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let harbour = try Harbour()
                    for _ in 0..<500 {
                        let (client, server) = try await harbour.pair()
                        async let reading = server.failureOfRead()
                        async let leaving = try? server.waitForHangUp()
                        async let writing: Void? = try? server.write(
                            [UInt8](repeating: 1, count: 8_000_000),
                            stall: .seconds(60),
                            until: nil
                        )
                        await Task.yield()
                        await client.abort()
                        let ends = await (reading, leaving, writing)
                        // The kernel tells the reset itself to whoever asks first, reader or writer.
                        #expect(ends.0 != .timedOut && ends.1 == .lost && ends.2 == nil, "\(ends)")
                        await server.close()
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `writing to a peer that left is an error, not a signal`() async throws {
        let (client, server) = try await Harbour().pair()
        await client.abort()
        #expect(
            await eventually {
                do { try await server.write("anyone?") } catch { return true }
                return false
            }
        )
        await server.close()
    }

    @Test func `ends waiting reads when it is closed, and stays closed`() async throws {
        let (client, server) = try await Harbour().pair()
        let reading = Task { await server.failureOfRead() }
        try await Task.sleep(for: .milliseconds(20))
        await server.close()
        #expect(await reading.value == .closed)
        #expect(await server.failureOfRead() == .closed)
        await server.close()
        #expect(try await client.read().isEmpty)
        await client.close()
    }

    @Test func `is refused where nobody listens`() async throws {
        let harbour = try Harbour()
        let address = harbour.listener.address
        await harbour.listener.close()
        let refused = await eventually {
            do throws(SocketError) {
                let stream = try await PlainStream.connect(to: address, on: harbour.loop, until: .now + .seconds(5))
                await stream.close()
                return false
            } catch {
                if case .failed(call: "connect", _) = error { return true }
                return false
            }
        }
        #expect(refused)
    }

    @Test func `shares its loop with sleepers, who wake in time or when they are cancelled`() async throws {
        let loop = SocketLoop()
        let begun = Instant.now
        try await loop.sleep(for: .milliseconds(30))
        #expect(begun.duration(to: .now) >= .milliseconds(30))
        for pause in [0, 1] {
            let sleeping = Task { () async -> SocketError? in
                do throws(SocketError) { try await loop.sleep(for: .seconds(600)) } catch { return error }
                return nil
            }
            try await Task.sleep(for: .milliseconds(pause))
            sleeping.cancel()
            #expect(await sleeping.value == .cancelled)
        }
        #expect(begun.duration(to: .now) < .seconds(300))
    }

    @Test func `leaves no descriptor open, however it ends`() async {
        await #expect(processExitsWith: .success) {
            let harbour = try Harbour()
            // The first connections open what Dispatch keeps.
            for round in 0..<12 { try await harbour.meetAndPart(round) }
            try await Task.sleep(for: .milliseconds(200))
            let before = openDescriptors()
            for round in 0..<300 { try await harbour.meetAndPart(round) }
            #expect(await eventually { openDescriptors() == before }, "\(before), then \(openDescriptors())")
        }
    }
}

extension Harbour {
    /// A connection that ends in one of twelve ways while its server waits.
    fileprivate func meetAndPart(_ round: Int) async throws {
        let (client, server) = try await pair()
        async let waiting = server.failureOfRead()
        switch round % 4 {
        case 0: await client.close()
        case 1: await client.abort()
        case 2: await server.close()
        default: await client.finish()
        }
        _ = await waiting
        // Every third one is let go without a close.
        guard round % 3 > 0 else { return }
        await server.close()
        await client.close()
    }
}
