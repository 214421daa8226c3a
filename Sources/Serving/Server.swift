// Listens, accepts, lets every connection run, drains.
internal import Glibc
internal import HTTPTypes
package import Sockets

/// An HTTP/1.1 server: `respond` is called once for each arrival, in a task of its own.
package final class Server: Sendable {
    private let configuration: ServerConfiguration
    private let gate: Gate
    private let respond: Responder
    private let listener: Listener
    private let loops: [SocketLoop]
    private let turnstiles: [Turnstile]
    private let roster = Roster()
    private let counters: Counters
    /// Ends when the server is asked to drain.
    private let untilDrained: AsyncStream<Never>
    private let drainRequest: AsyncStream<Never>.Continuation

    /// Where it listens, with the real port; clients may connect from now on.
    package let address: SocketAddress

    /// Binds and listens; connections are taken once `run` is called.
    /// - Parameters:
    ///   - counters: where it counts, for those who want to read them beside it.
    ///   - heartbeat: gets its loops, for those who want to know whether they run.
    ///   - gate: what is answered before a body is read; what it lets in comes to `respond`.
    package init(
        configuration: ServerConfiguration,
        counters: Counters = Counters(),
        heartbeat: Heartbeat = Heartbeat(),
        gate: @escaping Gate = { _ in nil },
        respond: @escaping Responder
    ) throws(SocketError) {
        self.counters = counters
        self.configuration = configuration
        self.gate = gate
        self.respond = respond
        loops = (0..<max(1, configuration.loops)).map { SocketLoop(label: "linchpin.sockets.\($0)") }
        turnstiles = loops.map { _ in Turnstile() }
        listener = try Listener(
            host: configuration.host,
            port: configuration.port,
            backlog: configuration.backlog,
            on: loops[0],
            pauses: counters.pauses
        )
        address = listener.address
        heartbeat.watch(loops)
        (untilDrained, drainRequest) = AsyncStream.makeStream()
    }

    package var statistics: Statistics { counters.now }

    /// Ends the service without losing a request; `run` returns when all is answered, or at the drain deadline.
    package func drain() { drainRequest.finish() }

    /// Serves until drained. Cancelling the task cuts every connection off instead.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.acceptAll() }
            group.addTask { await self.drainWhenAsked() }
            // Whichever is first: all connections have ended after a drain, or the drain took too long.
            await group.next()
            group.cancelAll()
        }
    }

    private func acceptAll() async {
        let limit = configuration.maximumConnections ?? Self.connectionLimit
        await withDiscardingTaskGroup { group in
            var accepted = 0
            while let socket = await listener.accept() {
                let place = accepted % loops.count
                let loop = loops[place]
                accepted &+= 1
                guard let stream = stream(over: socket, on: loop) else { continue }
                let connection = Connection(
                    stream,
                    on: loop,
                    behind: turnstiles[place],
                    configuration: configuration,
                    roster: roster,
                    counters: counters,
                    gate: gate,
                    respond: respond
                )
                let mustDrain = await roster.enter(connection)
                counters.count(counters.acceptedConnections)
                counters.count(counters.openConnections)
                group.addTask { await self.serve(connection, draining: mustDrain) }
                if !mustDrain { await makeRoom(below: limit) }
            }
        }
    }

    /// Under TLS with the certificate of this moment; nil without memory for it.
    private func stream(over socket: Descriptor, on loop: SocketLoop) -> (any ByteStream)? {
        guard let identity = configuration.identity else { return PlainStream(socket, on: loop) }
        return TLSStream(socket, identity.context, on: loop)
    }

    private func serve(_ connection: Connection, draining: Bool) async {
        if draining { await connection.drain() }
        await connection.run()
        await roster.leave(connection)
        counters.count(counters.openConnections, -1)
    }

    /// At the limit nothing is accepted, and those that have been idle longest are asked to go.
    private func makeRoom(below limit: Int) async {
        while await roster.count >= limit && !Task.isCancelled {
            for connection in await roster.longestIdle(max(1, limit / 16)) { await connection.makeRoom() }
            try? await loops[0].sleep(for: .milliseconds(20))
        }
    }

    /// The descriptor limit, less what the rest of the process may need.
    private static var connectionLimit: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        return max(16, Int(min(limit.rlim_cur, 65_536)) - 64)
    }

    private func drainWhenAsked() async {
        for await _ in untilDrained {}
        guard !Task.isCancelled else { return }
        await listener.drain(grace: configuration.deadlines.drainGrace)
        for connection in await roster.drain() { await connection.drain() }
        try? await loops[0].sleep(for: configuration.deadlines.drain)
    }
}
