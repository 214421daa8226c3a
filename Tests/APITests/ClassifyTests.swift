// POST /classify: rows of C-11, for vLLM's clients and SGLang's.
import Fixtures
import Foundation
import HTTPTypes
import JSON
import Serving
import Testing

@Suite struct ClassifyTests {
    private let golden: GoldenService
    private let chat = JSONValue.string(Pooled.chat(answer: "Step 1.\n\nStep 2."))

    init() throws { golden = try GoldenService() }

    private func answer(_ body: JSONValue, query: String = "") async throws -> JSONValue {
        let response = await golden.post("/classify?\(query)", body)
        #expect(response.status == .ok, "\(String(decoding: response.body, as: UTF8.self))")
        return try response.json()
    }

    private func probability(_ body: JSONValue, query: String = "") async throws -> Double? {
        try await answer(body, query: query)["data"]?.array?.last?["probs"]?.array?.last?.double
    }

    private func credit(_ settings: JSONValue = .null) async throws -> Double? {
        try await golden.native(("credit", settings))["reward"]?.double
    }

    @Test func `C-11: verl's request is answered as vLLM answers it`() async throws {
        let body: JSONValue = ["model": "golden", "input": chat]
        let answer = try await answer(body)
        #expect(answer.object?.keys == ["id", "object", "created", "model", "data", "usage"])
        #expect(answer["id"]?.string?.hasPrefix("classify-") == true)
        let item = try #require(answer["data"]?.array?.first)
        #expect(item.object?.keys == ["index", "label", "probs", "num_classes"])
        #expect(item["label"] == "LABEL_0" && item["num_classes"] == 1 && item["probs"]?.array?.count == 1)
        // verl: data[-1].probs[-1]
        #expect(item["probs"]?.array?.last?.double == (try await credit()))
        #expect(item["probs"]?.array?.last?.number?.lexeme.contains(".") == true)
    }

