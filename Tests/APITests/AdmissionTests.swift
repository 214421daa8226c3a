// What the gate says of a head, before the body.
import API
import Batching
import Fixtures
import HTTPTypes
import JSON
import Logging
import Scoring
import Serving
import Synchronization
import Testing

@Suite struct AdmissionTests {
    private let golden: GoldenService
    /// Enough to be busy with while a test looks.
    private let work: JSONValue = [
        "rollouts": .array((0..<2000).map { ["prompt": .string("What is \($0)+\($0)?"), "steps": ["a", "b"]] })
    ]

    init() throws { golden = try GoldenService(access: Access(callers: ["first-key-1"])) }

    @Test(
        arguments: [
            ("POST /v1/rewards HTTP/1.1", 401, "invalid_api_key"),
            ("POST /first-key-1/nowhere HTTP/1.1", 404, "unknown_path"),
            ("PUT /first-key-1/v1/rewards HTTP/1.1", 405, "method_not_allowed"),
            ("POST /first-key-1/rm HTTP/1.1\r\nContent-Type: text/plain", 415, "unsupported_media_type"),
        ]
    )
    func `it refuses as the router does, with the caller's request id`(
        head: String,
        status: Int,
        code: String
    ) async throws {
        let refused = try #require(try golden.refusal(of: head + "\r\nX-Request-Id: id-1"))
        #expect(refused.status.code == status)
        #expect(try refused.code() == code)
        #expect(refused.headers[try #require(HTTPField.Name("X-Request-Id"))] == "id-1")
        let page = try await metrics()
        #expect(page.contains("status=\"\(status)\"} 1"), "\(page)")
    }

    private func metrics() async throws -> String {
        String(decoding: await golden.send(.get, "/metrics?api_key=first-key-1").body, as: UTF8.self)
    }

    @Test(arguments: ["", "\r\nContent-Type: application/json", "\r\nContent-Type: Application/JSON; charset=utf-8"])
    func `it lets in what the router takes`(type: String) throws {
        for route in Route.all where route.method == .post && route.audience == .callers {
            #expect(try golden.refusal(of: "POST /first-key-1\(route.path) HTTP/1.1\(type)") == nil, "\(route.path)")
        }
    }

    @Test func `a full queue is a 429 at the gate, for who would not wait, until there is room`() async throws {
        let limits = BatchLimits(maximumBatchTokens: 16, maximumQueueTokens: 64)
        let golden = try GoldenService(limits: limits)
        let busy = Task { await golden.post("/v1/rewards", work) }
        #expect(await eventually { golden.service.model.scorer.load.queuedTokens > 64 })
        let small: JSONValue = ["rollouts": [["prompt": "p", "steps": ["s"]]]]
        #expect(await golden.post("/v1/rewards", small).status == .tooManyRequests)
        let refused = try #require(try golden.refusal(of: "POST /v1/rewards HTTP/1.1"))
        #expect(refused.status == .tooManyRequests && Int(refused.headers[.retryAfter] ?? "") ?? 0 >= 1)
        #expect(try refused.code() == "overloaded")
        for path in ["/v1/rewards?wait=5", "/get_reward", "/v1/credit"] {
            #expect(try golden.refusal(of: "POST \(path) HTTP/1.1") == nil, "\(path)")
        }
        busy.cancel()
        _ = await busy.value
        #expect(await eventually { golden.service.model.scorer.load.queuedTokens == 0 })
        #expect(try golden.refusal(of: "POST /v1/rewards HTTP/1.1") == nil)
    }

    @Test func `where too many wait, those who would wait are a 503`() async throws {
        var limits = BatchLimits(maximumBatchTokens: 16, maximumQueueTokens: 64)
        limits.maximumWaitingTokens = 8
        let golden = try GoldenService(limits: limits)
        let busy = Task { await golden.post("/v1/rewards", work) }
        #expect(await eventually { golden.service.model.scorer.load.queuedTokens > 64 })
        let waiting = Task { await golden.post("/get_reward", ["query": [.string(Sample().text)]]) }
        #expect(await eventually { golden.service.model.scorer.load.waitingTokens >= 8 })
        for path in ["/v1/rewards?wait=5", "/get_reward"] {
            let refused = try #require(try golden.refusal(of: "POST \(path) HTTP/1.1"))
            #expect(refused.status == .serviceUnavailable && Int(refused.headers[.retryAfter] ?? "") ?? 0 >= 1)
        }
        // Behind the gate the same holds.
        let late = await golden.post("/get_reward", ["query": [.string(Sample().text)]])
        #expect(late.status == .serviceUnavailable)
        #expect(try late.code() == "overloaded")
        busy.cancel()
        _ = await busy.value
        #expect(await waiting.value.status == .ok)
    }

    @Test func `no key is in the log, however it was sent and whatever came of it`() async throws {
        let lines = Lines()
        let logger = Logger(label: "test") { _ in LineHandler(lines: lines) }
        let access = try Access(callers: ["canary-key-1"], operators: ["canary-key-2"])
        let golden = try GoldenService(access: access, showsMetrics: false, logger: logger)
        for key in ["canary-key-1", "canary-key-2", "canary-key-3"] {
            let targets = [
                "/\(key)/get_reward", "/get_reward?api_key=\(key)", "/\(key)/\(key)", "/nowhere?\(key)=\(key)",
            ]
            let headers = ["X: y", "Authorization: Bearer \(key)", "X-Api-Key: \(key)", "Authorization: \(key)"]
            for target in targets {
                for header in headers {
                    for method in ["POST", "GET", "PUT"] {
                        _ = try await golden.knock("\(method) \(target) HTTP/1.1\r\n\(header)")
                    }
                }
            }
        }
        #expect(lines.all.count >= 3 * 4 * 4 * 3)
        #expect(!lines.all.contains { $0.contains("canary-key") })
    }
}

/// Log lines as they would be written.
private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
}

private struct LineHandler: LogHandler {
    let lines: Lines
    var metadata = Logger.Metadata()
    var logLevel = Logger.Level.trace

    init(lines: Lines) { self.lines = lines }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { lines.add("\(event.message) \(event.metadata ?? [:])") }
}
