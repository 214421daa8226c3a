// What each trainer's client looks at beyond the one number.
import Fixtures
import HTTPTypes
import JSON
import Serving
import Testing

@Suite struct TrainerRouteTests {
    private let golden: GoldenService
    private let sample = Sample()

    init() throws { golden = try GoldenService() }

    @Test func `C-2, OpenRLHF's answer has lists of one and always the same logs`() async throws {
        var keys: [[String]?] = []
        for sample in [sample, Sample(answer: "One.\n\nTwo.\n\nThree.")] {
            let body: JSONValue = [
                "query": [.string(sample.text)], "prompts": [.string(sample.prompt)], "labels": [nil],
            ]
            let answer = try await golden.post("/get_reward", body).json()
            #expect(answer["rewards"]?.array?.count == 1 && answer["scores"] == answer["rewards"])
            for (_, value) in answer["extra_logs"]?.object.map(Array.init) ?? [] {
                #expect(value.array?.count == 1 && value.array?.first?.number?.lexeme.contains(".") == true)
            }
            keys.append(answer["extra_logs"]?.object?.keys)
        }
        #expect(keys[0] == keys[1] && keys[0]?.isEmpty == false)
    }

    @Test func `C-3, an empty shard is 200 with empty lists`() async throws {
        let answer = try await golden.post("/get_reward", ["query": [], "prompts": [], "labels": []]).json()
        #expect(answer["rewards"] == [] && answer["scores"] == [] && answer["extra_logs"] == [:])
        #expect(answer["step_rewards"] == [])
    }

    @Test func `scores are probabilities, whatever scale the rewards are on`() async throws {
        let body: JSONValue = ["query": [.string(sample.text)]]
        let margin = try await golden.post("/get_reward?scale=margin&pooling=min", body).json()
        let chance = try await golden.post("/get_reward?pooling=min", body).json()
        let (one, other) = (margin["scores"]?.array?.first?.double, chance["scores"]?.array?.first?.double)
        #expect(abs(try #require(one) - #require(other)) < 1e-12)
        #expect(margin["rewards"] != chance["rewards"])
    }

    @Test func `step spans are places in the text as sent`() async throws {
        let answer = try await golden.post("/get_reward", ["query": [.string(sample.text)]]).json()
        let bytes = Array(sample.text.utf8)
        let spans = try #require(answer["step_spans"]?.array?.first?.array)
            .map { $0.array?.compactMap(\.integer) ?? [] }
        #expect(spans.map { String(decoding: bytes[$0[0]..<$0[1]], as: UTF8.self) } == ["2 + 3 = 5", "So it is 5."])
        #expect(answer["step_rewards"]?.array?.first?.array?.count == 2)
    }

    @Test(
        arguments: [
            ([:], "missing_field", "query"), (["query": "text"], "invalid_field", "query"),
            (["query": [1]], "invalid_field", "query[0]"),
            (["query": ["a"], "queries": ["a"]], "conflicting_fields", "query"),
            (["query": ["a"], "prompts": []], "invalid_field", "prompts"),
            (["responses": ["a"]], "missing_field", "prompts"),
            (["query": ["a"], "prompts": [[["role": "user", "content": "a"]]]], "invalid_field", "prompts[0]"),
            (["responses": ["a"], "prompts": [nil]], "invalid_field", "prompts[0]"),
            (["query": ["a"], "images": [["aGk="]]], "not_served", "images[0]"),
            (["query": ["no header", "no prompt"]], "no_answer", "query[0]"),
            (["query": ["Q: 1+1?\nA: 2", "A: 2"], "prompts": ["Q: 1+1?\nA:", "Q:"]], "no_answer", "query[1]"),
        ] as [(JSONValue, String, String)]
    )
    func `C-26, what cannot be read is a 400 that names it`(body: JSONValue, code: String, param: String) async throws {
        let response = await golden.post("/get_reward", body)
        #expect(response.status == .badRequest)
        let error = try response.json()["error"]
        #expect(error?["code"]?.string == code && error?["param"]?.string == param)
    }

    @Test func `a base model's prompt is the question as it stands`() async throws {
        let body: JSONValue = ["query": ["What is 2+3?\n2 + 3 = 5"], "prompts": ["What is 2+3?\n"]]
        let found = try await golden.post("/get_reward", body).json()["rewards"]?.array?.first
        let native: JSONValue = ["prompt": "What is 2+3?\n", "response": "2 + 3 = 5"]
        let answer = try await golden.post("/v1/rewards", ["rollouts": [native]]).json()
        #expect(found == answer["data"]?.array?.first?["reward"])
    }

    @Test(arguments: ["<|endoftext|>", "<pad>", "<|im_end|>"])
    func `C-27, padding on either side changes nothing`(token: String) async throws {
        let plain = try await golden.post("/get_reward", ["query": [.string(sample.text)]]).json()["rewards"]
        for (left, right) in [(50, 0), (0, 50), (3, 3)] {
            let text = String(repeating: token, count: left) + sample.text + String(repeating: token, count: right)
            let padded: JSONValue = ["query": [.string(text)], "prompts": [.string(sample.prompt)]]
            #expect(try await golden.post("/get_reward", padded).json()["rewards"] == plain)
        }
    }

