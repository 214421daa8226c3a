// Accepting, running out of descriptors, and stopping.
import Fixtures
import Glibc
import Sockets
import Testing

@Suite(.timeLimit(.minutes(5))) struct `A listener` {
    @Test func `names its real port and refuses to share it`() async throws {
        let harbour = try Harbour()
        let port = harbour.listener.address.port
        #expect(port > 0)
        #expect(harbour.listener.address.description == "127.0.0.1:\(port)")
        #expect(throws: SocketError.failed(call: "bind", code: EADDRINUSE)) {
            _ = try Listener(host: "127.0.0.1", port: port, backlog: 1, on: harbour.loop)
        }
        await harbour.listener.close()
    }

    @Test func `says which host it does not know`() {
        #expect {
            _ = try Listener(host: "no such host", port: 0, backlog: 1, on: SocketLoop())
        } throws: {
            if case .unknownHost("no such host", _)? = $0 as? SocketError { true } else { false }
        }
    }

    @Test func `writes an IPv6 address as a URL does`() async throws {
        let harbour = try Harbour(host: "::1")
        #expect(harbour.listener.address.description == "[::1]:\(harbour.listener.address.port)")
        await harbour.listener.close()
    }

    @Test func `stops accepting when its task is cancelled`() async throws {
        let harbour = try Harbour()
        let accepting = Task { await harbour.listener.accept() == nil }
        try await Task.sleep(for: .milliseconds(20))
        accepting.cancel()
        #expect(await accepting.value)
    }

    @Test func `hands out everyone who was let in before it drained`() async throws {
        for _ in 0..<20 {
            let harbour = try Harbour()
            var early: [PlainStream] = []
            for _ in 0..<20 { early.append(try await harbour.connect()) }
            await harbour.listener.drain(grace: .milliseconds(10))
            var accepted: [PlainStream] = []
            while let socket = await harbour.listener.accept() {
                accepted.append(PlainStream(socket, on: harbour.loop))
            }
            #expect(accepted.count == early.count)
            for (number, stream) in early.enumerated() { try await stream.write("\(number)") }
            for stream in accepted { #expect(try await !stream.read().isEmpty) }
            for stream in early + accepted { await stream.close() }
        }
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func `lets nobody in once it drains, and refuses them when it has closed`(host: String) async throws {
        let harbour = try Harbour(host: host)
        await harbour.listener.drain(grace: .milliseconds(300))
        let address = harbour.listener.address
        await #expect(throws: SocketError.timedOut) {
            _ = try await PlainStream.connect(to: address, on: harbour.loop, until: .now + .milliseconds(100))
        }
        #expect(await harbour.listener.accept() == nil)
        await #expect(throws: SocketError.failed(call: "connect", code: ECONNREFUSED)) {
            _ = try await PlainStream.connect(to: address, on: harbour.loop, until: .now + .seconds(60))
        }
    }

    @Test func `waits without spinning when it is out of descriptors, and recovers`() async {
        await #expect(processExitsWith: .success) {
            let harbour = try Harbour()
            _ = try await harbour.pair()
            let clients = try await withThrowingTaskGroup(of: PlainStream.self) { group in
                for _ in 0..<30 { group.addTask { try await harbour.connect() } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            // What connecting needed is given back by Dispatch in its own time.
            try await Task.sleep(for: .milliseconds(300))
            // Room for five more; the others stay in the kernel's queue.
            let freed = try limitDescriptors(to: openDescriptors() + 5)
            let accepted = Accepted()
            let accepting = Task {
                while let socket = await harbour.listener.accept() {
                    await accepted.add(PlainStream(socket, on: harbour.loop))
                }
            }
            let hasBegun = await eventually { await accepted.total > 0 }
            try await Task.sleep(for: .milliseconds(200))
            let stuck = await accepted.total
            let before = clock()
            try await Task.sleep(for: .milliseconds(600))
            let spent = Double(clock() - before) / Double(CLOCKS_PER_SEC)
            let stillStuck = await accepted.total
            let recovers = await eventually {
                await accepted.closeAll()
                return await accepted.total == clients.count
            }
            accepting.cancel()
            // Only now: a failed expectation wants to open files.
            freed()
            #expect(hasBegun && stuck < clients.count && stillStuck == stuck, "\(stuck), then \(stillStuck)")
            #expect(spent < 0.3, "spent \(spent) s of processor time waiting")
            #expect(recovers)
        }
    }
}

/// What an accepting task has let in.
private actor Accepted {
    private(set) var streams: [PlainStream] = []
    private(set) var total = 0

    func add(_ stream: PlainStream) {
        streams.append(stream)
        total += 1
    }

    func closeAll() async {
        for stream in streams { await stream.close() }
        streams = []
    }
}
