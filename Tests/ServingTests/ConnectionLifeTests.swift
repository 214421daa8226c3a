// What a connection decides, with a clock of its own.
import HTTPTypes
import Serving
import Sockets
import Testing

@Suite struct `The life of a connection` {
    private let start = Instant.now
    private let ok = Response(status: .ok, body: Array("hi".utf8))

    private func life(_ change: (inout ServerLimits, inout ServerDeadlines) -> Void = { _, _ in }) -> ConnectionLife {
        var limits = ServerLimits()
        var deadlines = ServerDeadlines()
        change(&limits, &deadlines)
        return ConnectionLife(limits: limits, deadlines: deadlines, now: start)
    }

    private func get(_ path: String = "/", _ headers: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: a\r\n\(headers)\r\n"
    }

    @Test func `goes round from request to request`() {
        var life = life()
        for round in 0..<3 {
            let now = start + .seconds(round)
            // The last answer went out a second ago.
            #expect(life.next(now: now) == .read(until: start + .seconds(max(0, round - 1) + 75)))
            life.receive(get("/\(round)"), now: now)
            #expect(life.next(now: now).path == "/\(round)")
            #expect(life.answer(ok, now: now).hasPrefix("HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 2\r\n\r\nhi"))
        }
    }

    @Test func `begins with a handshake where the stream needs one`() {
        func life() -> ConnectionLife {
            ConnectionLife(limits: ServerLimits(), deadlines: ServerDeadlines(), needsHandshake: true, now: start)
        }
        var secured = life()
        #expect(secured.next(now: start) == .handshake(until: start + .seconds(10)))
        #expect(!secured.isIdle)
        secured.secured(now: start + .seconds(9))
        #expect(secured.next(now: start + .seconds(9)) == .read(until: start + .seconds(84)))

        var slow = life()
        slow.timedOut(now: start + .seconds(10))
        #expect(slow.next(now: start + .seconds(10)) == .close)

        // A drain does not wait long for it.
        var draining = life()
        draining.drain(now: start + .seconds(1))
        #expect(draining.next(now: start + .seconds(1)) == .handshake(until: start + .milliseconds(1500)))
        draining.secured(now: start + .milliseconds(1400))
        #expect(draining.next(now: start + .milliseconds(1400)) == .read(until: start + .milliseconds(1900)))

        var broken = life()
        broken.lost()
        #expect(broken.next(now: start) == .close && broken.isLost)
    }

    @Test func `answers pipelined requests in their order and waits in between`() {
        var life = life()
        life.receive(get("/1") + get("/2") + get("/3"), now: start)
        for path in ["/1", "/2", "/3"] {
            #expect(life.next(now: start).path == path)
            _ = life.answer(ok, now: start)
        }
        #expect(life.next(now: start) == .read(until: start + .seconds(75)))
    }

    @Test func `answers a refusal, says nothing more, and reads what is left to throw it away`() {
        var life = life()
        life.receive("GET / HTTP/1.1\r\n\r\n" + get("/evil"), now: start)
        #expect(life.next(now: start).refusal == .malformed(.host))
        #expect(life.answer(Response(status: .badRequest), now: start).contains("Connection: close\r\n"))
        #expect(life.next(now: start) == .finish)
        #expect(life.next(now: start) == .read(until: start + .seconds(2)))
        life.receive(get("/evil"), now: start)
        #expect(life.next(now: start) == .read(until: start + .seconds(2)))
        life.peerFinished()
        #expect(life.next(now: start) == .close)
    }

    @Test func `lingers for a bounded time and a bounded number of bytes`() {
        for (bytes, seconds) in [(100, 0), (0, 2)] {
            var life = life { limits, _ in limits.lingerBytes = 100 }
            life.receive("?\n", now: start)
            _ = life.next(now: start)
            _ = life.answer(Response(status: .badRequest), now: start)
            #expect(life.next(now: start) == .finish)
            life.receive(String(repeating: "x", count: 99), now: start)
            #expect(life.next(now: start + .seconds(1)) == .read(until: start + .seconds(2)))
            life.receive(String(repeating: "x", count: bytes), now: start)
            #expect(life.next(now: start + .seconds(seconds)) == .close)
        }
    }

