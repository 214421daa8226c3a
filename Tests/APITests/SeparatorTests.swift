// What stands between a policy's steps, whichever model reads them too.
import API
import Fixtures
import HTTPTypes
import JSON
import Scoring
import Serving
import Testing

private let listed: JSONValue = ["prompt": "Add 1 to 9.", "steps": ["9 + 1 = 10", "So it is 10."], "answers": ["10"]]
private let written: JSONValue = ["prompt": "Add 1.", "response": "9 + 1\n= 10\n\nSo 10.\n\nYes.", "answers": ["10"]]

@Suite struct SeparatorTests {
    /// Reward models of two families, which split responses at different places.
    private static func services() throws -> [LanguageService] {
        let services = try ["tiny-prm", "tiny-trl"].map { try LanguageService(rewardModel: $0) }
        #expect(services.map(\.golden.service.model.scorer.profile.separator) == ["\n\n", "\n"])
        return services
    }

    /// What `linchpin signals` writes of it.
    private func line(_ rollout: JSONValue, _ service: LanguageService) async throws -> JSONValue {
        let lines = SignalLines([rollout.serialized()], firstIndex: 0)
        let wants = SignalLines.Wants(tokens: true, logRatios: true)
        return try JSONValue(parsing: try await lines.answers(service.models, wants)[0].bytes)
    }

    private func signals(
        _ rollout: JSONValue,
        _ service: LanguageService,
        _ path: String = "/v1/credit",
        method: JSONValue = "mig"
    ) async throws -> JSONValue {
        let body: JSONValue = ["rollouts": [rollout], "method": method, "return_signals": true]
        return try await service.items(body, path: path)[0]
    }

    @Test(arguments: ["/v1/credit", "/v1/rewards"])
    func `steps of a list without one have the same ids and numbers beside every reward model, and by the command`(
        path: String
    ) async throws {
        var found: [JSONValue] = []
        for service in try Self.services() { found.append(try await signals(listed, service, path)) }
        let command = try await line(listed, try LanguageService())
        for item in found {
            #expect(item["signal_tokens"]?["ids"] == command["token_ids"])
            #expect(item["token_spans"] == command["token_spans"])
            #expect(item["answer_logprobs"] == command["answer_logprob"] && command["answer_logprob"] != nil)
        }
        let said = listed.with(["separator": "\n\n"])
        #expect(try await line(said, try LanguageService()) == command)
        #expect(try await line(listed.with(["separator": "\n"]), try LanguageService()) != command)
    }

    @Test func `a response that the policy alone reads has the same steps beside every reward model`() async throws {
        let command = try await line(written, try LanguageService())
        #expect(command["token_spans"]?.array?.count == 3)
        for service in try Self.services() {
            let item = try await signals(written, service)
            #expect(item["signal_tokens"]?["ids"] == command["token_ids"])
            #expect(item["token_spans"] == command["token_spans"])
            #expect(item["answer_logprobs"] == command["answer_logprob"])
        }
    }

    @Test func `a response that the reward model reads too has its steps`() async throws {
        for (service, steps) in zip(try Self.services(), [3, 4]) {
            let item = try await signals(written, service, "/v1/rewards")
            #expect(item.column("reward").count == steps && item["token_spans"]?.array?.count == steps)
            // Nothing of the response is lost, whoever splits it.
            let own = written.with(["separator": .string(service.golden.service.model.scorer.profile.separator)])
            #expect(item["signal_tokens"]?["ids"] == (try await line(own, service))["token_ids"])
        }
    }

    @Test func `the URL's separator is everybody's`() async throws {
        let services = try Self.services()
        let body: JSONValue = ["rollouts": [listed, written], "method": "mig", "return_signals": true]
        for path in ["/v1/credit", "/v1/rewards"] {
            var answers: [[JSONValue?]] = []
            for service in services {
                let items = try await service.items(body, path: path + "?separator=%0A")
                answers.append(items.map { $0["signal_tokens"] } + items.map { $0["answer_logprobs"] })
            }
            #expect(answers[0] == answers[1])
        }
    }

    @Test func `steps of a list may be joined by nothing, and a response is split somewhere`() async throws {
        let service = try LanguageService()
        let joined = listed.with(["separator": ""])
        let whole: JSONValue = ["prompt": "Add 1 to 9.", "steps": ["9 + 1 = 10So it is 10."], "answers": ["10"]]
        let command = try await line(joined, service)
        for path in ["/v1/credit", "/v1/rewards"] {
            let item = try await signals(joined, service, path)
            #expect(item["signal_tokens"]?["ids"] == command["token_ids"])
            let body: JSONValue = ["rollouts": [written.with(["separator": ""])], "method": "mig"]
            let refused = try await service.refusal(body, path: path)
            #expect(refused.status == 400 && refused.error?["param"] == "rollouts[0].separator")
        }
        #expect(try await line(whole, service)["token_ids"] == command["token_ids"])
    }

    @Test func `sums, means and perplexities over HTTP are those of the command`() async throws {
        let service = try LanguageService()
        let command = try await line(listed, service)
        let ratios = try await signals(listed, service, method: "implicit_prm")
        #expect(ratios["logratio"] == command["logratio"] && ratios["logratio"]?["rollout"]?["mean"]?.double != nil)
        #expect(ratios["logratio"]?["step"]?.array?.count == 2 && ratios["step_perplexity"] == nil)
        #expect(ratios["signals"]?["logratio"] == ratios["logratio"]?["token"])
        let program: JSONValue = [
            ["op": "read", "of": "token_entropy"], ["op": "pool", "by": "mean", "over": "step"],
        ]
        let body: JSONValue = ["rollouts": [listed], "program": program]
        let item = try await service.items(body.with(["return_signals": true]))[0]
        #expect(item["step_perplexity"] == command["step_perplexity"])
        #expect(item["step_perplexity"]?.numbers.count == 2 && item["logratio"] == nil)
        #expect(try await service.items(body)[0]["step_perplexity"] == nil)
    }
}
