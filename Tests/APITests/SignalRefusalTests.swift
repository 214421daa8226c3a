// What is refused, dropped and counted where language models are asked.
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

@Suite struct SignalRefusalTests {
    @Test(
        arguments: [
            (
                "mig", false, rollout, "no_model",
                "Operator 0 (read) needs answer_logprob, which no rollout has; the policy that computes it is not loaded: "
                    + "start the server with --model policy=DIR, or send signals.answer_logprob."
            ),
            (
                "implicit_prm", true, rollout, "no_model",
                "Operator 0 (read) needs logratio, which no rollout has; the reference that computes it is not loaded: "
                    + "start the server with --model reference=DIR, or send signals.logratio."
            ),
            (
                "mig", true, ["prompt": "p", "steps": ["s"]], "missing_signal",
                "Operator 0 (read) needs answer_logprob, which no rollout has; send signals.answer_logprob, or answers of "
                    + "which the policy is to tell it."
            ),
            (
                "mig", true, ["prompt": "p", "answers": ["1"]], "missing_signal",
                "Operator 0 (read) needs answer_logprob, which no rollout has."
            ),
        ] as [(JSONValue, Bool, JSONValue, String, String)]
    )
    func `a signal that cannot be had names itself, its operator and what would help`(
        method: JSONValue,
        hasPolicy: Bool,
        rollout: JSONValue,
        code: String,
        message: String
    ) async throws {
        let golden = try hasPolicy ? LanguageService(hasReference: false).golden : GoldenService()
        for path in ["/v1/credit", "/v1/rewards"] where rollout["steps"] != nil || path == "/v1/credit" {
            let response = await golden.post(path, ["rollouts": [rollout], "method": method])
            #expect(response.status == .unprocessableContent)
            let error = try response.json()["error"]
            #expect(error?["code"]?.string == code && error?["message"]?.string == message)
            #expect(error?["param"] == "method")
        }
    }

    @Test(
        arguments: [
            (["answers": ["10", ""]], "empty_answer", "rollouts[1].answers[1]"),
            (["steps": []], "empty_steps", "rollouts[1].steps"),
            (["prompt": ""], "empty_prompt", "rollouts[1].prompt"),
            (["prompt": .string(String(repeating: "1 ", count: 600))], "too_long", "rollouts[1].steps"),
        ] as [(JSONObject, String, String)]
    )
    func `a rollout that cannot be asked about is an error of its own`(
        change: JSONObject,
        code: String,
        param: String
    ) async throws {
        let service = try LanguageService(hasReference: false)
        let bad = rollout.with(change)
        let good = try await service.items(["rollouts": [rollout], "method": "mig"])[0]
        let items = try await service.items(["rollouts": [rollout, bad], "method": "mig"])
        #expect(items[0] == good && items[1]["object"] == "error")
        #expect(items[1]["error"]?["code"]?.string == code && items[1]["error"]?["param"]?.string == param)
        // Alone, its status is the answer's.
        let alone = await service.golden.post("/v1/credit", ["rollouts": [bad], "method": "mig"])
        #expect(alone.status == .unprocessableContent)
        #expect(try alone.json()["data"]?.array?[0]["error"]?["code"]?.string == code)
    }

    @Test func `a step without a token has no signals of tokens, and is no reason to lack the answer's`() async throws {
        let service = try LanguageService()
        let empty = rollout.with(["steps": ["9 + 1 = 10", ""]])
        let items = try await service.items(["rollouts": [rollout, empty], "method": "implicit_prm"])
        #expect(items[1]["error"]?["code"] == "bad_token_span" && items[0]["object"] == "reward")
        #expect(items[1]["error"]?["param"] == "rollouts[1].token_spans[1]")
        let mig = try await service.items(["rollouts": [empty], "method": "mig"])[0]
        #expect(mig.column("credit").count == 2 && mig["token_credit"] == nil && mig["token_spans"] == nil)
    }

    @Test func `tokens of the caller's are those of the signals, or the rollout is refused`() async throws {
        let service = try LanguageService()
        let body: JSONValue = ["rollouts": [rollout], "method": "implicit_prm"]
        let spans = try await service.items(body)[0]["token_spans"] ?? .null
        func saying(_ key: String, _ value: JSONValue) -> JSONValue {
            body.with(["rollouts": [rollout.with([key: value])]])
        }
        #expect(try await service.items(saying("token_spans", spans))[0]["token_spans"] == spans)
        for (key, value) in [("token_spans", [[0, 1], [1, 3]]), ("token_count", 4)] as [(String, JSONValue)] {
            let refused = await service.golden.post("/v1/credit", saying(key, value))
            let error = try refused.json()["data"]?.array?[0]["error"]
            #expect(refused.status == .unprocessableContent && error?["code"] == "token_mismatch")
            #expect(error?["param"]?.string == "rollouts[0].\(key)")
        }
        #expect(try await service.refusal(saying("token_mask", [true])).status == 422)
        // The likelihood of an answer is a step's: tokens stay the caller's.
        let own = rollout.with(["token_spans": [[0, 1], [1, 3]]])
        let mig = try await service.items(["rollouts": [own], "method": "mig"])[0]
        #expect(mig["token_credit"]?.array?.count == 3 && mig["token_spans"] == nil)
    }