    @Test(
        arguments: [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", nil, true),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", nil, true),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n", "close", false),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, keep-alive , close\r\n\r\n", "close", false),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n\r\n", "close", false),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", nil, true),
            ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", nil, true),
            ("GET / HTTP/1.0\r\n\r\n", "close", false),
            ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "keep-alive", true),
            ("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", "close", false),
        ] as [(String, String?, Bool)]
    )
    func `keeps the connection as both sides wish`(request: String, header: String?, goesOn: Bool) throws {
        var life = life()
        life.receive(request, now: start)
        _ = life.next(now: start)
        let answers = try Answer.all(in: Array(life.answer(ok, now: start).utf8))
        #expect(answers.map { $0.headers["connection"] } == [header])
        #expect((life.next(now: start) == .finish) == !goesOn)
    }

    @Test func `closes where the handler wants it`() {
        var life = life()
        life.receive(get(), now: start)
        _ = life.next(now: start)
        var response = ok
        response.headers[.connection] = "x, Close"
        #expect(life.answer(response, now: start).contains("\r\nConnection: close\r\n"))
        #expect(life.next(now: start) == .finish)
    }

    @Test func `ends after its last request`() {
        var life = life { limits, _ in limits.requestsPerConnection = 3 }
        life.receive(String(repeating: get(), count: 5), now: start)
        for number in 1...3 {
            #expect(life.next(now: start).path == "/")
            #expect(life.answer(ok, now: start).contains("Connection: close") == (number == 3))
        }
        #expect(life.next(now: start) == .finish)
    }

    @Test func `asks for a body only after a good head, once, and only if it is still to come`() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n"
        var waiting = life()
        waiting.receive(head + "Content-Length: 2\r\n\r\n", now: start)
        #expect(waiting.step(now: start) == .sendContinue)
        #expect(waiting.next(now: start) == .read(until: start + .seconds(10)))
        waiting.receive("hi", now: start)
        #expect(waiting.next(now: start).path == "/")

        for (rest, path) in [("Content-Length: 2\r\n\r\nh", nil), ("Content-Length: 0\r\n\r\n", "/"), ("\r\n", "/")] {
            var life = life()
            life.receive(head + rest, now: start)
            let action = life.step(now: start)
            #expect(action != .sendContinue && action.path == path)
        }
        var large = life()
        large.receive(head + "Content-Length: 8388609\r\n\r\n", now: start)
        #expect(large.next(now: start).refusal == .bodyTooLarge(limit: 8_388_608))
        var old = life()
        old.receive("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", now: start)
        #expect(old.step(now: start) == .read(until: start + .seconds(10)))
    }

    @Test func `has an absolute deadline for a head`() {
        var life = life()
        let begun = start + .seconds(20)
        life.receive("G", now: begun)
        #expect(life.next(now: begun) == .read(until: begun + .seconds(5)))
        life.receive("E", now: begun + .seconds(4))
        #expect(life.next(now: begun + .seconds(4)) == .read(until: begun + .seconds(5)))
        life.timedOut(now: begun + .seconds(5))
        #expect(life.next(now: begun + .seconds(5)) == .respond(to: .refusal(.timedOut(.head), of: nil)))
    }

    @Test func `has a least rate and an absolute deadline for a body`() {
        var life = life()
        life.receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n", now: start)
        #expect(life.step(now: start) == .read(until: start + .seconds(10)))
        life.receive(String(repeating: "x", count: 8192), now: start)
        #expect(life.next(now: start) == .read(until: start + .seconds(12)))
        life.receive(String(repeating: "x", count: 800_000), now: start)
        #expect(life.next(now: start + .seconds(29)) == .read(until: start + .seconds(30)))
        if case .respond(to: .refusal(.timedOut(.body), of: let request?)) = life.next(now: start + .seconds(30)) {
            #expect(request.method == .post && request.path == "/" && request.body.isEmpty)
        } else {
            Issue.record("it goes on, or nobody knows whose body it was")
        }
    }

    @Test(arguments: [
        ("Content-Length: 8388609", Refusal.bodyTooLarge(limit: 8_388_608)),
        ("Content-Length: 2\r\nContent-Encoding: br", .unknownContentCoding),
        ("Transfer-Encoding: deflate", .unknownTransferCoding), ("Expect: miracles", .unknownExpectation),
        ("Content-Length: x", .malformed(.contentLength)), ("Host: b", .malformed(.host)),
    ])
    func `tells whose request it refuses by a head that came to its end`(line: String, refusal: Refusal) throws {
        let name = try #require(HTTPField.Name("X-Request-Id"))
        let second = "POST /two?x HTTP/1.1\r\nHost: a\r\n\(line)\r\nX-Request-Id: 2\r\n\r\n"
        // The request before it has nothing to do with it.
        var life = life()
        life.receive(get("/one", "X-Request-Id: 1\r\n") + second, now: start)
        #expect(life.next(now: start).path == "/one")
        _ = life.answer(ok, now: start)
        guard case .respond(to: .refusal(refusal, of: let request?)) = life.next(now: start) else {
            Issue.record("it goes on, or nobody knows whose it was")
            return
        }
        #expect(request.method == .post && request.path == "/two" && request.query == "x" && request.body.isEmpty)
        #expect(request.headers[name] == "2")
    }

    @Test func `knows nobody by a head that did not come to its end`() {
        var life = life()
        life.receive(get("/", "X-Request-Id: 1\r\nno name\r\n"), now: start)
        #expect(life.next(now: start) == .respond(to: .refusal(.malformed(.headerName), of: nil)))
    }

    @Test func `gives each pipelined head its own time`() {
        var life = life()
        life.receive(get() + "GET /slow", now: start)
        #expect(life.next(now: start).path == "/")
        let later = start + .seconds(60)
        _ = life.answer(ok, now: later)
        #expect(life.next(now: later) == .read(until: later + .seconds(5)))
    }

    @Test func `closes an idle connection, but not before a last look`() {
        var life = life()
        #expect(life.next(now: start + .seconds(80)) == .read(until: start + .seconds(75)))
        life.timedOut(now: start + .seconds(80))
        #expect(life.next(now: start + .seconds(80)) == .close)
    }

    @Test func `answers what a client sent before it ended its sending side`() {
        var life = life()
        life.receive(get("/1") + get("/2"), now: start)
        life.peerFinished()
        #expect(life.next(now: start).path == "/1")
        #expect(!life.answer(ok, now: start).contains("Connection: close"))
        #expect(life.next(now: start).path == "/2")
        #expect(life.answer(ok, now: start).contains("Connection: close"))
        #expect(life.next(now: start) == .finish)
        #expect(life.next(now: start) == .close)
    }

    @Test func `refuses what a client left unfinished`() {
        var life = life()
        life.receive("GET / HTTP/1.1\r\nHo", now: start)
        _ = life.next(now: start)
        life.peerFinished()
        #expect(life.next(now: start) == .respond(to: .refusal(.malformed(.truncated), of: nil)))
    }

    @Test func `reads ahead within its bounds`() {
        var life = life { limits, _ in limits.readAheadBytes = 100 }
        life.receive(get(), now: start)
        _ = life.next(now: start)
        #expect(life.room == 100)
        life.receive(String(repeating: "x", count: 100), now: start)
        #expect(life.room == 0)
    }

    @Test func `drains: serves what comes in time and says goodbye`() {
        var life = life()
        life.drain(now: start)
        #expect(life.next(now: start) == .read(until: start + .milliseconds(500)))
        life.receive(get("/1") + get("/2"), now: start)
        #expect(life.next(now: start).path == "/1")
        // The second is here already, so it is answered too.
        #expect(!life.answer(ok, now: start).contains("Connection: close"))
        #expect(life.next(now: start).path == "/2")
        #expect(life.answer(ok, now: start).contains("Connection: close"))
        #expect(life.next(now: start) == .finish)
    }

    @Test func `drains: an idle one ends after its grace, a busy one when it has answered`() {
        var idle = life()
        idle.drain(now: start + .seconds(10))
        let end = start + .seconds(10) + .milliseconds(500)
        #expect(idle.next(now: start + .seconds(10)) == .read(until: end))
        idle.timedOut(now: end)
        #expect(idle.next(now: end) == .close)

        var busy = life()
        busy.receive(get(), now: start)
        _ = busy.next(now: start)
        busy.drain(now: start)
        #expect(busy.answer(ok, now: start + .seconds(9)).contains("Connection: close"))
    }

    @Test func `makes room when it is idle and not before`() {
        var idle = life()
        idle.makeRoom()
        idle.timedOut(now: start)
        #expect(idle.next(now: start) == .close)
        var busy = life()
        busy.receive(get(), now: start)
        _ = busy.next(now: start)
        busy.makeRoom()
        #expect(busy.answer(ok, now: start).contains("Connection: close"))
    }

    @Test func `is over when the connection broke`() {
        var life = life()
        life.receive(get(), now: start)
        _ = life.next(now: start)
        life.lost()
        #expect(life.answer(ok, now: start).isEmpty)
        #expect(life.next(now: start) == .close)
    }
}

