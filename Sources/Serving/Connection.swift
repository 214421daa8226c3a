// Carries one connection through its life.
internal import HTTPTypes
internal import Sockets
internal import Synchronization

/// One client's connection; `ConnectionLife` decides, this acts.
actor Connection {
    private let loop: SocketLoop
    private let stream: any ByteStream
    private let deadlines: ServerDeadlines
    private let gzipBytes: Int
    private let gate: Gate
    private let respond: Responder
    private let roster: Roster
    private let turnstile: Turnstile
    private let counters: Counters
    private var life: ConnectionLife
    private var bodies: MemoryShare
    private var answers: MemoryShare
    private var isGone = false
    private var hasTurn = false
    /// Its place in the roster's order since it became idle, 0 while it is busy.
    private nonisolated let idleTicket = Atomic<UInt64>(0)

    /// The stream's own loop, so that no `await` between the two changes the thread.
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    init(
        _ stream: any ByteStream,
        on loop: SocketLoop,
        behind turnstile: Turnstile,
        configuration: ServerConfiguration,
        roster: Roster,
        counters: Counters,
        gate: @escaping Gate,
        respond: @escaping Responder
    ) {
        self.loop = loop
        self.stream = stream
        deadlines = configuration.deadlines
        self.roster = roster
        self.turnstile = turnstile
        self.counters = counters
        self.gate = gate
        self.respond = respond
        bodies = MemoryShare(of: counters.bodyBytes, limit: configuration.bodyMemoryBytes)
        answers = MemoryShare(of: counters.answerBytes, limit: configuration.answerMemoryBytes)
        gzipBytes = configuration.limits.gzipBytes
        life = ConnectionLife(
            limits: configuration.limits,
            deadlines: configuration.deadlines,
            needsHandshake: configuration.identity != nil,
            now: .now
        )
    }

    /// The smaller, the longer it has been idle; nil while it is busy.
    nonisolated var idleOrder: UInt64? {
        let ticket = idleTicket.load(ordering: .relaxed)
        return ticket == 0 ? nil : ticket
    }

    /// From the first byte to the close. A cancelled task cuts the connection off.
    func run() async {
        while true {
            switch life.next(now: .now) {
            case .handshake(let deadline): await handshake(until: deadline)
            case .read(let deadline): await read(until: deadline)
            case .decide(let head):
                await takeTurn()
                await decide(head)
            case .sendContinue: await write(ResponseWriter.continueBytes)
            case .respond(let arrival):
                await takeTurn()
                await answer(arrival)
            case .finish: await stream.finish()
            case .close: return await close()
            }
        }
    }

    /// Closes when what has arrived is answered.
    func drain() async {
        life.drain(now: .now)
        await stream.interrupt()
    }

    /// Closes when idle, for the sake of others.
    func makeRoom() async {
        life.makeRoom()
        await stream.interrupt()
    }

    private func takeTurn() async {
        guard life.isPipelined, !hasTurn else { return }
        await turnstile.enter()
        hasTurn = true
    }

    private func leaveTurn() {
        guard hasTurn else { return }
        hasTurn = false
        turnstile.leave()
    }

    private func close() async {
        leaveTurn()
        if !life.isSecured { counters.count(counters.failedHandshakes) }
        _ = bodies.hold(0)
        if life.isLost { await stream.abort() } else { await stream.close() }
    }

    private func handshake(until deadline: Instant) async {
        do throws(SocketError) {
            try await stream.handshake(until: deadline)
            return life.secured(now: .now)
        } catch {
            switch error {
            case .interrupted: return
            case .timedOut: life.timedOut(now: .now)
            default: life.lost()
            }
        }
    }

    /// Asks at the gate, and whether there is room, before the body of a request is read.
    private func decide(_ head: RequestHead) async {
        guard let response = await refusal(of: head) else {
            // Its body may take its time.
            leaveTurn()
            return life.letIn()
        }
        counters.count(counters.turnedAway)
        life.turnAway()
        await send(response)
    }

    private func refusal(of head: RequestHead) async -> Response? {
        if let response = gate(head) { return response }
        guard case .length(let length) = head.framing, !bodies.hasRoom(for: length) else { return nil }
        return await respond(.refusal(.crowded, of: head.request()))
    }

    private func read(until deadline: Instant) async {
        guard bodies.hold(life.bodyMemory) else { return life.crowdOut() }
        if life.isIdle { idleTicket.store(roster.nextInOrder(), ordering: .relaxed) }
        defer { idleTicket.store(0, ordering: .relaxed) }
        do throws(SocketError) {
            take(try await stream.read(atMost: Self.readBytes, until: deadline))
        } catch {
            switch error {
            case .timedOut: life.timedOut(now: .now)
            case .interrupted: break
            default: life.lost()
            }
        }
    }

    /// One read of the socket; a body of the largest size takes 128 of them.
    private static let readBytes = 64 * 1024

    private func take(_ bytes: [UInt8]) {
        counters.count(counters.bytesReceived, bytes.count)
        if bytes.isEmpty { life.peerFinished() } else { life.received(bytes, now: .now) }
    }

    private func answer(_ arrival: Arrival) async {
        let response: Response
        switch arrival {
        case .refusal:
            counters.count(counters.refusals)
            response = await respond(arrival)
        case .request(let request):
            counters.count(counters.requests)
            let answer = bodies.hold(request.body.count) ? await respondWhileWatching(request) : nil
            response = await kept(answer, of: request)
        }
        _ = bodies.hold(0)
        await send(consume response)
        _ = answers.hold(0)
    }

    /// The answer as long as there is memory for it while its reader takes its time: eighty bytes can ask for megabytes.
    ///
    /// What is small the kernel takes at once; what is larger than all that there is has it for itself.
    private func kept(_ response: Response?, of request: Request) async -> Response {
        if let response {
            let size = response.body.count
            if size <= Self.smallBytes || answers.hold(min(size, answers.limit)) { return response }
        }
        return await respond(.refusal(.crowded, of: request))
    }

    /// An answer that is never refused for want of memory.
    private static let smallBytes = 64 * 1024

    private func send(_ response: consuming Response) async {
        // It may have to wait for its reader.
        leaveTurn()
        let bytes = life.answered(consume response, date: HTTPDate.now())
        await write(bytes)
        guard !life.isLost else { return countAsGone() }
        life.written(now: .now)
        counters.count(counters.responses)
    }

    private func countAsGone() {
        guard !isGone else { return }
        isGone = true
        counters.count(counters.clientsGone)
    }

    private func write(_ bytes: [UInt8]) async {
        do throws(SocketError) {
            let deadline = Instant.now + deadlines.write(of: bytes.count)
            try await stream.write(bytes, stall: deadlines.writeStall, until: deadline)
            counters.count(counters.bytesSent, bytes.count)
        } catch {
            life.lost()
        }
    }

    private enum Happening: Sendable {
        case answered(Response)
        case callerLeft
        /// It keeps others from their turn.
        case turnIsOver
        /// The watch ended because the answer is there.
        case stopped
    }

    /// The handler's answer; the handler is cancelled as soon as there is nobody to hear it.
    private func respondWhileWatching(_ request: Request) async -> Response {
        await withTaskGroup(of: Happening.self) { group in
            let (respond, gzipBytes) = (respond, gzipBytes)
            group.addTask { .answered(await respond(.request(request)).packed(for: request, from: gzipBytes)) }
            group.addTask { await self.watch() }
            if hasTurn {
                group.addTask { [loop, deadlines] in
                    do { try await loop.sleep(for: deadlines.turn) } catch { return .stopped }
                    return .turnIsOver
                }
            }
            var response = Response(status: .internalServerError)
            for await happening in group {
                switch happening {
                case .turnIsOver:
                    leaveTurn()
                    continue
                case .answered(let answer): response = answer
                case .callerLeft: countAsGone()
                case .stopped: break
                }
                group.cancelAll()
            }
            return response
        }
    }

    /// Reads ahead while a request is answered, until the caller leaves or the answer is there.
    private func watch() async -> Happening {
        while !life.isLost {
            do throws(SocketError) {
                if life.hasPeerFinished { return await graceIsOver() ? .callerLeft : .stopped }
                guard life.room > 0 else {
                    let hangUp = try await stream.waitForHangUp()
                    guard hangUp == .finished else { throw SocketError.lost(code: 0) }
                    return await graceIsOver() ? .callerLeft : .stopped
                }
                take(try await stream.read(atMost: min(life.room, Self.readBytes), until: nil))
            } catch {
                switch error {
                case .cancelled, .closed: return .stopped
                case .interrupted, .timedOut: continue
                default: life.lost()
                }
            }
        }
        return .callerLeft
    }

    /// A client that ended its sending side may be waiting all the same: what is quick still reaches it.
    private func graceIsOver() async -> Bool {
        do { try await loop.sleep(for: deadlines.callerGrace) } catch { return false }
        return true
    }
}
