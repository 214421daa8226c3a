// What is counted, timed and logged of requests.
import API
import Foundation
import HTTPTypes
import JSON
import Logging
import Serving
import Synchronization
import Testing

@Suite struct ObservationTests {
    private let golden: GoldenService
    private let log = Lines()

    init() throws { golden = try GoldenService(logger: Logger(label: "test") { [log] _ in log }) }

    private let rollout: JSONValue = ["prompt": "What is 1+1?", "steps": ["1 + 1 = 2.", "So it is 2."]]

    /// A page line's value.
    private func metric(_ name: String) async -> Double? {
        for line in await page().split(separator: "\n") where line.hasPrefix(name + " ") {
            return Double(line.dropFirst(name.utf8.count + 1))
        }
        return nil
    }

    private func page() async -> String {
        String(decoding: await golden.send(.get, "/metrics").body, as: UTF8.self)
    }

    private func score(_ headers: HTTPFields = [:]) async -> Response {
        let body: JSONValue = ["rollouts": [rollout]]
        return await golden.post(
            "/v1/rewards",
            body.serialized(),
            headers: HTTPFields([HTTPField(name: .contentType, value: "application/json")] + headers)
        )
    }

    @Test func `every family on the page has its help, and every help its family`() async throws {
        _ = await score()
        _ = await golden.post("/v1/rewards", ["rollouts": [["prompt": "p", "steps": []]]])
        _ = await golden.send(.get, "/nowhere")
        let lines = await page().split(separator: "\n")
        func names(_ mark: String) -> [Substring] {
            lines.filter { $0.hasPrefix(mark) }.compactMap { $0.split(separator: " ").dropFirst(2).first }
        }
        #expect(names("# TYPE ").count > 35 && names("# TYPE ") == names("# HELP "))
        #expect(Set(names("# HELP ").map(String.init)) == Set(metricHelp.keys))
    }

    @Test func `errors are counted by code, the request's and the rollout's`() async {
        _ = await golden.post("/v1/rewards", ["rollouts": [rollout, ["prompt": "p", "steps": []]]])
        _ = await golden.post("/v1/rewards", ["rollout": []])
        _ = await golden.send(.get, "/nowhere")
        _ = await golden.service.respond(to: .refusal(.unsupportedVersion, of: nil))
        #expect(await metric(#"linchpin_rollout_errors_total{code="empty_steps"}"#) == 1)
        for code in ["unknown_field", "unknown_path", "unsupported_version"] {
            #expect(await metric("linchpin_errors_total{code=\"\(code)\"}") == 1)
        }
        #expect(await metric(#"linchpin_requests_total{route="unknown",status="404"}"#) == 1)
        #expect(await metric(#"linchpin_requests_total{route="refused",status="505"}"#) == 1)
    }

    @Test func `each request that scores is timed once a phase, and the phases fit into the whole`() async throws {
        for _ in 0..<3 { _ = await score() }
        _ = await golden.send(.get, "/version")
        for phase in ["tokenize", "queue", "kernel", "request"] {
            #expect(await metric("linchpin_\(phase)_seconds_count{route=\"/v1/rewards\"}") == 3)
        }
        var parts = 0.0
        for phase in ["tokenize", "queue", "kernel"] {
            parts += try #require(await metric("linchpin_\(phase)_seconds_sum{route=\"/v1/rewards\"}"))
        }
        let whole = try #require(await metric(#"linchpin_request_seconds_sum{route="/v1/rewards"}"#))
        #expect(parts > 0 && parts <= whole)
        #expect(await metric(#"linchpin_queue_seconds_count{route="/version"}"#) == nil)
    }

    @Test func `rewards are told by model and scale, and cached rollouts are counted`() async {
        for _ in 0..<2 { _ = await score() }
        #expect(await metric(#"linchpin_reward_count{model="golden",scale="probability"}"#) == 4)
        let all = #"linchpin_reward_bucket{model="golden",scale="probability",le="1.0"}"#
        #expect(await metric(all) == 4)
        #expect(await metric(#"linchpin_rollouts_total{outcome="scored"}"#) == 2)
    }

    @Test func `rounds and the process are on the page`() async throws {
        _ = await score()
        let rounds = try #require(await metric(#"linchpin_batches_total{role="prm"}"#))
        #expect(await metric(#"linchpin_batch_fill_ratio_count{role="prm"}"#) == rounds)
        #expect(await metric(#"linchpin_batch_fill_ratio_bucket{role="prm",le="+Inf"}"#) == rounds)
        let started = try #require(await metric("process_start_time_seconds"))
        #expect(started < Date().timeIntervalSince1970 && started > Date().timeIntervalSince1970 - 86_400)
        for name in ["process_resident_memory_bytes", "process_virtual_memory_bytes"] {
            #expect(try #require(await metric(name)) > 1_000_000)
        }
        let seconds = try #require(await metric("process_cpu_seconds_total"))
        let open = try #require(await metric("process_open_fds"))
        let most = try #require(await metric("process_max_fds"))
        #expect(seconds > 0 && open > 2 && open < most)
        #expect(await metric("linchpin_build_info{version=\"\(linchpinVersion)\"}") == 1)
    }