    @Test func `C-11: use_activation false is the raw value, true the chance`() async throws {
        #expect(try await probability(["input": chat, "use_activation": false]) == credit(["scale": "logit"]))
        #expect(try await probability(["input": chat, "use_activation": true]) == credit(["scale": "probability"]))
        #expect(
            try await probability(["input": chat, "use_activation": true], query: "pooling=product")
                == credit(["pooling": "product"])
        )
    }

    @Test(arguments: [
        ("scale=margin", "use_activation"), ("pooling=product", "use_activation"), ("reward=product", "use_activation"),
    ])
    func `C-11: use_activation and the URL may not disagree`(query: String, param: String) async throws {
        let response = await golden.post("/classify?\(query)", ["input": chat, "use_activation": false])
        #expect(response.status == .badRequest)
        #expect(try response.json()["error"]?["param"]?.string == param)
    }

    @Test func `C-11: XTuner's request is answered as SGLang answers it, lists with lists`() async throws {
        let expected = try await credit()
        let one = try await answer(["model": "golden", "text": chat])
        #expect(one.object?.keys == ["embedding", "meta_info"])
        #expect(one["embedding"]?.array?.map(\.double) == [expected])
        #expect(one["meta_info"]?["prompt_tokens"] == (try await golden.native()["tokens"]))
        let many = try await answer(["text": [chat, chat]])
        #expect(many.array?.map { $0["embedding"]?.array?.first?.double } == [expected, expected])
        #expect(try await answer(["text": [chat]]).array?.count == 1)
    }

    @Test func `C-11: ids are scalar as a list of numbers, a list as lists of them`() async throws {
        let ids = try #require(try await golden.native()["token_ids"])
        let expected = try await credit()
        #expect(try await answer(["input_ids": ids])["embedding"]?.array?.map(\.double) == [expected])
        #expect(try await answer(["input_ids": [ids, ids]]).array?.count == 2)
        #expect(try await probability(["input": [ids]]) == expected)
    }

    @Test(arguments: ["Step 2. <|im_start|>", "Step 2.<extra_0>"])
    func `C-21: a tag that a policy writes moves no step and hides nothing`(last: String) async throws {
        let steps = ["Step 1.<extra_0>", last]
        let native: JSONValue = ["prompt": .string(Pooled.prompt), "steps": .array(steps.map(JSONValue.string))]
        let expected = try await golden.post("/v1/rewards", ["rollouts": [native]]).json()["data"]?.array?.first
        let text = JSONValue.string(Pooled.chat(answer: steps.joined(separator: "\n\n")))
        let reward = try #require(expected?["reward"]?.double)
        #expect(try await probability(["input": text]) == reward)
        let answer: JSONValue = ["role": "assistant", "content": .string(steps.joined(separator: "\n\n"))]
        let messages = (Pooled.messages.array?.dropLast() ?? []) + [answer]
        #expect(try await probability(["messages": .array(messages)]) == reward)
    }

    @Test func `a conversation's last turn is split where the profile or the URL says`() async throws {
        func body(_ answer: String) -> JSONValue {
            let messages =
                (Pooled.messages.array?.dropLast() ?? []) + [["role": "assistant", "content": .string(answer)]]
            return ["messages": .array(messages)]
        }
        #expect(try await probability(body("Step 1.\n\nStep 2.")) == credit())
        #expect(try await probability(body("Step 1.\nStep 2."), query: "separator=%0A") == credit())
        let response = await golden.post("/classify", ["messages": [["role": "user", "content": "q"]]])
        #expect(response.status == .badRequest)
    }

    @Test func `the URL chooses the credit`() async throws {
        #expect(
            try await probability(["input": chat], query: "pooling=mean&scale=margin")
                == credit(["pooling": "mean", "scale": "margin"])
        )
    }

    @Test func `no input is no numbers, in the shape of each`() async throws {
        #expect(try await answer(["input": []])["data"] == [])
        #expect(try await answer(["text": []]) == [])
    }

    @Test func `an unscorable item has the number that the URL gives it`() async throws {
        let inputs: JSONValue = [chat, .string(Pooled.chat(answer: " "))]
        let expected = [try await credit(), -1]
        let vllm = try await answer(["input": inputs], query: "unscorable=-1")
        #expect(vllm["data"]?.array?.map { $0["probs"]?.array?.first?.double } == expected)
        let sglang = try await answer(["text": inputs], query: "unscorable=-1")
        #expect(sglang.array?.map { $0["embedding"]?.array?.first?.double } == expected)
        #expect(sglang.array?.last?["meta_info"]?["prompt_tokens"] == 0)
    }

    private static let refused: [(JSONValue, Int, String)] = [
        ([:], 400, "input or messages or text or input_ids"), (["input": "a", "text": "a"], 400, "input"),
        (["input": "no chat at all"], 400, "input"),
        (["text": [.string(Pooled.chat(answer: "a")), "no chat"]], 400, "text[1]"),
        (["input": "a", "model": "other"], 404, "model"), (["input": "a", "dimensions": 1], 400, "dimensions"),
        (["input": [[1, 2]]], 422, "input[0]"),
    ]

    @Test(arguments: refused)
    func `what cannot be scored names its place and has no key of an answer`(
        body: JSONValue,
        status: Int,
        param: String
    ) async throws {
        let response = await golden.post("/classify", body)
        let answer = try response.json()
        #expect(response.status.code == status && answer["error"]?["param"]?.string == param)
        for key in ["rewards", "scores", "score", "data", "embedding"] { #expect(answer[key] == nil) }
    }

    @Test func `token ids have no group to be normalised in`() async throws {
        let response = await golden.post("/classify?normalize=grpo", ["input_ids": [1, 2]])
        #expect(response.status == .badRequest)
        #expect(try response.json()["error"]?["param"] == "?normalize")
    }
}
