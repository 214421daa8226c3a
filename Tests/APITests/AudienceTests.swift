// Every route and every kind of caller.
import API
import Fixtures
import HTTPTypes
import JSON
import Serving
import Testing

@Suite struct AudienceTests {
    /// What a caller shows.
    enum Shown: String, CaseIterable {
        case nothing = ""
        case wrong = "Authorization: Bearer wrong-key-0"
        case key = "Authorization: Bearer first-key-1"
        case adminKey = "X-Api-Key: admin-key-1"
    }

    private let golden: GoldenService

    init() throws {
        golden = try GoldenService(
            access: Access(callers: ["first-key-1"], operators: ["admin-key-1"]),
            showsMetrics: false
        )
    }

    private func knock(_ line: String, _ shown: Shown) async throws -> Response {
        try await golden.knock("\(line) HTTP/1.1" + (shown == .nothing ? "" : "\r\n\(shown.rawValue)"))
    }

    @Test(arguments: Route.all.map { "\($0.method.rawValue) \($0.path)" }, Shown.allCases)
    func `a route answers those it is for and nobody else`(row: String, shown: Shown) async throws {
        let route = try #require(Route.all.first { "\($0.method.rawValue) \($0.path)" == row })
        let circle: Audience =
            switch shown {
            case .nothing, .wrong: .everybody
            case .key: .callers
            case .adminKey: .operators
            }
        let response = try await knock(row.replacing("{model}", with: "golden"), shown)
        let isRefused = [.unauthorized, .forbidden].contains(response.status)
        #expect(isRefused == (circle < route.audience), "\(response.status)")
        guard isRefused else { return }
        #expect(response.status == (circle == .everybody ? .unauthorized : .forbidden))
        #expect(response.headers[.wwwAuthenticate] == (circle == .everybody ? "Bearer" : nil))
    }

    @Test func `nothing but probes and the pages is for everybody`() {
        let open = Route.all.filter { $0.audience == .everybody }.map { "\($0.method.rawValue) \($0.path)" }
        let probes = ["/health", "/health/live", "/health/ready", "/ping", "/v2/health/live", "/v2/health/ready"]
        #expect(open == (probes + Page.paths).map { "GET " + $0 })
    }

    @Test(
        arguments: [
            "POST //v1/rewards", "POST /v1/rewards/", "POST /v1%2frewards", "POST /v1/%72ewards", "POST /V1/REWARDS",
            "POST http://a/v1/rewards", "POST http://a//v1/rewards", "POST /v1/rewards?api_key=wrong-key-0",
            "POST /wrong-key-0/v1/rewards", "POST //first-key-1/v1/rewards", "POST /health/../v1/rewards",
            "POST /v1/rewards?x=/health", "GET /v1/rewards", "POST /health", "PUT /health", "GET /nowhere",
            "GET /health/",
            "OPTIONS *", "GET /v2/models/golden", "GET /v2/models/other", "GET /info?api_key=", "GET /FIRST-KEY-1/info",
        ]
    )
    func `no way of writing it leads past the key, nor tells what there is`(line: String) async throws {
        for shown in [Shown.nothing, .wrong] {
            let response = try await knock(line, shown)
            #expect(response.status == .unauthorized && response.headers[.allow] == nil)
            // KServe's routes say it in their own shape, which has no code.
            if !line.contains("/v2/") { #expect(try response.code() == "invalid_api_key") }
        }
    }

    @Test(arguments: ["POST http://a/v1/credit", "POST /first-key-1/v1/credit", "POST /v1/credit?api_key=first-key-1"])
    func `with the key those that are a route are one`(line: String) async throws {
        // The body of the test's head is empty.
        let response = try await knock(line, line.contains("first-key-1") ? .nothing : .key)
        #expect(response.status == .badRequest)
        #expect(try response.code() == "invalid_json")
    }

    @Test func `a wrong method and a path that is not there are told to callers`() async throws {
        #expect(try await knock("POST /health", .key).headers[.allow] == "GET, HEAD")
        #expect(try await knock("GET /nowhere", .key).status == .notFound)
    }
}

@Suite struct `A key ring` {
    @Test func `opens what its keys are for, and an admin key opens both`() throws {
        let keys = try Keys(callers: ["one-key", "other-key"], operators: ["admin-key"])
        let shown = ["one-key", "other-key", "admin-key", "one-ke", "one-keys", "ONE-KEY", "", "one-key,other-key"]
        let circles: [Audience] = [.callers, .callers, .operators] + [Audience](repeating: .everybody, count: 5)
        #expect(shown.map { keys.audience(of: Array($0.utf8)) } == circles)
        #expect(keys.audience(of: nil) == .everybody)
    }

    @Test func `without callers' keys everybody is a caller`() throws {
        for operators in [[], ["admin-key"]] {
            let keys = try Keys(operators: operators)
            #expect(keys.audience(of: nil) == .callers && keys.audience(of: Array("wrong".utf8)) == .callers)
        }
        #expect(try Keys(operators: ["admin-key"]).audience(of: Array("admin-key".utf8)) == .operators)
    }

    @Test func `takes new keys and forgets the old ones`() async throws {
        let ring = KeyRing(try Keys(callers: ["old-key-1"]))
        let golden = try GoldenService(access: Access(ring))
        let statuses = {
            let answers = [
                await golden.send(.get, "/info?api_key=old-key-1"), await golden.send(.get, "/new-key-1/info"),
            ]
            return answers.map(\.status)
        }
        #expect(await statuses() == [.ok, .unauthorized])
        ring.replace(with: try Keys(callers: ["new-key-1"]))
        #expect(await statuses() == [.unauthorized, .ok])
    }

    /// What a key opens that stands in the URL.
    @Test(arguments: ["/admin-key/info", "/info?api_key=admin-key"])
    func `an admin key in a URL is a caller's`(target: String) async throws {
        let access = try Access(callers: ["first-key"], operators: ["admin-key"])
        let parts = target.split(separator: "?").map(String.init)
        let query = parts.count == 2 ? parts[1] : nil
        let examined = access.examined(Request(method: .get, path: parts[0], query: query))
        #expect(examined.audience == .callers && examined.request.path == "/info")
        #expect(try await GoldenService(access: access).send(.get, target).status == .ok)
    }

    @Test(
        arguments: [
            (["first-key"], ["admin-key"], "admin-key", nil), (["first-key"], ["admin-key"], "first-key", .noAdminKey),
            (["first-key"], ["admin-key"], "wrong-key", .noKey), (["first-key"], [], "first-key", .noAdminKeys),
            (["first-key"], [], "wrong-key", .noKey), ([], ["admin-key"], "admin-key", nil),
            ([], ["admin-key"], "wrong-key", .noKey), ([], [], "wrong-key", .noAdminKeys),
        ] as [([String], [String], String, Denial?)]
    )
    func `an operators' route says what is missing`(
        callers: [String],
        operators: [String],
        shown: String,
        denial: Denial?
    ) throws {
        let access = try Access(callers: callers, operators: operators)
        var headers = HTTPFields()
        headers[.authorization] = "Bearer \(shown)"
        let caller = access.examined(Request(method: .post, path: "/admin/reload", headers: headers)).audience
        #expect(access.denial(of: caller, from: .operators) == denial)
    }
}
