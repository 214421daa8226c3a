// The queue and the rounds of every model, by its role.
import Batching
import Fixtures
import Foundation
import HTTPTypes
import JSON
import Scoring
import Serving
import Testing

@Suite(.timeLimit(.minutes(1))) struct LanguageMetricsTests {
    private let rollout: JSONValue = ["prompt": "What is 1+1?", "steps": ["1 + 1 = 2.", "So 2."], "answers": ["2"]]

    /// The page's lines by their series.
    private func page(of service: LanguageService) async -> [String: Double] {
        let text = String(decoding: await service.golden.send(.get, "/metrics").body, as: UTF8.self)
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
            line.lastIndex(of: " ").map { (String(line[..<$0]), Double(line[line.index(after: $0)...]) ?? .nan) }
        }
        return Dictionary(lines) { _, _ in .nan }
    }

    @Test func `the rounds of each model are its own`() async throws {
        let service = try LanguageService()
        _ = try await service.answer(["rollouts": [rollout], "method": "mig"])
        var page = await page(of: service)
        for (role, wants) in [("prm", false), ("policy", true), ("reference", false)] {
            for name in ["batches", "computed_tokens", "kernel_busy_seconds"] {
                let value = try #require(page["linchpin_\(name)_total{role=\"\(role)\"}"])
                #expect(wants ? value > 0 : value == 0, "\(name) of \(role)")
            }
            let rounds = page["linchpin_batches_total{role=\"\(role)\"}"]
            #expect(page["linchpin_batch_fill_ratio_count{role=\"\(role)\"}"] == rounds)
        }
        #expect(page[#"linchpin_computed_tokens_per_second{role="policy"}"#] ?? 0 > 0)
        _ = try await service.answer(["rollouts": [rollout], "method": "implicit_prm"])
        page = await self.page(of: service)
        #expect(page[#"linchpin_batches_total{role="reference"}"#] ?? 0 > 0)
        #expect(page[#"linchpin_batches_total{role="prm"}"#] == 0)
    }

    @Test func `what waits for the policy is told of the policy alone`() async throws {
        let gate = Gate()
        gate.close()
        let service = try LanguageService(settings: EngineSettings(beforeRound: { await gate.pass() }))
        let asked = Task { try await service.answer(["rollouts": [rollout], "method": "mig"]) }
        #expect(await eventually { service.models.policy?.load.openRequests == 1 })
        let page = await page(of: service)
        #expect(page[#"linchpin_queue_requests{role="policy"}"#] == 1)
        let (queued, running) = ("linchpin_queue_tokens", "linchpin_running_tokens")
        #expect((page[queued + #"{role="policy"}"#] ?? 0) + (page[running + #"{role="policy"}"#] ?? 0) > 0)
        for name in ["queue_requests", "queue_tokens", "waiting_tokens", "running_tokens", "slots_in_use"] {
            for role in ["prm", "reference"] { #expect(page["linchpin_\(name){role=\"\(role)\"}"] == 0) }
        }
        gate.open()
        _ = try await asked.value
        #expect(await self.page(of: service)[#"linchpin_queue_requests{role="policy"}"#] == 0)
    }

    @Test func `every model that is served is on the page with its revision`() async throws {
        let service = try LanguageService()
        let page = await page(of: service)
        for language in service.models.all {
            let name = language.role.rawValue
            let served = "linchpin_model_info{model=\"\(name)\",role=\"\(name)\",revision=\"\(language.revision)\","
            #expect(page.first { $0.key.hasPrefix(served) }?.value == 1)
        }
        #expect(page.keys.count { $0.hasPrefix("linchpin_model_info{") } == 3)
        // A server without language models tells of none.
        let alone = String(decoding: try await GoldenService().send(.get, "/metrics").body, as: UTF8.self)
        #expect(alone.contains(#"linchpin_queue_tokens{role="prm"}"#) && !alone.contains(#"role="policy""#))
    }
}
