// Decides what a connection does next; does nothing itself.
internal import HTTPTypes
package import Sockets

/// The life of one connection: a handshake, requests in order, deadlines, keep-alive, half-closes, draining, the last goodbye.
///
/// A pure value with the time handed in. Its owner asks `next`, does what it says, tells what came of it, and asks again.
package struct ConnectionLife: Sendable {
    package enum Action: Sendable, Equatable {
        /// Let the stream agree with the client on keys, and tell `secured`, `timedOut` or `lost`.
        case handshake(until: Instant)
        /// Read, and tell `received`, `peerFinished`, `timedOut` or `lost`.
        case read(until: Instant)
        /// Decide by the head whether the body is to come, and tell `letIn` or `turnAway`.
        case decide(RequestHead)
        /// Write `100 Continue`.
        case sendContinue
        /// Answer, write what `answered` gives, and tell `written`.
        case respond(to: Arrival)
        /// Say that nothing more is written.
        case finish
        case close
    }

    private enum Phase {
        case securing
        case receiving
        case deciding
        case answering(Exchange)
        case finishing
        case lingering(until: Instant, budget: Int)
        case closed
    }

    /// What is known of a request while it is answered.
    private struct Exchange {
        var isHead = false
        var isOld = false
        /// Whether the client lets the connection go on.
        var keepsAlive = false
        var closes = false
    }

    private let limits: ServerLimits
    private let deadlines: ServerDeadlines
    private var parser: RequestParser
    private var phase: Phase
    private var head: RequestHead?
    private var requests = 0
    /// The client holds the body back until it is asked for it.
    private var isAwaited = false
    /// There is no memory for the rest of the body under way.
    private var isCrowdedOut = false
    /// The body under way is of a request that has had its answer.
    private var isDiscarding = false

    /// When the present part of the present message began.
    private var idleSince: Instant
    private var headSince: Instant
    private var bodySince: Instant
    private var bodyBytes = 0
    private var drainingSince: Instant?
    /// The connection is wanted for another client: it ends as soon as it is idle.
    private var isUnwanted = false

    /// Something of the next request had come before the last one was answered.
    package private(set) var isPipelined = false
    /// The client has ended its sending side.
    package private(set) var hasPeerFinished = false
    /// The connection broke.
    package private(set) var isLost = false
    /// The handshake is done, or none is needed.
    package private(set) var isSecured: Bool

    /// - Parameter needsHandshake: whether the stream has to agree on keys before the first request.
    package init(limits: ServerLimits, deadlines: ServerDeadlines, needsHandshake: Bool = false, now: Instant) {
        self.limits = limits
        self.deadlines = deadlines
        phase = needsHandshake ? .securing : .receiving
        isSecured = !needsHandshake
        parser = RequestParser(limits: limits)
        idleSince = now
        headSince = now
        bodySince = now
    }

    /// Whether nothing of a next request has come.
    package var isIdle: Bool {
        if case .receiving = phase { parser.progress == .nothing } else { false }
    }

    /// What is held of the body under way.
    package var bodyMemory: Int { parser.bodyBytes }

    /// How much more may be read while a request is being answered.
    package var room: Int { max(0, limits.readAheadBytes - parser.unread) }

    package mutating func next(now: Instant) -> Action {
        switch phase {
        case .securing: return now < handshakeDeadline ? .handshake(until: handshakeDeadline) : .close
        case .receiving: return receive(now)
        case .deciding, .answering, .closed: return .close
        case .finishing:
            phase = .lingering(until: now + deadlines.linger, budget: limits.lingerBytes)
            return .finish
        case .lingering(let until, let budget):
            return now < until && budget > 0 && !hasPeerFinished ? .read(until: until) : .close
        }
    }

    private mutating func receive(_ now: Instant) -> Action {
        if isCrowdedOut { return refuse(.crowded) }
        if isAwaited {
            isAwaited = false
            return .sendContinue
        }
        while let event = parser.next() {
            switch event {
            case .head(let head):
                self.head = head
                bodySince = now
                bodyBytes = 0
                // Without a body there is nothing to decide: the request is here.
                guard head.framing != .length(0) else { continue }
                phase = .deciding
                return .decide(head)
            case .request where isDiscarding:
                isDiscarding = false
                isPipelined = parser.unread > 0
                idleSince = now
                headSince = now
            case .request(let request):
                requests += 1
                return respond(to: .request(request))
            case .refusal(let refusal):
                return refuse(refusal)
            }
        }
        if hasPeerFinished {
            guard let refusal = parser.finish(), !isDiscarding else { return .close }
            return refuse(refusal)
        }
        let deadline = deadline
        switch parser.progress {
        // The last look at the socket comes first: what arrived in the moment of the deadline is served.
        case .nothing: return .read(until: deadline)
        case .head: return now < deadline ? .read(until: deadline) : refuse(.timedOut(.head))
        case .body:
            guard now >= deadline else { return .read(until: deadline) }
            // Its sender has had an answer.
            return isDiscarding ? .close : refuse(.timedOut(.body))
        }
    }

    /// The body that was decided about may come.
    package mutating func letIn() {
        guard case .deciding = phase else { return }
        // RFC 9110 10.1.1: a body that is already on its way was not held back.
        isAwaited = head?.expectsContinue == true && parser.unread == 0 && !hasPeerFinished
        phase = .receiving
    }

    /// The request that was decided about is answered without its body. A small one is thrown away as it comes, and the
    /// connection goes on; behind a large one, or where nobody knows whether it will come, the connection ends.
    package mutating func turnAway() {
        guard case .deciding = phase, let head else { return }
        if case .length(let length) = head.framing, length <= limits.discardBytes, !head.expectsContinue {
            isDiscarding = true
            parser.discardBody()
        }
        requests += 1
        phase = .answering(
            Exchange(isHead: head.method == .head, isOld: head.isOld, keepsAlive: head.keepsAlive && isDiscarding)
        )
        self.head = nil
    }

    /// There is no memory for more of the body under way: its request is refused, and what has come of it let go.
    package mutating func crowdOut() {
        parser.discardBody()
        isCrowdedOut = true
    }

    private mutating func refuse(_ refusal: Refusal) -> Action { respond(to: .refusal(refusal, of: parser.understood)) }

    private mutating func respond(to arrival: Arrival) -> Action {
        var exchange = Exchange(isHead: parser.isHead)
        if case .request = arrival, let head {
            exchange = Exchange(isHead: head.method == .head, isOld: head.isOld, keepsAlive: head.keepsAlive)
        }
        head = nil
        phase = .answering(exchange)
        return .respond(to: arrival)
    }

    private var handshakeDeadline: Instant {
        let last = idleSince + deadlines.handshake
        return drainingSince.map { min(last, max($0, idleSince) + deadlines.drainGrace) } ?? last
    }

    private var deadline: Instant {
        switch parser.progress {
        case .nothing:
            let idle = idleSince + (isUnwanted ? .zero : deadlines.idle)
            return drainingSince.map { min(idle, max($0, idleSince) + deadlines.drainGrace) } ?? idle
        case .head:
            return headSince + deadlines.head
        case .body:
            let earned = Duration.seconds(bodyBytes) / max(1, deadlines.bodyBytesPerSecond)
            return bodySince + min(deadlines.body, deadlines.bodyGrace + earned)
        }
    }

    /// The handshake is done: the first request is awaited.
    package mutating func secured(now: Instant) {
        guard case .securing = phase else { return }
        idleSince = now
        isSecured = true
        phase = .receiving
    }

    package mutating func received(_ bytes: [UInt8], now: Instant) {
        switch phase {
        case .receiving:
            switch parser.progress {
            case .nothing: headSince = now
            case .head: break
            case .body: bodyBytes += bytes.count
            }
            parser.append(bytes)
        case .answering: parser.append(bytes)
        case .lingering(let until, let budget): phase = .lingering(until: until, budget: budget - bytes.count)
        case .securing, .deciding, .finishing, .closed: break
        }
    }

    /// The client sends nothing more; what it has sent is still answered.
    package mutating func peerFinished() { hasPeerFinished = true }

    /// A handshake came to its deadline, or a read without a byte.
    package mutating func timedOut(now: Instant) {
        switch phase {
        case .securing: if now >= handshakeDeadline { phase = .closed }
        default: if isIdle && now >= deadline { phase = .closed }
        }
    }

    /// Reading or writing is no longer possible.
    package mutating func lost() {
        isLost = true
        phase = .closed
    }

    /// Closes soon, but not before everything that has arrived is answered.
    package mutating func drain(now: Instant) { drainingSince = drainingSince ?? now }

    /// Closes as soon as nothing is asked of it.
    package mutating func makeRoom() { isUnwanted = true }

    /// The bytes of `response`, the answer to the present arrival.
    package mutating func answered(_ response: Response, date: [UInt8]) -> [UInt8] {
        guard case .answering(var exchange) = phase else { return [] }
        let options = response.headers[values: .connection].joined(separator: ",").utf8.split(separator: 0x2C)
        let isLast = (drainingSince != nil || hasPeerFinished || isUnwanted) && parser.unread == 0
        exchange.closes =
            !exchange.keepsAlive || isLast || requests >= limits.requestsPerConnection
            || options.contains { Array($0)[...].trimmed.equals(ignoringCase: "close") }
        phase = .answering(exchange)
        let goesOn: ResponseWriter.Connection = exchange.isOld ? .keepsAlive : .goesOn
        return ResponseWriter.bytes(
            of: response,
            to: exchange.isHead,
            connection: exchange.closes ? .closes : goesOn,
            date: date
        )
    }

    /// The response is out: on to the next request, or to the end.
    package mutating func written(now: Instant) {
        guard case .answering(let exchange) = phase else { return }
        isPipelined = parser.unread > 0
        idleSince = now
        headSince = now
        phase = exchange.closes ? .finishing : .receiving
    }
}
