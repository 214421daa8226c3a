// Callers that leave, at every phase of a request.
import Fixtures
import HTTPTypes
import Serving
import Sockets
import Testing

@Suite(.timeLimit(.minutes(5))) struct `A caller that leaves` {
    /// A handler that waits until it is cancelled, or for ten seconds.
    private struct Patient {
        let begun = Signal()
        let cancelled = Signal()

        var respond: Responder {
            { _ in
                begun.give()
                do { try await Task.sleep(for: .seconds(10)) } catch { cancelled.give() }
                return Response(status: .ok, body: Array("late".utf8))
            }
        }
    }

    @Test func `by a reset has its handler cancelled at once`() async throws {
        let patient = Patient()
        var configuration = ServerConfiguration.fast
        configuration.deadlines.callerGrace = .seconds(30)
        try await TestServer.run(configuration, respond: patient.respond) { server in
            let client = try await server.connect()
            try await client.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8), stall: .seconds(5), until: nil)
            await patient.begun.wait()
            await client.abort()
            await patient.cancelled.wait()
            #expect(await eventually { server.server.statistics.clientsGone == 1 })
            #expect(await eventually { server.server.statistics.openConnections == 0 })
        }
    }

    // 90,000 bytes are more than is read ahead, and few enough for the kernel to take the end of the stream too.
    @Test(arguments: [0, 90_000])
    func `by ending its sending side has its handler cancelled after a grace, however much it sent`(
        extra: Int
    ) async throws {
        let patient = Patient()
        try await TestServer.run(respond: patient.respond) { server in
            let client = try await server.connect()
            let request = Array("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8)
            try await client.write(request + [UInt8](repeating: 0x61, count: extra), stall: .seconds(5), until: nil)
            await patient.begun.wait()
            let left = Instant.now
            await client.finish()
            await patient.cancelled.wait()
            #expect(left.duration(to: .now) >= .milliseconds(230))
            // The answer is tried all the same.
            let answers = try Answer.all(in: try await client.readAll())
            #expect(answers.map(\.text) == ["late"])
            await client.close()
            #expect(server.server.statistics.clientsGone == 1)
        }
    }

    @Test func `by a reset behind bytes that nobody reads is noticed too`() async throws {
        let patient = Patient()
        try await TestServer.run(respond: patient.respond) { server in
            let client = try await server.connect()
            let request = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            try await client.write(request + [UInt8](repeating: 0x61, count: 200_000), stall: .seconds(5), until: nil)
            await patient.begun.wait()
            await client.abort()
            await patient.cancelled.wait()
            #expect(await eventually { server.server.statistics.openConnections == 0 })
        }
    }

    @Test func `by ending its sending side still gets a quick answer, and a pipeline of them`() async throws {
        let quick: Responder = { arrival in
            try? await Task.sleep(for: .milliseconds(30))
            return Task.isCancelled ? Response(status: .internalServerError) : await echo(arrival)
        }
        var configuration = ServerConfiguration.fast
        configuration.deadlines.callerGrace = .seconds(20)
        try await TestServer.run(configuration, respond: quick) { server in
            let one = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
            let answers = try await server.exchange(one + one + one, finishing: true)
            #expect(answers.map(\.status) == [200, 200, 200])
            #expect(answers.map { $0.headers["connection"] } == [nil, nil, "close"])
            #expect(server.server.statistics.clientsGone == 0)
        }
    }

    @Test func `in the middle of a request is refused where it can still hear it`() async throws {
        try await TestServer.run { server in
            for text in ["GET / HT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhi"] {
                try await server.expect([400], from: text, finishing: true)
            }
            try await server.expect([], from: "", finishing: true)
        }
    }

    @Test func `leaves nothing behind, at whatever phase`() async {
        await #expect(processExitsWith: .success) {
            let large = [UInt8](repeating: 0x61, count: 4_000_000)
            let respond: Responder = { arrival in
                guard case .request(let request) = arrival else { return await echo(arrival) }
                if request.path == "/slow" { try? await Task.sleep(for: .seconds(10)) }
                return Response(status: .ok, body: request.path == "/large" ? large : [])
            }
            try await TestServer.run(respond: respond) { server in
                let phases = [
                    "", "\r\n", "GET / HT", "GET / HTTP/1.1\r\nHost: a\r\n", "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n",
                    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhi",
                    "GET /large HTTP/1.1\r\nHost: a\r\n\r\n",
                    "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET\n",
                    "GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n",
                    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
                ]
                func leave(_ round: Int) async throws {
                    let client = try await server.connect()
                    try await client.write(Array(phases[round % phases.count].utf8), stall: .seconds(5), until: nil)
                    if round % 2 == 0 { try await Task.sleep(for: .milliseconds(3)) }
                    switch round % 3 {
                    case 0: await client.abort()
                    case 1: await client.finish()
                    default: break
                    }
                    await client.close()
                }
                for round in 0..<66 { try await leave(round) }
                #expect(await eventually { server.server.statistics.openConnections == 0 })
                try await Task.sleep(for: .milliseconds(300))
                let before = openDescriptors()
                for round in 0..<330 { try await leave(round) }
                #expect(await eventually { server.server.statistics.openConnections == 0 })
                #expect(await eventually { openDescriptors() <= before }, "\(before), then \(openDescriptors())")
            }
        }
    }
}

/// Something that happens once and can be waited for.
final class Signal: Sendable {
    private let stream: AsyncStream<Never>
    private let continuation: AsyncStream<Never>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func give() { continuation.finish() }
    func wait() async { for await _ in stream {} }
}
