// Keys: who is let in, by which way, and to what.
import API
import Fixtures
import HTTPTypes
import JSON
import Serving
import Testing

@Suite struct AccessTests {
    private let golden: GoldenService
    private let body: [UInt8]

    init() throws {
        golden = try GoldenService(access: Access(callers: ["first-key", "second.key~2"], operators: ["admin-key"]))
        body = (["query": [.string(Sample().text)]] as JSONValue).serialized()
    }

    private func field(_ name: String, _ value: String) throws -> HTTPFields {
        [.contentType: "application/json", try #require(HTTPField.Name(name)): value]
    }

    @Test(arguments: Route.all.filter { $0.method == .post }.map(\.path))
    func `every scoring route is a 401 without a key`(path: String) async throws {
        let refused = await golden.post(path, body)
        #expect(refused.status == .unauthorized && refused.headers[.wwwAuthenticate] == "Bearer")
        #expect(try refused.code() == "invalid_api_key")
    }

    @Test(
        arguments: [
            ("Authorization", "Bearer first-key"), ("Authorization", "bearer second.key~2"), ("X-Api-Key", "first-key"),
        ]
    )
    func `a key in a header lets in`(name: String, value: String) async throws {
        #expect(await golden.post("/get_reward", body, headers: try field(name, value)).status == .ok)
    }

    @Test(arguments: ["/get_reward?api_key=first-key", "/second.key~2/get_reward", "/first-key/get_reward?pooling=min"])
    func `a key in the URL lets in those who cannot send a header`(target: String) async throws {
        #expect(await golden.post(target, body).status == .ok)
    }

    @Test(arguments: ["/first-key", "/first-key/"])
    func `slime's bare address has its key before the path too`(target: String) async throws {
        let slime: JSONValue = ["prompt": .string(Sample().prompt), "response": .string(Sample().answer)]
        #expect(await golden.post(target, slime).status == .ok)
    }

    @Test(
        arguments: [
            ("Authorization", "Bearer first-kez"), ("Authorization", "Bearer"), ("Authorization", "first-key"),
            ("Authorization", "Bearer first-key more"), ("Authorization", "Basic first-key"),
            ("Authorization", "Bearer first-keyfirst-key"), ("Authorization", "Bearer first"), ("X-Api-Key", ""),
        ]
    )
    func `what is not a key lets nobody in`(name: String, value: String) async throws {
        #expect(await golden.post("/get_reward", body, headers: try field(name, value)).status == .unauthorized)
    }

    @Test(arguments: ["/get_reward?api_key=", "/get_reward?api_key=x", "/get_reward?first-key", "//get_reward"])
    func `nor does a wrong one in the URL`(target: String) async throws {
        #expect([.unauthorized, .notFound].contains(await golden.post(target, body).status))
    }

    @Test func `a wrong header is not made good by the URL`() async throws {
        let headers = try field("Authorization", "Bearer wrong")
        #expect(await golden.post("/get_reward?api_key=first-key", body, headers: headers).status == .unauthorized)
    }

    @Test(arguments: ["/health", "/health/live", "/ping", "/v2/health/live"] + Page.paths)
    func `probes and the pages ask for no key`(path: String) async {
        #expect(await golden.send(.get, path).status == .ok)
    }

    @Test func `metrics are shown without one where that is wished`() async throws {
        let access = try Access(callers: ["first-key"])
        let open = try GoldenService(access: access, showsMetrics: true)
        let closed = try GoldenService(access: access, showsMetrics: false)
        #expect(await open.send(.get, "/metrics").status == .ok)
        #expect(await closed.send(.get, "/metrics").status == .unauthorized)
        #expect(await closed.send(.get, "/metrics?api_key=first-key").status == .ok)
    }

    @Test func `no key appears in the metrics`() async throws {
        _ = await golden.post("/first-key/get_reward", body)
        _ = await golden.post("/first-key/nowhere?api_key=second.key~2", body)
        let metrics = await golden.send(.get, "/metrics", headers: try field("X-Api-Key", "first-key"))
        let page = String(decoding: metrics.body, as: UTF8.self)
        #expect(page.contains("/get_reward") && !page.contains("first-key") && !page.contains("second.key"))
    }
}
