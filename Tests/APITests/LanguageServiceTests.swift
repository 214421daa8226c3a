// Language models beside the reward model: watch and reload.
import API
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

private func checkpoint(_ golden: String) throws -> Checkpoint {
    try Checkpoint(folder: Shared.checkout.appendingPathComponent("Tests/Goldens/" + golden).path)
}

private func rewardModel(_ golden: String) async throws -> ServedModel {
    let (scorer, revision) = try Scorer.named(checkpoint: checkpoint(golden))
    return ServedModel(
        scorer: scorer,
        defaultCredit: scorer.profile.defaultCredit,
        revision: revision,
        canary: try await Canary(of: scorer)
    )
}

private func languageModel(_ golden: String, _ role: ModelRole, gate: Gate = Gate()) async throws -> LanguageModelScorer
{
    try await LanguageModelScorer(
        checkpoint: checkpoint(golden),
        role: role,
        settings: EngineSettings(cacheBytes: 1 << 20, beforeRound: { await gate.pass() })
    ).proven()
}

private func service(
    _ model: ServedModel,
    _ languages: LanguageModels,
    loader: ModelLoader? = nil
) throws -> API.Service {
    API.Service(
        model: model,
        languages: languages,
        loader: loader,
        servedName: "three",
        maximumBodyBytes: 1 << 20,
        access: try Access(operators: ["admin-key"]),
        connections: Counters(),
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    )
}

/// Whether callers may stop.
private final class End: Sendable {
    private let state = Mutex(false)

    var hasCome: Bool { state.withLock { $0 } }
    func come() { state.withLock { $0 = true } }
}

@Suite(.timeLimit(.minutes(2))) struct LanguageServiceTests {
    private let rollouts: JSONValue = ["rollouts": [["prompt": "What is 1+1?", "steps": ["1 + 1 = 2.", "So 2."]]]]

    private func send(_ method: HTTPRequest.Method, _ path: String, to service: API.Service) async -> Response {
        let headers: HTTPFields = [.authorization: "Bearer admin-key"]
        let body = path == "/v1/rewards" ? rollouts.serialized() : []
        return await service.respond(to: .request(Request(method: method, path: path, headers: headers, body: body)))
    }

    @Test(arguments: [ModelRole.policy, .reference])
    func `a language model that stands still is not ready, and ready when it goes on`(role: ModelRole) async throws {
        let gate = Gate()
        var policy = try await languageModel("tiny-llama", .policy, gate: role == .policy ? gate : Gate())
        var reference = try await languageModel("tiny-llama", .reference, gate: role == .reference ? gate : Gate())
        // Of a machine with nothing else to do, as in WatchTests.
        policy.canary?.seconds = 0.002
        reference.canary?.seconds = 0.002
        let service = try service(
            try await rewardModel("tiny-prm"),
            LanguageModels(policy: policy, reference: reference)
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await service.watch() }
            defer {
                gate.open()
                group.cancelAll()
            }
            #expect(await eventually { await send(.get, "/health/ready", to: service).status == .ok })
            gate.close()
            #expect(await eventually { await send(.get, "/health/ready", to: service).status.code == 503 })
            let code = try await send(.get, "/health/ready", to: service).code()
            #expect(code == "model_stalled")
            #expect(await send(.get, "/health/live", to: service).status == .ok)
            // Rewards need no language model.
            #expect(await send(.post, "/v1/rewards", to: service).status == .ok)
            gate.open()
            #expect(await eventually { await send(.get, "/health/ready", to: service).status == .ok })
        }
    }

    @Test(arguments: [ModelRole.policy, .reference])
    func `a language model with other bits than when it was loaded is not ready`(role: ModelRole) async throws {
        var policy = try await languageModel("tiny-llama", .policy)
        var reference = try await languageModel("tiny-llama", .reference)
        // What another model sang.
        let other = try await languageModel("tiny-prm", role).canary
        if role == .policy { policy.canary = other } else { reference.canary = other }
        let service = try service(
            try await rewardModel("tiny-prm"),
            LanguageModels(policy: policy, reference: reference)
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await service.watch() }
            defer { group.cancelAll() }
            #expect(await eventually { await send(.get, "/health/ready", to: service).status.code == 503 })
            let code = try await send(.get, "/health/ready", to: service).code()
            #expect(code == "model_wrong")
        }
    }

    @Test func `reloads of the reward model under load leave policy and reference as they are`() async throws {
        let languages = LanguageModels(
            policy: try await languageModel("tiny-llama", .policy),
            reference: try await languageModel("tiny-llama", .reference)
        )
        let models = Mutex(["tiny-trl", "tiny-prm"])
        let loader: ModelLoader = { () async throws(ModelRefusal) in
            let next = models.withLock { names in
                names.reverse()
                return names[0]
            }
            do { return try await rewardModel(next) } catch { throw ModelRefusal("\(error)") }
        }
        let service = try service(try await rewardModel("tiny-trl"), languages, loader: loader)
        @Sendable func ask(_ round: Int) async throws -> LanguageSignals {
            let request = SignalRequest(
                .text(.text("Add \(round % 7) to 9."), .list(["9 + 1 = 10", "So 10."]), separator: "\n"),
                wantsTokens: true,
                wantsLogRatios: true,
                answers: ["10"]
            )
            return try await languages.signals(for: [request], waits: true)[0].get()
        }
        var alone: [LanguageSignals] = []
        for round in 0..<7 { alone.append(try await ask(round)) }
        let end = End()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for first in 0..<3 {
                group.addTask { [alone] in
                    var round = first
                    while !end.hasCome || round < first + 14 {
                        let (found, expected) = (try await ask(round), alone[round % 7])
                        #expect(found.tokens == expected.tokens && found.logRatios == expected.logRatios)
                        #expect(found.answerLogprobs == expected.answerLogprobs)
                        #expect(await send(.post, "/v1/rewards", to: service).status == .ok)
                        round += 1
                    }
                    return round
                }
            }
            var replaced = 0
            for _ in 0..<4 where await eventually({ await send(.post, "/admin/reload", to: service).status == .ok }) {
                replaced += 1
            }
            end.come()
            #expect(replaced == 4)
            for try await rounds in group { #expect(rounds >= 14) }
        }
    }
}
