// Full queues of language models: told before anything works, waited for once something did.
import API
import Batching
import Fixtures
import HTTPTypes
import JSON
import Scoring
import Serving
import Testing

private let rollout: JSONValue = [
    "id": "r0", "prompt": "Add 1 to 9.", "steps": ["9 + 1 = 10", "So it is 10."], "answers": ["10"],
]

@Suite(.timeLimit(.minutes(2))) struct SignalOverloadTests {
    private let gate = Gate()

    /// A small queue, before rounds that a test lets stand still.
    private var slow: EngineSettings {
        EngineSettings(
            limits: BatchLimits(maximumBatchTokens: 16, maximumQueueTokens: 64),
            beforeRound: { [gate] in
                await gate.pass()
                try? await Task.sleep(for: .milliseconds(2))
            }
        )
    }

    /// Keeps a model's queue full for dozens of rounds, or until it is cancelled.
    private func fill(_ model: LanguageModelScorer, waits: Bool = false) -> Task<Void, Never> {
        let requests = (0..<100).map { number in
            SignalRequest(.tokens(prompt: [1, Int32(number)], steps: [[2, 3, 4, 5]]), wantsTokens: true)
        }
        var model = model
        model.groupCost = .max
        return Task { [model] in _ = try? await model.signals(for: requests, waits: waits) }
    }

    @Test(arguments: ["/v1/credit", "/v1/rewards"], [ModelRole.policy, .reference])
    func `a full queue of any model that is needed is told before one works`(path: String, role: ModelRole) async throws
    {
        let service = try LanguageService(
            settings: role == .policy ? slow : EngineSettings(),
            referenceSettings: role == .reference ? slow : EngineSettings()
        )
        gate.close()
        defer { gate.open() }
        let (policy, reference) = (try #require(service.models.policy), try #require(service.models.reference))
        let full = role == .policy ? policy : reference
        let filling = fill(full)
        defer { filling.cancel() }
        #expect(await eventually { full.load.queuedTokens > 64 })
        // What is full is known once somebody was refused.
        await #expect(throws: ScoringError.self) {
            try await full.signals(for: [SignalRequest(.tokens(prompt: [1], steps: [[2]]), wantsTokens: true)])
        }
        let body: JSONValue = ["rollouts": [rollout], "method": "implicit_prm"]
        let refused = try await service.refusal(body, path: path)
        #expect(refused.status == 429 && refused.error?["code"] == "overloaded")
        let others = role == .policy ? [reference.load] : [policy.load]
        let rewards = service.golden.service.model.scorer.load
        #expect((others + [rewards]).allSatisfy { $0.batches == 0 && $0.runningItems == 0 })
        // What the text says is not even looked at: no tokenizer works for it.
        let bad: JSONValue = ["rollouts": [rollout.with(["prompt": ""])], "method": "implicit_prm"]
        #expect(try await service.refusal(bad, path: path).status == 429)
        // Who asks another model is served.
        guard role == .reference else { return }
        #expect(try await service.items(["rollouts": [rollout], "method": "mig"], path: path)[0]["object"] == "reward")
    }

    @Test(arguments: ["/v1/credit", "/v1/rewards"])
    func `whoever would wait is told where as many wait as may`(path: String) async throws {
        var settings = slow
        settings.limits.maximumWaitingTokens = 1
        let service = try LanguageService(hasReference: false, settings: settings)
        gate.close()
        defer { gate.open() }
        let policy = try #require(service.models.policy)
        let filling = fill(policy)
        defer { filling.cancel() }
        #expect(await eventually { policy.load.queuedTokens > 64 })
        let body: JSONValue = ["rollouts": [rollout], "method": "mig"]
        let waiting = Task { await service.golden.post(path + "?wait=60", body) }
        #expect(await eventually { policy.load.waitingRequests == 1 })
        let refused = try await service.refusal(body, path: path + "?wait=60")
        #expect(refused.status == 503)
        #expect(policy.load.waitingRequests == 1)
        waiting.cancel()
        _ = await waiting.value
    }

    @Test func `once a part of a request was accepted the rest waits`() async throws {
        let service = try LanguageService(hasReference: false, settings: slow, groupCost: 1)
        gate.close()
        defer { gate.open() }
        let policy = try #require(service.models.policy)
        let body: JSONValue = ["rollouts": [rollout, rollout.with(["prompt": "Add 2."])], "method": "mig"]
        let request = Task { await service.golden.post("/v1/credit", body) }
        #expect(await eventually { policy.load.openRequests == 1 })
        // Between the first part and the second somebody else has filled the queue.
        let filling = fill(policy, waits: true)
        defer { filling.cancel() }
        #expect(await eventually { policy.load.waitingRequests == 1 })
        gate.open()
        let answer = await request.value
        #expect(answer.status == .ok)
        #expect(try answer.json()["data"]?.array?.map { $0["object"] } == ["reward", "reward"])
    }

    @Test func `what the policy did is not thrown away for a full queue of the reference`() async throws {
        let policyGate = Gate()
        let service = try LanguageService(
            settings: EngineSettings(beforeRound: { await policyGate.pass() }),
            referenceSettings: slow
        )
        policyGate.close()
        gate.close()
        defer {
            policyGate.open()
            gate.open()
        }
        let (policy, reference) = (try #require(service.models.policy), try #require(service.models.reference))
        let body: JSONValue = ["rollouts": [rollout], "method": "implicit_prm"]
        let request = Task { await service.golden.post("/v1/credit", body) }
        #expect(await eventually { policy.load.runningItems > 0 })
        let filling = fill(reference)
        #expect(await eventually { reference.load.queuedTokens > 64 })
        policyGate.open()
        #expect(await eventually { reference.load.waitingRequests == 1 })
        filling.cancel()
        gate.open()
        #expect(await request.value.status == .ok)
    }
}
