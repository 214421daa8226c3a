// Answers in gzip, for those who accept it.
import HTTPTypes
import Serving
import Testing

@Suite(.timeLimit(.minutes(5))) struct `An answer` {
    private static let large = Array(String(repeating: "step 1 is worth 0.97; ", count: 100).utf8)

    @Test(
        arguments: [
            ([], false), ([""], false), (["gzip"], true), (["GZIP"], true), (["x-gzip"], true),
            (["deflate, gzip, br"], true), (["deflate", "gzip"], true), (["br, zstd"], false), (["*"], true),
            (["gzip;q=1"], true), (["gzip; q=0.5"], true), (["gzip ; Q=1.000"], true), (["gzip;q=0.001"], true),
            (["gzip;q=0"], false), (["gzip;q=0.0"], false), (["gzip;q=0.000"], false), (["gzip;q=0, *"], false),
            (["*;q=0"], false), (["*;q=0, gzip"], true), (["br;q=1, *;q=0.1"], true),
            (["identity, gzip;q=0.5"], false), (["identity;q=0.5, gzip;q=0.5"], true), (["identity;q=0"], false),
            (["identity;q=0, gzip"], true), (["gzip, gzip;q=0"], false), ([",, gzip ,"], true),
            // Malformed weights count as refusals.
            (["gzip;q=2"], false), (["gzip;q=1.001"], false), (["gzip;q=0.0001"], false), (["gzip;q=-1"], false),
            (["gzip;q="], false), (["gzip;q"], false), (["gzip;"], false), (["gzip;x=1"], false),
            (["gzip;q=.5"], false),
            (["gzip;q=0.5;q=0"], false), (["gzip q=1"], false), (["xgzip"], false), (["gzip2"], false),
        ] as [([String], Bool)]
    )
    func `is packed for who accepts gzip, and likes it no less than nothing`(lines: [String], packed: Bool) {
        #expect(ContentCoding.acceptsGzip(lines.map { Array($0.utf8) }) == packed)
    }

    private func answer(_ response: Response, to head: String, isHead: Bool = false) async throws -> Answer {
        var result: Answer?
        let respond: Responder = { _ in response }
        try await TestServer.run(respond: respond) { server in
            let client = Conversation(try await server.connect())
            try await client.send("\(head)\r\n\r\n")
            result = try await client.answer(toHead: isHead)
            await client.close()
        }
        return try #require(result)
    }

    private let asking = "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip, deflate"

    @Test func `of more than 1 KiB is packed on request, and says so to caches either way`() async throws {
        let response = Response(status: .ok, headers: [.vary: "Origin"], body: Self.large)
        let packed = try await answer(response, to: asking)
        #expect(packed.headers["content-encoding"] == "gzip")
        #expect(packed.headers["content-length"] == "\(packed.body.count)")
        #expect(packed.body.count < Self.large.count / 4)
        #expect(Gzip.unpack(packed.body) == Self.large)
        #expect(packed.body == (try await answer(response, to: asking)).body)

        let plain = try await answer(response, to: "GET / HTTP/1.1\r\nHost: a")
        #expect(plain.headers["content-encoding"] == nil && plain.body == Self.large)
        for answer in [packed, plain] { #expect(answer.headers["vary"] == "Accept-Encoding") }
    }

    @Test func `to HEAD has the headers of the answer to GET`() async throws {
        let response = Response(status: .ok, body: Self.large)
        let get = try await answer(response, to: asking)
        let asking = "HEAD / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip, deflate"
        let head = try await answer(response, to: asking, isHead: true)
        #expect(head.body.isEmpty)
        for name in ["content-length", "content-encoding", "vary"] { #expect(head.headers[name] == get.headers[name]) }
    }

    @Test func `stays as it is where packing gains nothing, and so does a page`() async throws {
        let small = Response(status: .ok, body: Array(Self.large.prefix(1023)))
        var done = Response(status: .ok, body: Self.large)
        done.headers[.contentEncoding] = "br"
        let page = Response(status: .ok, headers: [.contentType: "text/html; charset=utf-8"], body: Self.large)
        for response in [small, done, page, Response(status: .noContent, body: Self.large)] {
            let answer = try await answer(response, to: asking)
            #expect(answer.headers["content-encoding"] == response.headers[.contentEncoding])
            #expect(answer.headers["vary"] == nil)
            #expect(answer.body == (response.status == .noContent ? [] : response.body))
        }
        let least = try await answer(Response(status: .ok, body: Array(Self.large.prefix(1024))), to: asking)
        #expect(least.headers["content-encoding"] == "gzip")
        let random = Response(status: .ok, body: (0..<5000).map { _ in .random(in: 0...255) })
        let untouched = try await answer(random, to: asking)
        #expect(untouched.body == random.body && untouched.headers["content-encoding"] == nil)
        #expect(untouched.headers["vary"] == "Accept-Encoding")
    }

    @Test func `to a packed request is its own content, over one connection and pipelined`() async throws {
        try await TestServer.run { server in
            let request = packedRequest(Gzip.pack(Self.large), more: "Accept-Encoding: gzip\r\n")
            let last = packedRequest(Gzip.pack(Self.large), more: "Connection: close\r\n")
            let answers = try await server.exchange(request + request + last)
            #expect(answers.map { $0.headers["content-encoding"] } == ["gzip", "gzip", nil])
            #expect(answers.dropLast().allSatisfy { Gzip.unpack($0.body) == Self.large })
            #expect(answers.last?.body == Self.large)
        }
    }

    @Test func `to a bomb or to garbage is a refusal that can be read, and the server goes on`() async throws {
        try await TestServer.run { server in
            let bomb = Gzip.pack([UInt8](repeating: 0, count: 32 << 20))
            try await server.expect([413], from: packedRequest(bomb))
            try await server.expect([400], from: packedRequest(Array("no gzip".utf8)))
            try await server.expect([415], from: packedRequest(bomb, coding: "br"))
            try await server.expect([200], from: "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        }
    }
}
