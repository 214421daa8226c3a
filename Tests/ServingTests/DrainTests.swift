// Stopping without losing what was accepted; many at once.
import Fixtures
import Glibc
import HTTPTypes
import Serving
import Sockets
import Testing

@Suite(.timeLimit(.minutes(5))) struct `Draining` {
    /// How one client fared.
    private enum Fate {
        case answered
        /// Never let in, which a client may safely repeat.
        case refused
        /// Let in, and then left without an answer.
        case lost
    }

    private static func oneRequest(to server: Server, on loop: SocketLoop) async -> Fate {
        let client: PlainStream
        // A first packet that is dropped is sent again after a second only.
        let deadline = Instant.now + .milliseconds(250)
        do { client = try await PlainStream.connect(to: server.address, on: loop, until: deadline) } catch {
            return .refused
        }
        defer { Task { await client.close() } }
        do {
            let body = "{}"
            try await client.write(
                Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8),
                stall: .seconds(10),
                until: nil
            )
            let conversation = Conversation(client)
            return try await conversation.answer()?.text == body ? .answered : .lost
        } catch {
            return .lost
        }
    }

    @Test func `under load loses no request, twenty times`() async throws {
        let respond: Responder = { arrival in
            try? await Task.sleep(for: .milliseconds(5))
            return await echo(arrival)
        }
        let loop = SocketLoop(label: "clients")
        // A client that is let in and then waits for its turn on a busy machine has not sent anything yet.
        var configuration = ServerConfiguration.fast
        configuration.deadlines.drainGrace = .milliseconds(500)
        for _ in 0..<20 {
            let server = try Server(configuration: configuration, respond: respond)
            let fates = await withTaskGroup(of: [Fate].self) { group in
                group.addTask {
                    await server.run()
                    return []
                }
                for _ in 0..<16 {
                    group.addTask {
                        var fates: [Fate] = []
                        while fates.last != .refused { fates.append(await Self.oneRequest(to: server, on: loop)) }
                        return fates
                    }
                }
                group.addTask {
                    try? await Task.sleep(for: .milliseconds(40))
                    server.drain()
                    return []
                }
                return await group.reduce(into: []) { $0 += $1 }
            }
            #expect(fates.count { $0 == .lost } == 0)
            #expect(fates.contains(.answered))
            let statistics = server.statistics
            #expect(statistics.requests == fates.count { $0 == .answered })
            #expect(statistics.openConnections == 0)
        }
    }

    @Test func `answers what is in flight and in the pipeline, and says goodbye`() async throws {
        let started = Signal()
        let slow: Responder = { arrival in
            started.give()
            try? await Task.sleep(for: .milliseconds(200))
            return await echo(arrival)
        }
        let server = try Server(configuration: .fast, respond: slow)
        let running = Task { await server.run() }
        let loop = SocketLoop()
        let client = try await PlainStream.connect(to: server.address, on: loop)
        let idle = try await PlainStream.connect(to: server.address, on: loop)
        let one = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
        try await client.write(Array((one + one).utf8), stall: .seconds(5), until: nil)
        await started.wait()
        server.drain()
        server.drain()
        let answers = try Answer.all(in: try await client.readAll())
        #expect(answers.map(\.text) == ["hi", "hi"])
        #expect(answers.map { $0.headers["connection"] } == [nil, "close"])
        #expect(try await idle.readAll().isEmpty)
        await client.close()
        await idle.close()
        await running.value
        #expect(server.statistics.openConnections == 0)
    }

    @Test func `still serves an idle connection that asks in time`() async throws {
        var configuration = ServerConfiguration.fast
        configuration.deadlines.drainGrace = .seconds(4)
        let server = try Server(configuration: configuration, respond: echo)
        let running = Task { await server.run() }
        let client = Conversation(try await PlainStream.connect(to: server.address, on: SocketLoop()))
        try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try await client.answer()?.headers["connection"] == nil)
        server.drain()
        try await Task.sleep(for: .milliseconds(50))
        try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try await client.answer()?.headers["connection"] == "close")
        #expect(await client.isOver())
        await client.close()
        await running.value
    }

    @Test func `gives up at its deadline`() async throws {
        var configuration = ServerConfiguration.fast
        configuration.deadlines.drain = .milliseconds(200)
        let stuck: Responder = { arrival in
            try? await Task.sleep(for: .seconds(30))
            return await echo(arrival)
        }
        let server = try Server(configuration: configuration, respond: stuck)
        let running = Task { await server.run() }
        let client = Conversation(try await PlainStream.connect(to: server.address, on: SocketLoop()))
        try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(await eventually { server.statistics.requests == 1 })
        let begun = Instant.now
        server.drain()
        await running.value
        #expect(begun.duration(to: .now) < .seconds(25))
        await client.close()
    }

    @Test func `is what a cancelled run skips`() async throws {
        let server = try Server(configuration: .fast, respond: echo)
        let running = Task { await server.run() }
        let client = try await PlainStream.connect(to: server.address, on: SocketLoop())
        #expect(await eventually { server.statistics.openConnections == 1 })
        running.cancel()
        await running.value
        #expect(server.statistics.openConnections == 0)
        await client.close()
    }

    @Test func `may be asked for before the server runs`() async throws {
        let server = try Server(configuration: .fast, respond: echo)
        server.drain()
        await server.run()
    }
}

