// Signals that the server computes, through the routes.
import Foundation
import HTTPTypes
import JSON
import Scoring
import Serving
import Testing

private let separator = "\n"
private let rollout: JSONValue = [
    "id": "r0", "prompt": "Add 1 to 9.", "steps": ["9 + 1 = 10", "So it is 10.", "Done."], "answers": ["10"],
    "separator": .string(separator),
]
private let another: JSONValue = [
    "id": "r1", "prompt": "What is 2+3?", "response": "2 + 3 = 5\n\nSo 5.", "separator": "\n\n",
    "answers": ["5", "five"],
]

private func text(_ rollout: JSONValue) -> PolicyText {
    let steps = rollout["steps"]?.array?.compactMap(\.string)
    return .text(
        .text(rollout["prompt"]?.string ?? ""),
        steps.map(StepSource.list) ?? .response(rollout["response"]?.string ?? "", separator: "\n\n"),
        separator: rollout["separator"]?.string ?? ""
    )
}

@Suite struct SignalRouteTests {
    private let service: LanguageService

    init() throws { service = try LanguageService() }

    @Test func `MIG of a text is the watermark of the policy's own numbers, with its tokens`() async throws {
        let answer = try await service.answer(["rollouts": [rollout], "method": "mig"])
        let item = try #require(answer["data"]?.array?.first)
        let own = try await service.signals(SignalRequest(text(rollout), answers: ["10"]))
        let levels = own.answerLogprobs[0]
        var (height, gains) = (levels[0], [Double]())
        for level in levels.dropFirst() {
            gains.append(max(height, level) - height)
            height = max(height, level)
        }
        #expect(item["signals"]?["answer_logprob"]?.numbers == levels && levels.count == 4)
        #expect(item.column("credit") == gains)
        #expect(abs((item["reward"]?.double ?? 9) - (height - levels[0])) < 1e-12)
        let spans = own.tokenSpans.map { JSONValue.array([JSONValue($0.lowerBound), JSONValue($0.upperBound)]) }
        #expect(item["token_spans"] == .array(spans))
        #expect(item["token_credit"]?.array?.count == own.tokenIDs.count)
        #expect(item["signal_tokens"]?["prompt"]?.integer == own.promptIDs.count)
        #expect(item["signal_tokens"]?["answers"]?.array?.compactMap(\.integer) == own.answerTokens)
        #expect(item["signal_tokens"]?["ids"] == nil)
        #expect(item["steps"]?.array?[1]["span"] == [10, 22])
        #expect(answer["usage"]?["total_tokens"]?.integer == own.cost.tokens)
        #expect(answer["language_models"]?.array?.map { $0["role"] } == ["policy"])
        #expect(answer["language_models"]?.array?[0]["model_revision"]?.string == service.models.policy?.revision)
    }