    @Test func `a rollout that cannot be scored is worth what the URL says`() async throws {
        let long = Sample(answer: String(repeating: "1 + 1 = 2. ", count: 400))
        let texts = [sample, Sample(answer: ""), long].map { JSONValue.string($0.text) }
        #expect(await golden.post("/get_reward", ["query": .array(texts)]).status == .unprocessableContent)
        let answer = try await golden.post("/get_reward?unscorable=-1", ["query": .array(texts)]).json()
        let alone = try await golden.post("/get_reward", ["query": [texts[0]]]).json()
        #expect(answer["rewards"] == .array([try #require(alone["rewards"]?.array?.first), -1.0, -1.0]))
        #expect(answer["step_rewards"]?.array?.map { $0.array?.count } == [2, 0, 0])
        #expect(answer["extra_logs"]?["prm_steps"] == [2.0, 0.0, 0.0])
        #expect(answer["extra_logs"]?["prm_min"]?.array?.last == -1.0)
        let factory = try await golden.post("/v1/score/evaluation?unscorable=0", ["messages": .array(texts)]).json()
        #expect(factory["scores"]?.array?.last?.number?.lexeme == "0.0")
        let slime: JSONValue = ["prompt": .string(sample.prompt), "response": "<|im_end|>"]
        #expect(await golden.post("/rm?unscorable=0.25", slime).body == Array("0.25".utf8))
        #expect(await golden.post("/rm", slime).status == .unprocessableContent)
    }

    @Test(arguments: ["/", "/rm"])
    func `C-5, a text and a chat list are the same bare number`(path: String) async throws {
        let text: JSONValue = ["prompt": .string(sample.prompt), "response": .string(sample.answer), "label": "5"]
        let chat: JSONValue = ["prompt": sample.messages, "response": .string(sample.answer), "label": nil]
        let response = await golden.post(path, text)
        #expect(response.headers[.contentType] == "application/json")
        #expect(response.body.allSatisfy { "0123456789.e-".utf8.contains($0) } && !response.body.isEmpty)
        #expect(await golden.post(path, chat).body == response.body)
    }

    @Test func `C-6, the object has a score and its steps`() async throws {
        let body: JSONValue = ["prompt": .string(sample.prompt), "response": .string(sample.answer)]
        let answer = try await golden.post("/rm?format=object", body).json()
        #expect(answer["score"] == (try await golden.post("/rm", body).json()))
        #expect(answer["step_rewards"]?.array?.count == 2 && answer["weakest_step"]?.integer != nil)
    }

    @Test(
        arguments: [
            (["response": "a", "label": "2", "extra_info": [:]], "missing_field", "prompt"),
            (["prompt": "p"], "missing_field", "response"),
            (["solution_str": "a"], "missing_field", "extra_info.question"),
            (["prompt": 1, "response": "a"], "invalid_field", "prompt"),
            (["prompt": [], "response": "a"], "invalid_field", "prompt"),
            (["prompt": [["role": "tool", "content": "x"]], "response": "a"], "invalid_field", "prompt[0].role"),
            (
                ["prompt": "<|im_start|>system\nx<|im_end|>\n<|im_start|>assistant\n", "response": "a"],
                "no_question", "prompt"
            ),
        ] as [(JSONValue, String, String)]
    )
    func `without a question there is no reward, and the answer says why`(
        body: JSONValue,
        code: String,
        param: String
    ) async throws {
        let response = await golden.post("/rm", body)
        #expect(response.status == .badRequest)
        let error = try response.json()["error"]
        #expect(error?["code"]?.string == code && error?["param"]?.string == param)
    }

    @Test func `C-7, LLaMA-Factory gets as many scores as messages`() async throws {
        let texts = [sample, Sample(question: "Why?"), sample].map { JSONValue.string($0.text) }
        let answer = try await golden.post("/v1/score/evaluation", ["model": "m", "messages": .array(texts)]).json()
        #expect(answer["scores"]?.array?.count == 3)
        #expect(answer["object"] == "score.evaluation")
        let refused = await golden.post("/v1/score/evaluation", ["messages": ["no header"]])
        #expect(refused.status == .badRequest)
        #expect(try refused.json()["scores"] == nil)
    }

    @Test func `C-20, escaped and raw text score the same, a lone surrogate and NaN are refused`() async throws {
        let raw = Array(#"{"query":["<|im_start|>user\nWhy? 😀<|im_end|>\n<|im_start|>assistant\nSo 😀."]}"#.utf8)
        let escaped = Array(
            #"{"query":["<|im_start|>user\nWhy? \ud83d\ude00<|im_end|>\n<|im_start|>assistant\nSo \ud83d\ude00."]}"#
                .utf8
        )
        let answers = try await (golden.post("/get_reward", raw).json(), golden.post("/get_reward", escaped).json())
        #expect(answers.0["rewards"] != nil && answers.0["rewards"] == answers.1["rewards"])
        for text in [#"{"query":["\ud800"]}"#, #"{"query":[],"labels":[NaN]}"#] {
            #expect(await golden.post("/get_reward", Array(text.utf8)).status == .badRequest)
        }
    }
}