    @Test(arguments: ["turns", "states", "mask", "rewards"])
    func `what is said of steps agrees with the text`(key: String) async throws {
        let values: [String: JSONValue] = ["turns": [0], "states": ["a"], "mask": [true], "rewards": [0.5]]
        let service = try LanguageService(hasReference: false)
        let refused = try await service.refusal(
            ["rollouts": [rollout.with([key: values[key] ?? .null])], "method": "mig"]
        )
        #expect(refused.status == 400 && refused.error?["param"] == "rollouts[0]")
    }

    @Test(
        arguments: [
            ["answer_format": ["before": "a"]], ["answer_format": ["several": "mean"]], ["answer_format": 1],
            ["return_signals": 1], ["method": nil], ["rollouts": [rollout.with(["answers": [1]])]],
        ] as [JSONObject]
    )
    func `what is malformed is refused`(change: JSONObject) async throws {
        let body: JSONValue = ["rollouts": [rollout], "method": "mig", "answer_format": ["prefix": "a"]]
        let service = try LanguageService(hasReference: false)
        #expect(try await service.refusal(body.with(change)).status == 400)
    }

    @Test func `a deadline drops what waits, and says when to come back`() async throws {
        let slow = EngineSettings(beforeRound: { try? await Task.sleep(for: .seconds(1)) })
        let service = try LanguageService(hasReference: false, settings: slow)
        for path in ["/v1/credit", "/v1/rewards"] {
            let late = await service.golden.post(path + "?wait=0.3", ["rollouts": [rollout], "method": "mig"])
            #expect(late.status == .serviceUnavailable && Int(late.headers[.retryAfter] ?? "") ?? 0 >= 1)
            #expect(try late.code() == "deadline_exceeded")
        }
        let policy = try #require(service.models.policy)
        #expect(await eventually { policy.load.openRequests == 0 && policy.load.queuedItems == 0 })
        let page = String(decoding: await service.golden.send(.get, "/metrics").body, as: UTF8.self)
        #expect(page.contains(#"linchpin_unscored_rollouts_total{reason="deadline"} 2"#))
    }

    @Test func `a full queue is a 429 before any model works, and a caller who leaves drops the work`() async throws {
        let limits = BatchLimits(maximumBatchTokens: 16, maximumQueueTokens: 64)
        let slow = EngineSettings(limits: limits, beforeRound: { try? await Task.sleep(for: .milliseconds(20)) })
        let service = try LanguageService(hasReference: false, settings: slow)
        let policy = try #require(service.models.policy)
        let many = (0..<200).map { rollout.with(["prompt": .string("What is \($0)+\($0)?")]) }
        let busy = Task { await service.golden.post("/v1/credit", ["rollouts": .array(many), "method": "mig"]) }
        #expect(await eventually { policy.load.queuedTokens > 64 })
        let batches = service.golden.service.model.scorer.load.batches
        for path in ["/v1/credit", "/v1/rewards"] {
            let refused = await service.golden.post(path, ["rollouts": [rollout], "method": "mig"])
            #expect(refused.status == .tooManyRequests && Int(refused.headers[.retryAfter] ?? "") ?? 0 >= 1)
            #expect(try refused.code() == "overloaded")
        }
        #expect(service.golden.service.model.scorer.load.batches == batches)
        busy.cancel()
        #expect(await busy.value.status == .serviceUnavailable)
        #expect(await eventually { policy.load.openRequests == 0 && policy.load.queuedItems == 0 })
        #expect(policy.load.droppedItems > 0)
    }

    @Test func `answers tell their times, and rollouts are counted`() async throws {
        let service = try LanguageService()
        let bad = rollout.with(["steps": []])
        let answer = await service.golden.post("/v1/credit", ["rollouts": [rollout, bad], "method": "implicit_prm"])
        let timing = try #require(answer.headers[HTTPField.Name("Server-Timing") ?? .server])
        let parts = timing.split(separator: ", ").compactMap { Double($0.split(separator: "=").last ?? "") }
        #expect(parts.count == 4 && parts[2] > 0 && parts.dropLast().reduce(0, +) <= parts[3] + 0.01)
        let page = String(decoding: await service.golden.send(.get, "/metrics").body, as: UTF8.self)
        #expect(page.contains(#"linchpin_signal_rollouts_total{outcome="answered"} 1"#))
        #expect(page.contains(#"linchpin_signal_rollouts_total{outcome="failed"} 1"#))
        #expect(page.contains(#"linchpin_rollout_errors_total{code="empty_steps"} 1"#))
        let tokens = try answer.json()["usage"]?["total_tokens"]?.integer ?? 0
        #expect(tokens > 0 && page.contains("linchpin_signal_tokens_total \(tokens)"))
    }
}