@Suite struct `A response on the wire` {
    private let now = Instant.now

    private func bytes(of response: Response, to request: String = "GET") -> String {
        var life = ConnectionLife(limits: ServerLimits(), deadlines: ServerDeadlines(), now: now)
        life.receive("\(request) / HTTP/1.1\r\nHost: a\r\n\r\n", now: now)
        _ = life.next(now: now)
        return life.answer(response, now: now)
    }

    @Test func `has no body for HEAD, but its length`() {
        let response = Response(status: .ok, body: Array("hello".utf8))
        #expect(bytes(of: response, to: "HEAD").hasSuffix("Content-Length: 5\r\n\r\n"))
        #expect(bytes(of: response).hasSuffix("Content-Length: 5\r\n\r\nhello"))
    }

    @Test func `has no body for HEAD that is refused`() {
        var life = ConnectionLife(limits: ServerLimits(), deadlines: ServerDeadlines(), now: now)
        life.receive("HEAD / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", now: now)
        #expect(life.next(now: now).refusal == .malformed(.host))
        let answer = life.answer(Response(status: .badRequest, body: Array("no".utf8)), now: now)
        #expect(answer.hasSuffix("Content-Length: 2\r\n\r\n"))
    }

    @Test(arguments: [204, 304])
    func `has neither body nor length where there is none`(code: Int) {
        let text = bytes(of: Response(status: .init(code: code), body: Array("hello".utf8)))
        #expect(text == "HTTP/1.1 \(code) \r\nDate: now\r\n\r\n")
    }

