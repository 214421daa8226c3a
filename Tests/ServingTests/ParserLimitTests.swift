// Chunks, and every limit from both sides.
import Glibc
import HTTPTypes
import Serving
import Testing

@Suite struct `Chunks` {
    private func outcome(_ body: String, limits: ServerLimits = ServerLimits()) -> Outcome {
        Outcome(of: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(body)", limits: limits)
    }

    @Test(arguments: [
        "5\r\nhello\r\n0\r\n\r\n",
        "0005\r\nhello\r\n000\r\n\r\n",
        "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        "5;a\r\nhello\r\n0;b=c;d=\"e \\\" f\"\r\n\r\n",
        "5; a = b ; c\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\nVary: *\r\nContent-Type: text/plain\r\n\r\n",
    ])
    func `are put together`(body: String) {
        #expect(outcome(body).requests.map(\.body) == [Array("hello".utf8)])
    }

    @Test func `have sizes in either case of hexadecimal`() {
        let text = String(repeating: "x", count: 0xAB)
        for size in ["ab", "AB", "aB", "00000000000000ab"] {
            #expect(outcome("\(size)\r\n\(text)\r\n0\r\n\r\n").requests.map(\.body.count) == [0xAB])
        }
    }

    @Test(
        arguments: [
            ("+5\r\nhello\r\n0\r\n\r\n", .chunkSize),
            ("-5\r\nhello\r\n0\r\n\r\n", .chunkSize),
            ("0x5\r\nhello\r\n0\r\n\r\n", .chunkSize),
            ("1_0\r\nhello\r\n0\r\n\r\n", .chunkSize),
            (" 5\r\nhello\r\n0\r\n\r\n", .chunkSize),
            ("5 \r\nhello\r\n0\r\n\r\n", .chunkSize),
            ("5 ;a\r\nhello\r\n0\r\n\r\n", .chunkSize),
            ("\r\nhello\r\n0\r\n\r\n", .chunkSize),
            (";a\r\nhello\r\n0\r\n\r\n", .chunkSize),
            ("00000000000000005\r\nhello\r\n0\r\n\r\n", .chunkSize),
            ("8000000000000000\r\nhello\r\n0\r\n\r\n", .chunkSize),
            ("ffffffffffffffff\r\nhello\r\n0\r\n\r\n", .chunkSize),
            ("10000000000000000\r\nhello\r\n0\r\n\r\n", .chunkSize),
            ("5;\r\nhello\r\n0\r\n\r\n", .chunkExtension),
            ("5;a;\r\nhello\r\n0\r\n\r\n", .chunkExtension),
            ("5;a=\r\nhello\r\n0\r\n\r\n", .chunkExtension),
            ("5;=b\r\nhello\r\n0\r\n\r\n", .chunkExtension),
            ("5;a=\"b\r\nhello\r\n0\r\n\r\n", .chunkExtension),
            ("5;a b\r\nhello\r\n0\r\n\r\n", .chunkExtension),
            ("5;a\u{1}\r\nhello\r\n0\r\n\r\n", .controlByte),
            ("5;a=\"\u{0}\"\r\nhello\r\n0\r\n\r\n", .controlByte),
            ("5\nhello\r\n0\r\n\r\n", .lineEnding),
            ("5;a\nhello\r\n0\r\n\r\n", .lineEnding),
            ("5;a\rb\r\nhello\r\n0\r\n\r\n", .lineEnding),
            ("5\r\nhello\n0\r\n\r\n", .lineEnding),
            ("5\r\nhello0\r\n\r\n", .chunkEnd),
            ("5\r\nhelloo\r\n0\r\n\r\n", .chunkEnd),
            ("0\r\nA : b\r\n\r\n", .headerName),
            ("0\r\nA: b\n\r\n", .lineEnding),
            ("0\r\nA: b\r\n c\r\n\r\n", .foldedHeader),
            ("0\r\nContent-Length: 5\r\n\r\n", .trailer),
            ("0\r\ntransfer-encoding: chunked\r\n\r\n", .trailer),
            ("0\r\nHost: b\r\n\r\n", .trailer),
            ("0\r\nAuthorization: Bearer x\r\n\r\n", .trailer),
        ] as [(String, Refusal.Malformation)]
    )
    func `are refused`(body: String, malformation: Refusal.Malformation) {
        #expect(outcome(body).refusal == .malformed(malformation))
    }

    @Test func `are not taken in HTTP 1_0`() {
        let text = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        #expect(Outcome(of: text).refusal == .malformed(.transferEncoding))
    }

    @Test func `are counted`() {
        let limit = ServerLimits().chunkCount
        let most = String(repeating: "1\r\nx\r\n", count: limit)
        #expect(outcome(most + "0\r\n\r\n").requests.map(\.body.count) == [limit])
        #expect(outcome(most + "1\r\nx\r\n0\r\n\r\n").refusal == .tooManyChunks(limit: limit))
    }

    @Test func `may carry extensions of 1 KiB in all and no more`() {
        let piece = ";" + String(repeating: "e", count: 511)
        let last = ";" + String(repeating: "e", count: 511)
        #expect(outcome("1\(piece)\r\nx\r\n0\(last)\r\n\r\n").requests.count == 1)
        #expect(outcome("1\(piece)\r\nx\r\n0\(last)e\r\n\r\n").refusal == .malformed(.chunkExtension))
        let endless = "1;" + String(repeating: "e", count: 5000)
        #expect(outcome(endless).refusal == .malformed(.chunkExtension))
    }

    @Test func `may carry a body of the limit and no more, whatever they promise`() {
        var limits = ServerLimits()
        limits.bodyBytes = 10
        #expect(outcome("5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n", limits: limits).requests.map(\.body.count) == [10])
        #expect(outcome("5\r\nhello\r\n6\r\n", limits: limits).refusal == .bodyTooLarge(limit: 10))
        #expect(outcome("b\r\n", limits: limits).refusal == .bodyTooLarge(limit: 10))
        #expect(outcome("7fffffffffffffff\r\n", limits: limits).refusal == .bodyTooLarge(limit: 10))
    }
}

@Suite struct `Limits of a head` {
    private let limits = ServerLimits()