    @Test(arguments: ["/v1/rewards", "/get_reward", "/rm", "/classify", "/v1/embeddings"])
    func `an answer with rewards tells its times, to the header alone`(path: String) async throws {
        let bodies: [String: JSONValue] = [
            "/v1/rewards": ["rollouts": [rollout]],
            "/get_reward": ["query": ["What is 1+1?It is 2."], "prompts": ["What is 1+1?"]],
            "/rm": ["prompt": "What is 1+1?", "response": "It is 2."],
        ]
        let chat: JSONValue = [
            "messages": [["role": "user", "content": "What is 1+1?"], ["role": "assistant", "content": "It is 2."]]
        ]
        let answer = await golden.post(path, bodies[path] ?? chat)
        let timing = try #require(answer.headers[.serverTiming], "\(String(decoding: answer.body, as: UTF8.self))")
        let parts = timing.split(separator: ", ").map { $0.split(separator: ";dur=") }
        #expect(parts.map(\.first) == ["queue", "tokenize", "kernel", "total"])
        let milliseconds = parts.compactMap { Double($0.last ?? "") }
        #expect(milliseconds.count == 4 && milliseconds.dropLast().reduce(0, +) <= milliseconds[3])
        let body = String(decoding: answer.body, as: UTF8.self)
        #expect(!body.contains("dur") && !body.contains("seconds"))
    }

    @Test func `an answer without rewards tells no times`() async {
        #expect(await golden.send(.get, "/version").headers[.serverTiming] == nil)
        let failed = await golden.post("/v1/rewards", ["rollouts": [["prompt": "p", "steps": []]]])
        #expect(failed.status == .unprocessableContent && failed.headers[.serverTiming] == nil)
        let credit = await golden.post("/v1/credit", ["rollouts": [["rewards": [0.5]]]])
        #expect(credit.status == .ok && credit.headers[.serverTiming] == nil)
    }

    @Test func `one line a request, with the trace and what it took`() async throws {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let names = (try #require(HTTPField.Name("traceparent")), try #require(HTTPField.Name("X-Request-Id")))
        _ = await score([names.0: trace, names.1: "abc"])
        _ = await golden.send(.get, "/nowhere")
        _ = await golden.service.respond(to: .refusal(.unsupportedVersion, of: nil))
        let lines = log.all
        try #require(lines.count == 3)
        #expect(lines.allSatisfy { $0.level == .info && $0.message == "request" })
        let scored = lines[0].fields
        #expect(scored["request_id"] == "abc" && scored["status"] == "200" && scored["rollouts"] == "1")
        #expect(scored["trace_id"] == "0af7651916cd43dd8448eb211c80319c" && scored["span_id"] == "b7ad6b7169203331")
        #expect(Int(scored["tokens"] ?? "") ?? 0 > 0 && scored["code"] == nil)
        #expect(lines[1].fields["code"] == "unknown_path" && lines[1].fields["route"] == "unknown")
        #expect(lines[2].fields["code"] == "unsupported_version" && lines[2].fields["route"] == "refused")
    }

    @Test func `what callers write is never in the log`() async {
        let canary = "canary-6b1f"
        _ = await golden.post("/v1/rewards", ["rollouts": [["prompt": .string(canary), "steps": [.string(canary)]]]])
        _ = await golden.post("/v1/rewards", [canary: 1])
        _ = await golden.send(.get, "/\(canary)?api_key=\(canary)")
        #expect(log.all.count == 3)
        #expect(log.all.allSatisfy { line in !"\(line)".contains(canary) })
    }

    @Test func `a caller that left is nobody's 503, and its rollouts are counted as given up`() async {
        let left = Task { [golden, rollout] in
            withUnsafeCurrentTask { $0?.cancel() }
            return await golden.post("/v1/rewards", ["rollouts": [rollout]])
        }
        _ = await left.value
        #expect(await metric(#"linchpin_requests_total{route="/v1/rewards",status="499"}"#) == 1)
        #expect(await metric(#"linchpin_unscored_rollouts_total{reason="client_gone"}"#) == 1)
        #expect(await metric(#"linchpin_unscored_rollouts_total{reason="deadline"}"#) == 0)
        #expect(log.all.first?.fields["client_gone"] == "true" && log.all.first?.fields["status"] == "499")
    }
}

extension HTTPField.Name {
    fileprivate static let serverTiming = HTTPField.Name("Server-Timing") ?? .age
}

/// A log that is kept.
private final class Lines: LogHandler {
    struct Line: Sendable {
        let level: Logger.Level
        let message: String
        let fields: [String: String]
    }

    private let kept = Mutex<[Line]>([])

    var all: [Line] { kept.withLock { $0 } }

    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        let fields = (event.metadata ?? [:]).mapValues { "\($0)" }
        kept.withLock { $0.append(Line(level: event.level, message: event.message.description, fields: fields)) }
    }
}