    @Test(arguments: [100, 101, 0])
    func `is never an interim one`(code: Int) {
        let text = bytes(of: Response(status: .init(code: code)))
        #expect(text.hasPrefix("HTTP/1.1 500 Internal Server Error\r\n"))
    }

    @Test func `keeps its own headers to itself`() throws {
        var response = Response(status: .ok, body: [1])
        for name in ["Content-Length", "Transfer-Encoding", "Date", "Keep-Alive", "X-Mine"] {
            response.headers.append(HTTPField(name: try #require(HTTPField.Name(name)), value: "mine"))
        }
        #expect(bytes(of: response).components == ["Date: now", "X-Mine: mine", "Content-Length: 1"])
    }

    @Test(arguments: ["a\r\nX-Evil: b", "a\nX-Evil: b", "a\rX-Evil: b", "a\u{0}b"])
    func `cannot be split by a value`(value: String) throws {
        var response = Response(status: .init(code: 200, reasonPhrase: value))
        response.headers.append(HTTPField(name: try #require(HTTPField.Name("X-Request-Id")), value: value))
        let text = bytes(of: response)
        #expect(!text.utf8.contains(0))
        #expect(!text.components.contains { $0.hasPrefix("X-Evil") })
        #expect(text.components.count == 3)
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 GMT"),
    ])
    func `is dated`(second: Int, text: String) {
        #expect(String(decoding: HTTPDate.text(of: second), as: UTF8.self) == text)
    }
}

extension ConnectionLife {
    mutating func receive(_ text: String, now: Instant) { received(Array(text.utf8), now: now) }

    /// What comes next where every body is let in.
    mutating func step(now: Instant) -> Action {
        let action = next(now: now)
        guard case .decide = action else { return action }
        letIn()
        return next(now: now)
    }

    /// Answers and writes at once.
    mutating func answer(_ response: Response, now: Instant) -> String {
        let bytes = answered(response, date: Array("now".utf8))
        written(now: now)
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension ConnectionLife.Action {
    /// Of a request that is to be answered.
    var path: String? {
        if case .respond(.request(let request)) = self { request.path } else { nil }
    }

    /// Why nothing is handed on.
    var refusal: Refusal? {
        if case .respond(.refusal(let refusal, of: _)) = self { refusal } else { nil }
    }
}

extension String {
    /// The header lines of a response.
    fileprivate var components: [String] {
        guard let end = Array(utf8).firstRange(of: Array("\r\n\r\n".utf8)) else { return [] }
        return String(decoding: utf8.prefix(end), as: UTF8.self).split(separator: "\r\n").dropFirst().map(String.init)
    }
}
