// What platforms and proxies send along.
import API
import Fixtures
import HTTPTypes
import JSON
import Serving
import Testing

@Suite struct ProbeTests {
    private let golden: GoldenService

    init() throws { golden = try GoldenService() }

    @Test(
        arguments: [
            ("/v2/health/live", ["live": true]), ("/v2/health/ready", ["ready": true]),
            ("/v2/models/golden/ready", ["name": "golden", "ready": true]),
        ] as [(String, JSONValue)]
    )
    func `the open inference protocol's probes are answered`(path: String, answer: JSONValue) async throws {
        #expect(try await golden.send(.get, path).json() == answer)
    }

    @Test func `its metadata names the model`() async throws {
        #expect(try await golden.send(.get, "/v2").json()["name"] == "linchpin")
        #expect(try await golden.send(.get, "/v2/models/golden").json()["name"] == "golden")
    }

    @Test(arguments: ["/v2/models/other", "/v2/models/other/ready"])
    func `another model is a 404 in that protocol's form`(path: String) async throws {
        let refused = await golden.send(.get, path)
        #expect(refused.status == .notFound)
        #expect(try refused.json()["error"]?.string?.isEmpty == false)
    }

    @Test(arguments: ["/v2/models/", "/v2/models/golden/infer", "/v2/models/a/b/ready", "/v2/models//ready"])
    func `what is not in the table is no path`(path: String) async throws {
        #expect(await golden.send(.get, path).status == .notFound)
    }

    @Test func `draining turns readiness to 503 there too`() async {
        golden.service.stopBeingReady()
        for path in ["/ping", "/v2/health/ready", "/v2/models/golden/ready"] {
            #expect(await golden.send(.get, path).status == .serviceUnavailable)
        }
        #expect(await golden.send(.get, "/v2/health/live").status == .ok)
    }

    @Test(
        arguments: [
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true),
            ("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", true),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", false),
            ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false),
            ("00-00000000000000000000000000000000-b7ad6b7169203331-01", false),
            ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false),
            ("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false),
            ("00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01", false), ("", false), ("---", false),
        ]
    )
    func `a valid trace goes back, a malformed one is ignored`(trace: String, isValid: Bool) async throws {
        let name = try #require(HTTPField.Name("traceparent"))
        let response = await golden.send(.get, "/version", headers: [name: trace])
        #expect(response.status == .ok && response.headers[name] == (isValid ? trace : nil))
    }

    @Test func `a request's id is in its body too`() async throws {
        let name = try #require(HTTPField.Name("X-Request-Id"))
        let body: [UInt8] = (["messages": [.string(Sample().text)]] as JSONValue).serialized()
        let response = await golden.send(.post, "/v1/score/evaluation", headers: [name: "abc"], body: body)
        #expect(response.headers[name] == "abc")
        #expect(try response.json()["id"] == "scoreval-abc")
    }
}
