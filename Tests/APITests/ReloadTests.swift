// Another model in the place of the one that is served.
import API
import Batching
import Checkpoints
import Fixtures
import Foundation
import HTTPTypes
import JSON
import Logging
import Scoring
import Serving
import Synchronization
import Testing

/// What a reload is to find next.
private final class Shelf: Sendable {
    private let next: Mutex<Result<ServedModel, ModelRefusal>>
    /// Whether a loader waits until `release`.
    private let isHeld = Atomic<Bool>(false)

    init(_ model: ServedModel) { next = Mutex(.success(model)) }

    func put(_ model: Result<ServedModel, ModelRefusal>) { next.withLock { $0 = model } }

    func hold() { isHeld.store(true, ordering: .relaxed) }

    func release() { isHeld.store(false, ordering: .relaxed) }

    func take() async throws(ModelRefusal) -> ServedModel {
        while isHeld.load(ordering: .relaxed) { try? await Task.sleep(for: .milliseconds(2)) }
        return try next.withLock { $0 }.get()
    }
}

@Suite(.timeLimit(.minutes(2))) struct ReloadTests {
    private let service: API.Service
    private let shelf: Shelf
    /// Of the model that is served at first, which nobody else holds.
    private let one: String
    private let other: ServedModel

    init() async throws {
        let first = try await Self.model("tiny-prm")
        one = first.revision
        other = try await Self.model("tiny-trl")
        let shelf = Shelf(other)
        self.shelf = shelf
        service = API.Service(
            model: first,
            loader: { () async throws(ModelRefusal) in try await shelf.take() },
            servedName: "golden",
            maximumBodyBytes: 1 << 20,
            access: try Access(operators: ["admin-key"]),
            connections: Counters(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private static func model(_ golden: String, beforeRound: (@Sendable () async -> Void)? = nil) async throws
        -> ServedModel
    {
        let folder = Shared.checkout.appendingPathComponent("Tests/Goldens/" + golden).path
        let (scorer, revision) = try Scorer.named(
            checkpoint: Checkpoint(folder: folder),
            settings: EngineSettings(beforeRound: beforeRound)
        )
        return ServedModel(
            scorer: scorer,
            defaultCredit: scorer.profile.defaultCredit,
            revision: revision,
            canary: beforeRound == nil ? try await Canary(of: scorer) : nil
        )
    }

    private let rollouts: JSONValue = [
        "rollouts": [["prompt": "What is 1+1?", "steps": ["1 + 1 = 2.", "So it is 2."]]]
    ]

    private func send(_ method: HTTPRequest.Method, _ path: String, _ body: [UInt8] = []) async -> Response {
        let headers: HTTPFields = [.authorization: "Bearer admin-key"]
        return await service.respond(to: .request(Request(method: method, path: path, headers: headers, body: body)))
    }

    private func reload() async -> Response { await send(.post, "/admin/reload") }

    /// What an answer names, in its header and in its body, and what it says.
    private func named(_ answer: Response) throws -> (header: String?, body: String?, rewards: JSONValue?) {
        let name = try #require(HTTPField.Name("X-Model-Revision"))
        let json = try answer.json()
        return (answer.headers[name], json["model_revision"]?.string, json["data"]?.array?.first?["steps"])
    }

    @Test func `a reload replaces the model, and every answer names its own`() async throws {
        let before = try named(await send(.post, "/v1/rewards", rollouts.serialized()))
        let answer = await reload()
        #expect(answer.status == .ok)
        let told = try answer.json()
        #expect(told["outcome"] == "replaced" && told["previous_revision"] == .string(one))
        #expect(told["model_revision"] == .string(other.revision))
        let after = try named(await send(.post, "/v1/rewards", rollouts.serialized()))
        #expect(before.header == one && before.body == one)
        #expect(after.header == other.revision && after.body == other.revision)
        #expect(before.rewards != after.rewards)
        for path in ["/info", "/v1/models", "/v2/models/golden"] {
            let text = String(decoding: await send(.get, path).body, as: UTF8.self)
            #expect(text.contains(other.revision) && !text.contains(one))
        }
    }

    @Test func `a call that began before the reload is answered by the model that it began with`() async throws {
        let gate = Gate()
        let held = try await Self.model("tiny-llama", beforeRound: { await gate.pass() })
        shelf.put(.success(held))
        #expect(await reload().status == .ok)
        gate.close()
        let early = Task { await send(.post, "/v1/rewards", rollouts.serialized()) }
        #expect(await eventually { held.scorer.load.runningItems == 1 })
        shelf.put(.success(other))
        #expect(await eventually { await reload().status == .ok })
        #expect(try named(await send(.post, "/v1/rewards", rollouts.serialized())).body == other.revision)
        gate.open()
        #expect(try named(await early.value).body == held.revision)
    }

    @Test func `a model that was replaced is let go, and only then may another come`() async throws {
        let gate = Gate()
        var passing: ServedModel? = try await Self.model("tiny-llama", beforeRound: { await gate.pass() })
        weak var lifetime = passing?.scorer.lifetime
        shelf.put(.success(try #require(passing)))
        #expect(await reload().status == .ok)
        passing = nil
        gate.close()
        let early = Task { await send(.post, "/v1/rewards", rollouts.serialized()) }
        #expect(await eventually { await metric(#"linchpin_running_rollouts{role="prm"}"#) == "1.0" })
        shelf.put(.success(other))
        #expect(await reload().status == .ok)
        #expect(await reload().status == .conflict, "three models would be in memory")
        #expect(lifetime != nil)
        gate.open()
        #expect(await early.value.status == .ok)
        #expect(await eventually { lifetime == nil })
        #expect(await reload().status == .ok)
    }

    private func metric(_ name: String) async -> Substring? {
        String(decoding: await send(.get, "/metrics").body, as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix(name + " ") }?.split(separator: " ").last
    }

    @Test func `a model that was refused changes nothing, and the refusal says why`() async throws {
        shelf.put(.failure(ModelRefusal("cannot serve x: model.safetensors: it ends too early")))
        let answer = await reload()
        #expect(answer.status == .unprocessableContent)
        #expect(try answer.code() == "model_refused")
        #expect(String(decoding: answer.body, as: UTF8.self).contains("it ends too early"))
        #expect(try named(await send(.post, "/v1/rewards", rollouts.serialized())).body == one)
        let page = String(decoding: await send(.get, "/metrics").body, as: UTF8.self)
        #expect(page.contains(#"linchpin_model_reloads_total{outcome="failed"} 1"#))
        #expect(page.contains("revision=\"\(one)\",precision=\"stored\""))
    }

    @Test func `the same files are no other model, and what is kept stays`() async throws {
        shelf.put(.success(try await Self.model("tiny-prm")))
        #expect(try await reload().json()["outcome"] == "unchanged")
        #expect(try named(await send(.post, "/v1/rewards", rollouts.serialized())).body == one)
    }

    @Test func `one reload at a time`() async throws {
        shelf.hold()
        let first = Task { await reload() }
        #expect(await eventually { service.isReloading })
        let second = await reload()
        #expect(second.status == .conflict)
        #expect(try second.code() == "reload_in_progress")
        #expect(second.headers[.retryAfter] == "1")
        shelf.release()
        #expect(await first.value.status == .ok)
    }

    @Test func `a server that stops loads nothing more`() async throws {
        service.stopBeingReady()
        let answer = await reload()
        #expect(answer.status == .serviceUnavailable)
        #expect(try answer.code() == "draining")
    }

    @Test(arguments: [("", 200), ("{}", 200), (#"{"model":"../other"}"#, 400), ("[]", 400), ("{", 400)])
    func `there is no model to name`(body: String, status: Int) async {
        #expect(await send(.post, "/admin/reload", Array(body.utf8)).status.code == status)
    }

    @Test func `metrics say which model is served`() async {
        _ = await reload()
        let page = String(decoding: await send(.get, "/metrics").body, as: UTF8.self)
        let facts = other.scorer.facts
        for (revision, value) in [(one, "0.0"), (other.revision, "1.0")] {
            let found = #"model="golden",role="prm",revision="\#(revision)""#
            let computed = #"precision="\#(facts.precision)",kernel="\#(facts.kernel)""#
            #expect(page.contains("linchpin_model_info{\(found),\(computed)} \(value)\n"))
        }
    }
}
