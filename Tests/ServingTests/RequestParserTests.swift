// The refusal table, row by row, with what stands beside each.
import Fixtures
import HTTPTypes
import Serving
import Testing

@Suite struct `A request parser` {
    @Test(
        arguments: [
            // Lengths.
            ("Content-Length: 5\r\nTransfer-Encoding: chunked", .malformed(.twoLengths)),
            ("Content-Length: 5\r\nContent-Length: 5", .malformed(.contentLength)),
            ("Content-Length: 5, 5", .malformed(.contentLength)),
            ("Content-Length: +5", .malformed(.contentLength)),
            ("Content-Length: -5", .malformed(.contentLength)),
            ("Content-Length: 5 5", .malformed(.contentLength)),
            ("Content-Length: 0x5", .malformed(.contentLength)),
            ("Content-Length: 5a", .malformed(.contentLength)),
            ("Content-Length: 1_0", .malformed(.contentLength)),
            ("Content-Length:", .malformed(.contentLength)),
            ("Content-Length: 00000000000000000005", .malformed(.contentLength)),
            ("Content-Length: 9223372036854775808", .malformed(.contentLength)),
            ("Content-Length: 18446744073709551616", .malformed(.contentLength)),
            ("Content-Length: 9223372036854775807", .bodyTooLarge(limit: 8_388_608)),
            // Transfer codings.
            ("Transfer-Encoding: gzip, chunked", .malformed(.transferEncoding)),
            ("Transfer-Encoding: chunked, chunked", .malformed(.transferEncoding)),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .malformed(.transferEncoding)),
            ("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", .malformed(.transferEncoding)),
            ("Transfer-Encoding: chunked;q=1", .malformed(.transferEncoding)),
            ("Transfer-Encoding: \"chunked\"", .malformed(.transferEncoding)),
            ("Transfer-Encoding:", .malformed(.transferEncoding)),
            ("Transfer_Encoding: gzip\r\nTransfer-Encoding: chunked", .malformed(.transferEncoding)),
            ("Transfer-Encoding: gzip", .unknownTransferCoding),
            ("Transfer-Encoding: xchunked", .unknownTransferCoding),
            // Bytes and lines.
            ("A: b\nC: d", .malformed(.lineEnding)),
            ("A: b\rC: d", .malformed(.lineEnding)),
            ("A: b\u{0}", .malformed(.controlByte)),
            ("A: b\u{1}", .malformed(.controlByte)),
            ("A: b\u{7F}", .malformed(.controlByte)),
            ("A: b\r\n c", .malformed(.foldedHeader)),
            ("A: b\r\n\tc", .malformed(.foldedHeader)),
            (" A: b", .malformed(.foldedHeader)),
            ("A : b", .malformed(.headerName)),
            ("A\t: b", .malformed(.headerName)),
            (": b", .malformed(.headerName)),
            ("A", .malformed(.headerName)),
            ("A(: b", .malformed(.headerName)),
            ("Ä: b", .malformed(.headerName)),
            // Others.
            ("Content-Type: a\r\nContent-Type: a", .malformed(.repeatedContentType)),
            ("Expect: 200-ok", .unknownExpectation),
            ("Expect: 100-continue, 100-continue", .unknownExpectation),
            ("Expect:", .unknownExpectation),
        ] as [(String, Refusal)]
    )
    func `refuses a header`(header: String, refusal: Refusal) {
        #expect(Outcome(of: "POST / HTTP/1.1\r\nHost: a\r\n\(header)\r\n\r\nhello").refusal == refusal)
    }

    @Test(arguments: [
        "", "a,b", "a, b", "u@a", "u:p@a", "a/b", "a b", "a:b", "a:-1", "a:123456", ":80", "[::1", "::1", "[]", "[x]",
        "a%", "a%4", "a%zz", "a?", "a#", "a\\b", "\"a\"", "<a>", "[::1]a",
    ])
    func `refuses a Host`(host: String) {
        #expect(Outcome(of: "GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n").refusal == .malformed(.host))
        #expect(Outcome(of: "GET / HTTP/1.0\r\nHost: \(host)\r\n\r\n").refusal == .malformed(.host))
    }

    @Test(arguments: [
        "a", "A.b-c_d~e", "127.0.0.1", "127.0.0.1:8080", "a:", "[::1]", "[::1]:80", "[::ffff:1.2.3.4]:80", "a%20b",
        "a=b;c", "a:65535",
    ])
    func `takes a Host`(host: String) {
        #expect(Outcome(of: "GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n").requests.count == 1)
    }

    @Test func `wants exactly one Host in HTTP 1_1 and at most one in HTTP 1_0`() {
        #expect(Outcome(of: "GET / HTTP/1.1\r\n\r\n").refusal == .malformed(.host))
        #expect(Outcome(of: "GET / HTTP/1.0\r\n\r\n").requests.count == 1)
        for version in ["1.0", "1.1", "1.2"] {
            let twice = "GET / HTTP/\(version)\r\nHost: a\r\nHost: a\r\n\r\n"
            #expect(Outcome(of: twice).refusal == .malformed(.host))
        }
    }

    @Test(
        arguments: [
            ("GET /a HTTP/2.0", .unsupportedVersion),
            ("GET /a HTTP/0.9", .unsupportedVersion),
            ("PRI * HTTP/2.0", .unsupportedVersion),
            ("GET /a http/1.1", .malformed(.version)),
            ("GET /a HTTP/1", .malformed(.version)),
            ("GET /a HTTP/1.", .malformed(.version)),
            ("GET /a HTTP/1.10", .malformed(.version)),
            ("GET /a HTTP/11.1", .malformed(.version)),
            ("GET /a HTTP/1,1", .malformed(.version)),
            ("GET /a FTP/1.1", .malformed(.version)),
            ("GET /a", .malformed(.requestLine)),
            ("GET", .malformed(.requestLine)),
            ("GET  HTTP/1.1", .malformed(.requestLine)),
            ("GET  /a HTTP/1.1", .malformed(.requestLine)),
            ("GET /a  HTTP/1.1", .malformed(.requestLine)),
            ("GET /a HTTP/1.1 ", .malformed(.requestLine)),
            (" GET /a HTTP/1.1", .malformed(.requestLine)),
            ("GET /a b HTTP/1.1", .malformed(.requestLine)),
            ("G(T /a HTTP/1.1", .malformed(.requestLine)),
            ("GET\t/a HTTP/1.1", .malformed(.controlByte)),
            ("GET /\u{0} HTTP/1.1", .malformed(.controlByte)),
            ("GET /\u{7F} HTTP/1.1", .malformed(.controlByte)),
            ("GET /ä HTTP/1.1", .malformed(.controlByte)),
            ("GET /a#b HTTP/1.1", .malformed(.target)),
            ("GET a HTTP/1.1", .malformed(.target)),
            ("GET * HTTP/1.1", .malformed(.target)),
            ("OPTIONS ** HTTP/1.1", .malformed(.target)),
            ("GET http:/a HTTP/1.1", .malformed(.target)),
            ("GET http:///a HTTP/1.1", .malformed(.target)),
            ("GET http://a,b/ HTTP/1.1", .malformed(.target)),
            ("GET ftp://a/b HTTP/1.1", .malformed(.target)),
            ("GET /a\nHTTP/1.1", .malformed(.lineEnding)),
            ("GET /a HTTP/1.1\rHost: a", .malformed(.lineEnding)),
            ("BREW /a HTTP/1.1", .unknownMethod),
            ("get /a HTTP/1.1", .unknownMethod),
            ("CONNECT a:80 HTTP/1.1", .unknownMethod),
        ] as [(String, Refusal)]
    )
    func `refuses a request line`(line: String, refusal: Refusal) {
        #expect(Outcome(of: "\(line)\r\nHost: a\r\n\r\n").refusal == refusal)
    }

    @Test(
        arguments: [
            ("GET /a?b=c HTTP/1.1", "/a", "b=c"),
            ("GET /a?b=c?d HTTP/1.2", "/a", "b=c?d"),
            ("GET /a? HTTP/1.0", "/a", ""),
            ("GET //a/%2F;x HTTP/1.9", "//a/%2F;x", nil),
            ("GET /\"{}|\\^`<> HTTP/1.1", "/\"{}|\\^`<>", nil),
            ("GET http://b:80/a?c HTTP/1.1", "/a", "c"),
            ("GET HTTPS://u:p@b HTTP/1.1", "/", nil),
            ("GET http://b?c HTTP/1.1", "/", "c"),
            ("OPTIONS * HTTP/1.1", "*", nil),
        ] as [(String, String, String?)]
    )
    func `takes a request line`(line: String, path: String, query: String?) {
        let requests = Outcome(of: "\(line)\r\nHost: a\r\n\r\n").requests
        #expect(requests.map(\.path) == [path])
        #expect(requests.map(\.query) == [query])
    }

    @Test func `ignores an empty line or two before a request, and no more`() {
        let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        #expect(Outcome(of: "\r\n" + request).requests.count == 1)
        #expect(Outcome(of: "\r\n\r\n" + request).requests.count == 1)
        #expect(Outcome(of: "\r\n\r\n\r\n" + request).refusal == .malformed(.emptyLines))
        #expect(Outcome(of: "\n" + request).refusal == .malformed(.lineEnding))
        #expect(Outcome(of: request + "\r\n" + request + "\r\n\r\n").requests.count == 2)
    }

    @Test func `keeps values as they are, without the blanks around them`() throws {
        let head = "GET / HTTP/1.1\r\nhOsT:a\r\nX-Empty:\r\nX-Blank: \t \r\nX:\t caf\u{E9} \"q\" \t\r\nx: 2\r\n\r\n"
        let request = try #require(Outcome(of: head).requests.first)
        let name = try #require(HTTPField.Name("x"))
        #expect(request.headers[values: name] == ["café \"q\"", "2"])
        let empty = try ["X-Empty", "X-Blank"].map { try #require(HTTPField.Name($0)) }
        for name in empty { #expect(request.headers[values: name] == [""]) }
    }

    @Test func `takes a header with a byte above 127 and hands it on`() throws {
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8) + [0xFF] + Array("\r\n\r\n".utf8)
        let request = try #require(Outcome(of: [bytes]).requests.first)
        let name = try #require(HTTPField.Name("X"))
        let field = try #require(request.headers[fields: name].first)
        field.withUnsafeBytesOfValue { #expect(Array($0) == [0xFF]) }
    }

    @Test func `takes an underscore in a name for what it is`() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nContent_Length: 9\r\nTransfer_Encoding: chunked\r\n\r\n"
        #expect(Outcome(of: head).requests.map(\.body) == [[]])
    }

    @Test func `reads a body by Content-Length, in every method`() {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let text = "\(method) / HTTP/1.1\r\nHost: a\r\ncontent-length:  005 \r\n\r\nhelloGET"
            let outcome = Outcome(of: text)
            #expect(outcome.requests.map(\.body) == [Array("hello".utf8)])
            #expect(outcome.ending == .malformed(.truncated))
        }
    }

    @Test func `tells where in a message the input ended`() {
        let text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
        for count in 1..<text.utf8.count {
            let outcome = Outcome(of: [Array(text.utf8.prefix(count))])
            #expect(outcome.ending == .malformed(.truncated))
            #expect(outcome.requests.isEmpty && outcome.refusal == nil)
        }
        #expect(Outcome(of: text).ending == nil)
        #expect(Outcome(of: "").ending == nil)
    }

    @Test func `looks at nothing after a refusal`() {
        var parser = RequestParser()
        #expect(parser.take(Array("GET / HTTP/1.1\r\nBad Header\r\n\r\n".utf8)).count == 1)
        #expect(parser.take(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)).isEmpty)
        #expect(parser.finish() == nil)
    }

    @Test func `survives 100,000 random buffers`() {
        var random = SeededGenerator(seed: 2)
        let seeds = [
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nA: b\r\n\r\n"
        ]
        for round in 0..<100_000 {
            var bytes: [UInt8]
            if round % 2 == 0 {
                bytes = (0..<Int.random(in: 0..<64, using: &random)).map { _ in .random(in: 0...255, using: &random) }
            } else {
                bytes = Array(seeds[0].utf8)
                for _ in 0..<Int.random(in: 1..<4, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
                }
            }
            let cut = Int.random(in: 0...bytes.count, using: &random)
            let pieces = Outcome(of: [Array(bytes[..<cut]), Array(bytes[cut...])])
            if pieces != Outcome(of: [bytes]) { Issue.record("\(bytes) cut at \(cut)") }
        }
    }
}

extension Outcome {
    init(of text: String, limits: ServerLimits = ServerLimits()) { self.init(of: [Array(text.utf8)], limits: limits) }
}