    @Test(arguments: ["mig", "igpo", "a2tgpo"])
    func `a rollout has the same bits alone, in company, and on either route`(method: String) async throws {
        let outcome: JSONObject = ["outcome": 1.0]
        let (one, two) = (rollout.with(outcome), another.with(outcome))
        let alone = try await service.items(["rollouts": [one], "method": .string(method)])[0]
        let both = try await service.items(["rollouts": [one, two], "method": .string(method)])
        let turned = try await service.items(["rollouts": [two, one], "method": .string(method)])
        let scored = try await service.items(["rollouts": [two, one], "method": .string(method)], path: "/v1/rewards")
        #expect(both[0] == alone && turned[1].withoutIndex == alone.withoutIndex)
        #expect(both[1].withoutIndex == turned[0].withoutIndex)
        for key in ["signals", "token_spans", "reward", "token_credit"] { #expect(scored[1][key] == alone[key]) }
        #expect(scored[1].column("credit") == alone.column("credit") && scored[1].column("reward").count == 3)
    }

    @Test func `what stands around an answer is asked with it`() async throws {
        let format: JSONValue = ["prefix": "\nSo: ", "suffix": "!\n", "counts_suffix": true]
        let wrapping = AnswerWrapping(prefix: "\nSo: ", suffix: "!\n", countsSuffix: true)
        let body: JSONValue = ["rollouts": [rollout], "method": "igpo", "answer_format": format]
        let item = try await service.items(body)[0]
        let own = try await service.signals(SignalRequest(text(rollout), answers: ["10"], wrapping: wrapping))
        let chances = own.answerLogprobs[0].map(exp)
        #expect(item["signals"]?["answer_logprob"]?.numbers == own.answerLogprobs[0])
        for (gain, pair) in zip(item.column("credit"), zip(chances.dropFirst(), chances)) {
            #expect(abs(gain - (pair.0 - pair.1)) < 1e-15)
        }
        let bare = try await service.items(["rollouts": [rollout], "method": "igpo"])[0]
        #expect(bare["signals"] != item["signals"])
    }

    @Test func `of several answers the likeliest counts, or their mean chance`() async throws {
        let own = try await service.signals(SignalRequest(text(another), answers: ["5", "five"])).answerLogprobs
        let body: JSONValue = ["rollouts": [another], "method": "mig", "return_signals": true]
        let most = try await service.items(body)[0]
        #expect(most["signals"]?["answer_logprob"]?.numbers == zip(own[0], own[1]).map(max))
        #expect(most["answer_logprobs"]?.array?.map(\.numbers) == own)
        let mean = try await service.items(body.with(["answer_format": ["several": "log_mean_exp"]]))[0]
        for (found, pair) in zip(mean["signals"]?["answer_logprob"]?.numbers ?? [], zip(own[0], own[1])) {
            #expect(abs(found - log((exp(pair.0) + exp(pair.1)) / 2)) < 1e-12)
        }
        let one: JSONValue = ["rollouts": [rollout], "method": "mig"]
        let format: JSONObject = ["answer_format": ["several": "log_mean_exp"]]
        #expect(try await service.items(one)[0] == service.items(one.with(format))[0])
    }

    @Test func `implicit rewards are the log-ratio's sums, and all signals come back where asked for`() async throws {
        let body: JSONValue = ["rollouts": [rollout], "method": "implicit_prm"]
        let answer = try await service.answer(body.with(["return_signals": true]))
        let item = try #require(answer["data"]?.array?.first)
        let own = try await service.signals(SignalRequest(text(rollout), wantsLogRatios: true))
        let ratios = try #require(own.logRatios)
        for (credit, step) in zip(item.column("credit"), ratios.steps) {
            #expect(abs(credit - 0.05 * step.sum) < 1e-12)
        }
        #expect(item["signals"]?["logratio"]?.numbers == ratios.tokens && item["signals"]?.object?.keys == ["logratio"])
        #expect(item["signal_tokens"]?["ids"]?.array?.compactMap(\.integer) == own.tokenIDs.map(Int.init))
        let credits = item["token_credit"]?.numbers ?? []
        #expect(own.tokenSpans.map { credits[$0.upperBound - 1] } == item.column("credit"))
        #expect(answer["language_models"]?.array?.map { $0["role"] } == ["policy", "reference"])
        // Numbers of tokens are not sent to who did not ask for them.
        #expect(try await service.items(body)[0]["signals"] == nil)
    }

    @Test(arguments: ["mig", "implicit_prm", "sepa"])
    func `what came back may be sent, and gives the same without a model`(method: String) async throws {
        let sent = rollout.with(["outcome": 1.0])
        let body: JSONValue = ["rollouts": [sent], "method": .string(method), "return_signals": true]
        let computed = try await service.items(body)[0]
        let facts: JSONValue = [
            "id": "r0", "outcome": 1.0, "signals": computed["signals"] ?? .null,
            "token_spans": computed["token_spans"] ?? .null,
        ]
        let bare = try GoldenService()
        let again = try await bare.post("/v1/credit", ["rollouts": [facts], "method": .string(method)]).json()
        let item = try #require(again["data"]?.array?.first)
        for key in ["reward", "token_credit", "advantage"] { #expect(item[key] == computed[key]) }
        #expect(item.column("credit") == computed.column("credit") && item["signal_tokens"] == nil)
    }

    @Test func `a program may read the model's rewards and signals`() async throws {
        let program: JSONValue = [
            ["op": "read", "of": "answer_logprob"], ["op": "map", "by": "exp"],
            ["op": "diff", "init": "before", "as": "gain"], ["op": "read", "of": "rewards", "as": "judged"],
            ["op": "mix", "terms": [["of": "gain"], ["of": "judged", "coefficient": 2]], "as": "credit"],
            ["op": "read", "of": "token_entropy"], ["op": "pool", "by": "mean", "over": "step", "as": "unsure"],
        ]
        let item = try await service.items(["rollouts": [rollout], "program": program], path: "/v1/rewards")[0]
        let chances = item["signals"]?["answer_logprob"]?.numbers.map(exp) ?? []
        let rewards = item.column("reward")
        for (step, credit) in item.column("credit").enumerated() {
            #expect(abs(credit - (chances[step + 1] - chances[step] + 2 * rewards[step])) < 1e-12)
        }
        #expect(item["steps"]?.array?.allSatisfy { ($0["values"]?["unsure"]?.double ?? 0) > 0 } == true)
        // Where rewards are the caller's they must be sent.
        let refused = try await service.refusal(["rollouts": [rollout], "program": program])
        #expect(refused.status == 422 && refused.error?["code"] == "missing_signal")
        let sent = rollout.with(["rewards": .array(rewards.compactMap { JSONValue($0) })])
        let credited = try await service.items(["rollouts": [sent], "program": program])[0]
        #expect(credited.column("credit") == item.column("credit"))
    }

    @Test func `tokens of the caller's own are asked in the place of text`() async throws {
        let own = try await service.signals(SignalRequest(text(rollout), answers: ["10"]))
        let steps = own.tokenSpans.map { JSONValue.array(own.tokenIDs[$0].map { JSONValue(Int($0)) }) }
        let tokens: JSONValue = ["prompt_token_ids": [5, 6, 7], "step_token_ids": .array(steps), "answers": ["10"]]
        let request = SignalRequest(
            .tokens(prompt: [5, 6, 7], steps: own.tokenSpans.map { Array(own.tokenIDs[$0]) }),
            answers: ["10"]
        )
        let item = try await service.items(["rollouts": [tokens], "method": "mig"])[0]
        #expect(item["signals"]?["answer_logprob"]?.numbers == (try await service.signals(request)).answerLogprobs[0])
        #expect(item["steps"]?.array?[0]["span"] == nil)
        let both = rollout.with(["prompt_token_ids": [5, 6, 7], "step_token_ids": .array(steps)])
        let scored = try await service.items(["rollouts": [both], "method": "mig"], path: "/v1/rewards")[0]
        #expect(scored["signals"] == item["signals"] && scored.column("reward").count == 3)
        let fewer = rollout.with(["prompt_token_ids": [5], "step_token_ids": [[6]]])
        #expect(try await service.refusal(["rollouts": [fewer], "method": "mig"], path: "/v1/rewards").status == 400)
    }

    @Test func `the answers of which the likelihood is told are not the rollout's own`() async throws {
        let group: JSONObject = ["group": 1]
        let said = [rollout.with(group).with(["answer": "10"]), another.with(group).with(["answer": "4"])]
        let item = try await service.items(["rollouts": .array(said), "method": "siop"])[0]
        // The share of 10 among two answers is 1/2, whatever is right.
        let levels = item["signals"]?["answer_logprob"]?.numbers.map { log(exp($0) + 1e-8) } ?? []
        #expect(abs((item.column("credit").first ?? 9) - 0.5 * (levels[1] - levels[0])) < 1e-9)
        let silent = try await service.refusal(["rollouts": [rollout], "method": "siop"])
        #expect(silent.error?["message"]?.string?.contains("needs answer,") == true)
    }

    @Test func `methods tell what a server computes, and who computes here is told`() async throws {
        let list = try await service.golden.send(.get, "/v1/methods").json()["data"]?.array ?? []
        func computed(_ name: JSONValue) -> JSONValue? { list.first { $0["id"] == name }?["inputs"]?["computed"] }
        #expect(computed("mig") == ["answer_logprob": ["policy"], "token_spans": ["policy"]])
        #expect(computed("implicit_prm")?["logratio"] == ["policy", "reference"])
        #expect(computed("sws") == ["rewards": ["prm"]] && computed("grpo") == [:])
        #expect(computed("scope")?["teacher_logprob"] == nil && computed("scope")?["token_logprob"] == ["policy"])
        let models = try await service.golden.send(.get, "/v1/models").json()["data"]?.array ?? []
        #expect(models.map { $0["role"] } == ["prm", "policy", "reference"] && models[0]["id"] == "golden")
        let info = try await service.golden.send(.get, "/info").json()["language_models"]?.array ?? []
        #expect(info.map { $0["model_revision"]?.string } == service.models.all.map(\.revision))
        #expect(Set(info.compactMap { $0["model_revision"]?.string }).count == 2)
    }
}