    @Test func `let a request line have 8 KiB`() {
        func line(_ count: Int) -> String { "GET /" + String(repeating: "a", count: count - 14) + " HTTP/1.1" }
        for count in [8000, 8192] {
            #expect(Outcome(of: "\(line(count))\r\nHost: a\r\n\r\n").requests.count == 1)
        }
        #expect(Outcome(of: "\(line(8193))\r\nHost: a\r\n\r\n").refusal == .requestLineTooLong(limit: 8192))
        #expect(Outcome(of: String(repeating: "A", count: 100_000)).refusal == .requestLineTooLong(limit: 8192))
    }

    @Test func `let a header line have 8 KiB`() {
        func head(_ count: Int) -> String {
            "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: count - 3))\r\n\r\n"
        }
        #expect(Outcome(of: head(8192)).requests.count == 1)
        #expect(Outcome(of: head(8193)).refusal == .headTooLarge(limit: 8192))
    }

    @Test func `let a head have 16 KiB, line ends and all`() {
        func head(_ count: Int) -> String {
            let start = "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 8189))\r\nY: "
            return start + String(repeating: "b", count: count - start.utf8.count - 4) + "\r\n\r\n"
        }
        #expect(head(16_384).utf8.count == 16_384)
        #expect(Outcome(of: head(16_384)).requests.count == 1)
        #expect(Outcome(of: head(16_385)).refusal == .headTooLarge(limit: 16_384))
    }

    @Test func `let a head have 100 headers, trailers among them`() {
        func head(_ count: Int) -> String {
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" + String(repeating: "a: b\r\n", count: count)
        }
        #expect(Outcome(of: head(98) + "\r\n0\r\n\r\n").requests.count == 1)
        #expect(Outcome(of: head(99) + "\r\n0\r\n\r\n").refusal == .tooManyHeaders(limit: 100))
        #expect(Outcome(of: head(97) + "\r\n0\r\na: b\r\n\r\n").requests.count == 1)
        #expect(Outcome(of: head(98) + "\r\n0\r\na: b\r\n\r\n").refusal == .tooManyHeaders(limit: 100))
    }

    @Test func `stop a flood of headers at once`() {
        var parser = RequestParser()
        let line = Array("a: b\r\n".utf8)
        var events = parser.take(Array("GET / HTTP/1.1\r\n".utf8))
        var lines = 0
        while events.isEmpty {
            events = parser.take(line)
            lines += 1
        }
        #expect(events == [.refusal(.tooManyHeaders(limit: 100))])
        #expect(lines == 101)
    }

    @Test func `let a body have its limit, and refuse one byte more before reading it`() {
        let size = limits.bodyBytes
        var parser = RequestParser()
        let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: "
        #expect(parser.take(Array("\(head)\(size)\r\n\r\n".utf8)).count == 1)
        let bodies = parser.take([UInt8](repeating: 1, count: size)).compactMap { event in
            if case .request(let request) = event { request.body.count } else { nil }
        }
        #expect(bodies == [size])
        #expect(Outcome(of: "\(head)\(size + 1)\r\n\r\n").refusal == .bodyTooLarge(limit: size))
    }

    @Test func `cost time in proportion to the bytes, however small the pieces`() {
        /// Processor time of this thread, the least of three.
        func seconds(_ count: Int) -> Double {
            (0..<3).map { _ in
                var parser = RequestParser()
                let before = threadSeconds()
                _ = parser.take(Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(count)\r\n\r\n".utf8))
                for _ in 0..<count { _ = parser.take([1]) }
                return threadSeconds() - before
            }.min() ?? 0
        }
        _ = seconds(20_000)
        // Eight times the bytes; quadratic work would take 64 times as long.
        #expect(seconds(160_000) < 8 * 3 * seconds(20_000))
    }

    private func threadSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