@Suite(.timeLimit(.minutes(5))) struct `Crowds` {
    @Test func `of 2,000 fresh connections, 256 at a time, are all answered and leave no descriptor`() async {
        await #expect(processExitsWith: .success) {
            try await TestServer.run { server in
                let request = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
                func crowd(_ count: Int) async throws -> Int {
                    try await withThrowingTaskGroup(of: Bool.self) { group in
                        var answered = 0
                        for number in 0..<count {
                            if number >= 256, try await group.next() == true { answered += 1 }
                            group.addTask { try await server.bodies(of: request) == [Array("hello".utf8)] }
                        }
                        for try await good in group where good { answered += 1 }
                        return answered
                    }
                }
                #expect(try await crowd(300) == 300)
                #expect(await eventually { server.server.statistics.openConnections == 0 })
                try await Task.sleep(for: .milliseconds(300))
                let before = openDescriptors()
                #expect(try await crowd(2000) == 2000)
                #expect(await eventually { server.server.statistics.openConnections == 0 })
                #expect(await eventually { openDescriptors() <= before }, "\(before), then \(openDescriptors())")
                #expect(server.server.statistics.requests == 2300)
            }
        }
    }

    @Test func `that use up the descriptors wait without work, and are served when there is room`() async {
        await #expect(processExitsWith: .success) {
            var configuration = ServerConfiguration.fast
            configuration.maximumConnections = 100_000
            configuration.deadlines.idle = .seconds(2)
            try await TestServer.run(configuration) { server in
                var clients: [Conversation] = []
                for _ in 0..<40 { clients.append(Conversation(try await server.connect())) }
                #expect(await eventually { server.server.statistics.openConnections == 40 })
                // Closed, so that the connections below have numbers for their own ends only.
                for client in clients.prefix(12) { await client.close() }
                #expect(await eventually { server.server.statistics.openConnections == 28 })
                try await Task.sleep(for: .milliseconds(300))
                let freed = try limitDescriptors(to: openDescriptors() + 12)
                var late: [Conversation] = []
                while let stream = try? await server.connect() { late.append(Conversation(stream)) }
                let before = clock()
                try await Task.sleep(for: .milliseconds(500))
                let spent = Double(clock() - before) / Double(CLOCKS_PER_SEC)
                freed()
                #expect(!late.isEmpty)
                #expect(spent < 0.25, "spent \(spent) s of processor time waiting")
                for client in clients { await client.close() }
                for client in late {
                    try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    #expect(try await client.answer()?.status == 200)
                    await client.close()
                }
            }
        }
    }
}
