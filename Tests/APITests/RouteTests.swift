// Routes, methods and the contract agree.
import API
import Fixtures
import Foundation
import HTTPTypes
import JSON
import Scoring
import Serving
import Testing

@Suite struct RouteTests {
    private let golden: GoldenService

    init() throws { golden = try GoldenService() }

    @Test func `the route table and openapi yaml name the same rows`() throws {
        let documented = Set(try Contract.shared.get().operations)
        #expect(documented == Set(Route.all.map { "\($0.method.rawValue) \($0.path)" }))
    }

    @Test func `openapi yaml names every profile and template`() throws {
        let info = try Contract.shared.get().schema("Info")["properties"]
        #expect(info?["profile"]?["enum"]?.strings == Family.allCases.map(\.rawValue))
        #expect(info?["template"]?["enum"]?.strings == TemplateRecipe.Kind.allCases.map(\.rawValue))
    }

    @Test func `openapi yaml is served as it stands in the repository`() async throws {
        let file = [UInt8](try Data(contentsOf: Shared.checkout.appendingPathComponent("openapi.yaml")))
        #expect(await golden.send(.get, "/openapi.yaml").body == file)
    }

    @Test(arguments: Route.all.filter { $0.method == .get }.map(\.path))
    func `every GET route answers 200 to GET and HEAD`(path: String) async throws {
        let path = path.replacing("{model}", with: "golden")
        #expect(await golden.send(.get, path).status == .ok)
        #expect(await golden.send(.head, path).status == .ok)
    }

    @Test(arguments: Route.all.map(\.path))
    func `C-24, another method is a 405 that allows the path's own`(path: String) async throws {
        let methods = Route.all.filter { $0.path == path }.map { $0.method == .get ? "GET, HEAD" : "POST" }
        for method in [HTTPRequest.Method.put, .delete, .trace, .query] {
            let refused = await golden.send(method, path.replacing("{model}", with: "golden"))
            #expect(refused.status == .methodNotAllowed)
            #expect(refused.headers[.allow] == methods.joined(separator: ", "))
        }
        // The page and slime's bare address share a path.
        guard methods.count == 1 else { return }
        let refused = await golden.send(methods == ["POST"] ? .get : .post, path.replacing("{model}", with: "golden"))
        #expect(refused.status == .methodNotAllowed && refused.headers[.allow] == methods[0])
    }

    @Test(arguments: ["/nowhere", "//v1/rewards", "/v1/rewards/", "/V1/rewards", "/v1%2frewards", "*"])
    func `a path that is not in the table is a 404`(path: String) async throws {
        let refused = await golden.send(.post, path)
        #expect(refused.status == .notFound)
        #expect(try refused.code() == "unknown_path")
    }

    @Test(arguments: Refusal.all)
    func `every refusal of HTTP has a status, a code and the shape of an error`(
        refusal: Refusal,
        status: Int
    ) async throws {
        let response = await golden.service.respond(to: .refusal(refusal, of: nil))
        #expect(response.status.code == status)
        let answer = try response.json()
        #expect(answer["error"]?.object?.keys == ["message", "type", "param", "code"])
        #expect(answer["request_id"]?.string?.isEmpty == false)
    }

    @Test func `a refusal bears the id of the request whose head was understood`() async throws {
        let name = try #require(HTTPField.Name("X-Request-Id"))
        let request = Request(method: .post, path: "/v1/rewards", headers: [name: "abc-1"])
        let response = await golden.service.respond(to: .refusal(.timedOut(.body), of: request))
        #expect(response.headers[name] == "abc-1")
        #expect(try response.json()["request_id"]?.string == "abc-1")
    }

    @Test func `who sends another content coding learns which there is`() async throws {
        let response = await golden.service.respond(to: .refusal(.unknownContentCoding, of: nil))
        #expect(response.headers[.acceptEncoding] == "gzip")
        #expect(try response.code() == "unsupported_content_encoding")
    }

    @Test func `draining turns health to 503 and leaves liveness`() async throws {
        golden.service.stopBeingReady()
        #expect(await golden.send(.get, "/health").status == .serviceUnavailable)
        #expect(await golden.send(.get, "/health/ready").headers[.retryAfter] == "1")
        #expect(await golden.send(.get, "/health/live").status == .ok)
    }

    @Test(arguments: [("abc-1", true), ("", false), (String(repeating: "x", count: 129), false), ("a b", false)])
    func `a request id is echoed where that is safe, else made`(id: String, echoed: Bool) async throws {
        let name = try #require(HTTPField.Name("X-Request-Id"))
        let response = await golden.send(.get, "/version", headers: [name: id])
        let answered = try #require(response.headers[name])
        #expect((answered == id) == echoed && !answered.isEmpty)
    }
}

extension Refusal {
    /// Every refusal with the status that reference/http-policy.md asks for.
    static let all: [(Refusal, Int)] =
        Malformation.allCases.map { (.malformed($0), 400) } + [
            (.timedOut(.head), 408), (.timedOut(.body), 408), (.crowded, 503), (.bodyTooLarge(limit: 1), 413),
            (.tooManyChunks(limit: 1), 413), (.requestLineTooLong(limit: 1), 414), (.unknownContentCoding, 415),
            (.unknownExpectation, 417),
            (.headTooLarge(limit: 1), 431), (.tooManyHeaders(limit: 1), 431), (.unknownMethod, 501),
            (.unknownTransferCoding, 501), (.unsupportedVersion, 505),
        ]
}
