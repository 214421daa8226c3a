// A server and its clients over real sockets.
import Glibc
import HTTPTypes
import Serving
import Sockets
import Testing

@Suite(.timeLimit(.minutes(2))) struct `A server` {
    @Test func `answers with Date, Content-Length and the body`() async throws {
        try await TestServer.run { server in
            let client = Conversation(try await server.connect())
            try await client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
            let answer = try #require(try await client.answer())
            #expect(answer.status == 200)
            #expect(answer.text == "hello")
            #expect(answer.headers["content-length"] == "5")
            #expect(answer.headers["date"]?.hasSuffix(" GMT") == true)
            #expect(answer.headers["connection"] == nil)
            await client.close()
        }
    }

    @Test func `serves many requests on one connection`() async throws {
        try await TestServer.run { server in
            let client = Conversation(try await server.connect())
            for number in 0..<200 {
                let body = "\(number)"
                try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
                #expect(try await client.answer()?.text == body)
            }
            #expect(server.server.statistics.acceptedConnections == 1)
            #expect(server.server.statistics.requests == 200)
            #expect(await eventually { server.server.statistics.responses == 200 })
            await client.close()
        }
    }
}
