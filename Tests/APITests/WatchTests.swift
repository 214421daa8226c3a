// The watch over a service whose computing a test can stop.
import API
import Checkpoints
import Fixtures
import HTTPTypes
import JSON
import Logging
import Scoring
import Serving
import Testing

@Suite(.timeLimit(.minutes(2))) struct WatchTests {
    private let gate = Gate()

    /// A watched service of the built-in model.
    private func watched(
        hangLimit: Duration = .seconds(120),
        _ body: (API.Service) async throws -> Void
    ) async throws {
        let (scorer, revision) = try Scorer.named(
            checkpoint: builtInCheckpoint(),
            settings: EngineSettings(beforeRound: { [gate] in await gate.pass() })
        )
        var canary = try await Canary(of: scorer)
        // Of a machine with nothing else to do: how long silence is let pass follows from it.
        canary.seconds = 0.002
        let service = API.Service(
            model: ServedModel(
                scorer: scorer,
                defaultCredit: scorer.profile.defaultCredit,
                revision: revision,
                canary: canary
            ),
            servedName: "watched",
            maximumBodyBytes: 1 << 20,
            hangLimit: hangLimit,
            connections: Counters(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await service.watch() }
            defer {
                gate.open()
                group.cancelAll()
            }
            try await body(service)
        }
    }

    private func get(_ path: String, _ service: API.Service) async -> (status: Int, code: String?) {
        let answer = await service.respond(to: .request(Request(method: .get, path: path)))
        return (answer.status.code, try? answer.code())
    }

    private func score(_ service: API.Service) async -> Response {
        let body: JSONValue = ["rollouts": [["prompt": "Start with 1. Add 1.", "steps": ["1 + 1 = 2"]]]]
        return await service.respond(
            to: .request(Request(method: .post, path: "/v1/rewards", headers: [:], body: body.serialized()))
        )
    }

    @Test(arguments: [false, true])
    func `computing that stands still is not ready, and ready again when it goes on`(isBusy: Bool) async throws {
        try await watched { service in
            #expect(await score(service).status == .ok)
            // Beside a thousand other tests a look at the model may come too late, and the next one not.
            #expect(await eventually { await get("/health/ready", service).status == 200 })
            gate.close()
            let waiting = isBusy ? Task { await score(service) } : nil
            #expect(await eventually { await get("/health/ready", service).status == 503 })
            #expect(await get("/health/ready", service).code == "model_stalled")
            for path in ["/health", "/ping", "/v2/health/ready", "/v2/models/watched/ready"] {
                #expect(await get(path, service).status == 503)
            }
            #expect(await get("/health/live", service).status == 200)
            gate.open()
            #expect(await eventually { await get("/health/ready", service).status == 200 })
            if let waiting { #expect(await waiting.value.status == .ok) }
        }
    }

    @Test func `computing that stands still for good is not alive`() async throws {
        try await watched(hangLimit: .seconds(2)) { service in
            gate.close()
            #expect(await eventually { await get("/health/live", service).status == 503 })
            #expect(await get("/v2/health/live", service).status == 503)
        }
    }

    @Test func `probes cost no round while others run, and are no rounds to the metrics`() async throws {
        try await watched { service in
            try await Task.sleep(for: .seconds(1))
            let page = await service.respond(to: .request(Request(method: .get, path: "/metrics")))
            #expect(String(decoding: page.body, as: UTF8.self).contains(#"linchpin_batches_total{role="prm"} 0.0"#))
        }
    }
}
