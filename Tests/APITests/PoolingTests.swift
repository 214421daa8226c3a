// POST /pooling: rows of C-8, C-9 and C-10, and what is refused.
import API
import Checkpoints
import Fixtures
import Foundation
import HTTPTypes
import JSON
import Logging
import Scoring
import Serving
import Testing

/// A rollout and the ways in which clients of vLLM write it.
enum Pooled {
    static let prompt = "What is 1+1?"
    static let steps = ["Step 1.", "Step 2."]
    static let system = #"Please reason step by step, and put your final answer within \boxed{}."#
    /// As reward_hub sends it (reference/wire-apis.md section 2.9).
    static let messages: JSONValue = [
        ["role": "system", "content": .string(system)], ["role": "user", "content": "What is 1+1?"],
        ["role": "assistant", "content": "Step 1.<extra_0>Step 2.<extra_0>"],
    ]
    static let text = chat(answer: "Step 1.<extra_0>Step 2.<extra_0>") + "\n"

    /// A policy's chat, which is the model's too.
    static func chat(answer: String) -> String {
        "<|im_start|>system\n\(system)<|im_end|>\n<|im_start|>user\n\(prompt)<|im_end|>\n"
            + "<|im_start|>assistant\n\(answer)<|im_end|>"
    }
}

extension GoldenService {
    /// Another of our goldens.
    /// - Parameter profile: in the place of the one that its folder names.
    init(model name: String, profile: String? = nil) throws {
        try self.init(unpacked: Shared.checkout.appendingPathComponent("Tests/Goldens/\(name)").path, profile: profile)
    }

    init(unpacked folder: String, profile: String? = nil) throws {
        let scorer = try Scorer(checkpoint: Checkpoint(folder: folder), source: profile.map { .name($0) })
        service = Service(
            model: ServedModel(scorer: scorer, defaultCredit: scorer.profile.defaultCredit, revision: "test"),
            servedName: "golden",
            maximumBodyBytes: 1 << 20,
            connections: Counters(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    /// What `/v1/rewards` says of the rollout of `Pooled`.
    func native(_ members: (String, JSONValue)...) async throws -> JSONValue {
        let rollout: JSONValue = [
            "prompt": .string(Pooled.prompt), "steps": .array(Pooled.steps.map(JSONValue.string)),
        ]
        var body: JSONObject = ["rollouts": [rollout], "return_token_ids": true]
        for (key, value) in members { body[key] = value }
        let answer = try await post("/v1/rewards", .object(body)).json()
        return answer["data"]?.array?.first ?? .null
    }

    func nativeRewards() async throws -> [Double] {
        try await native()["steps"]?.array?.compactMap { $0["reward"]?.double } ?? []
    }
}

extension JSONValue {
    /// The rows of `/pooling`.
    fileprivate var rows: [[Double]] { array?.map { $0.array?.compactMap(\.double) ?? [] } ?? [] }

    /// The float32 numbers of a base64 answer.
    var decodedFloats: [Float] {
        let bytes = string.flatMap { Data(base64Encoded: $0) }.map { [UInt8]($0) } ?? []
        return stride(from: 0, to: bytes.count, by: 4).map { start in
            Float(bitPattern: bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
        }
    }
}

@Suite struct PoolingTests {
    private let golden: GoldenService

    init() throws { golden = try GoldenService() }

    private func data(_ body: JSONValue) async throws -> [JSONValue] {
        let response = await golden.post("/pooling", body)
        #expect(response.status == .ok, "\(String(decoding: response.body, as: UTF8.self))")
        return try response.json()["data"]?.array ?? []
    }

    private func refusal(_ body: JSONValue, query: String = "") async throws -> (Int, JSONValue?) {
        let response = await golden.post("/pooling?\(query)", body)
        let answer = try response.json()
        for key in ["rewards", "scores", "score", "data"] { #expect(answer[key] == nil) }
        return (response.status.code, answer["error"])
    }

    @Test func `C-8: a conversation's rows are its tags, add up to 1 and end in the reward`() async throws {
        let rewards = try await golden.nativeRewards()
        let answer = try await golden.post("/pooling", ["model": "golden", "messages": Pooled.messages]).json()
        #expect(answer.object?.keys == ["id", "object", "created", "model", "data", "usage"])
        #expect(answer["id"]?.string?.hasPrefix("pooling-") == true && answer["object"] == "list")
        let item = try #require(answer["data"]?.array?.first)
        #expect(item.object?.keys == ["index", "object", "data"] && item["object"] == "pooling" && item["index"] == 0)
        let rows = try #require(item["data"]).rows
        #expect(rows.map(\.last) == rewards && rewards.count == 2)
        for row in rows { #expect(row.count == 2 && abs(row[0] + row[1] - 1) < 1e-6) }
        let tokens = try #require(try await golden.native()["tokens"])
        let usage: JSONValue = [
            "prompt_tokens": tokens, "total_tokens": tokens, "completion_tokens": 0, "prompt_tokens_details": nil,
        ]
        #expect(answer["usage"] == usage)
    }

    @Test func `C-8: without a system message the model's own stands there, as in sdg_hub`() async throws {
        let messages = JSONValue.array(Array(Pooled.messages.array?.dropFirst() ?? []))
        #expect(try await data(["messages": messages]) == data(["messages": Pooled.messages]))
    }

    @Test func `C-9: text and ids, alone and in lists, give the same rows`() async throws {
        let ids = try #require(try await golden.native()["token_ids"])
        let text = JSONValue.string(Pooled.text)
        let expected = try #require(try await data(["messages": Pooled.messages]).first?["data"])
        for input in [text, [text], ids, [ids], [ids, text], [text, text, ids]] as [JSONValue] {
            let items = try await data(["input": input, "model": "golden"])
            let count = input.string != nil || input.array?.first?.number != nil ? 1 : input.array?.count
            #expect(items.count == count && items.allSatisfy { $0["data"] == expected })
            #expect(items.map { $0["index"] } == items.indices.map { JSONValue($0) })
        }
    }

    @Test func `C-9: unknown fields are ignored and a missing model is ours`() async throws {
        let plain = try await data(["input": .string(Pooled.text)])
        let more: JSONValue = [
            "input": .string(Pooled.text), "user": "u", "priority": 3, "extra": ["a": 1], "task": "token_classify",
            "use_activation": true, "encoding_format": "float", "embed_dtype": "float32", "endianness": "native",
            "dimensions": nil, "truncate_prompt_tokens": nil, "add_special_tokens": false, "method": "x",
        ]
        #expect(try await data(more) == plain && !plain.isEmpty)
    }

    @Test func `C-9: another model is a 404`() async throws {
        let (status, error) = try await refusal(["model": "other", "input": .string(Pooled.text)])
        #expect(status == 404 && error?["code"] == "unknown_model" && error?["message"]?.string != nil)
    }

    private static let malformed: [(JSONValue, String)] = [
        ([:], "input or messages"), (["input": nil], "input or messages"),
        (["input": "a", "messages": Pooled.messages], "input"), (["input": 1], "input"),
        (["input": [true]], "input[0]"),
        (["input": ["a", 1]], "input[1]"), (["input": [1, "a"]], "input[1]"), (["input": [[1.5]]], "input[0][0]"),
        (["messages": "a"], "messages"), (["messages": []], "messages"), (["messages": ["a"]], "messages[0]"),
        (["input": "a", "dimensions": 2], "dimensions"),
        (["input": "a", "truncate_prompt_tokens": -1], "truncate_prompt_tokens"),
        (["messages": Pooled.messages, "chat_template": "{{ x }}"], "chat_template"),
        (["input": "a", "embed_dtype": "float16"], "embed_dtype"), (["input": "a", "endianness": "big"], "endianness"),
        (["input": "a", "task": "embed"], "task"), (["input": "a", "task": 1], "task"),
        (["input": "a", "encoding_format": "bytes"], "encoding_format"),
        (["input": "a", "use_activation": false], "use_activation"),
        (["input": "a", "add_special_tokens": "yes"], "add_special_tokens"),
    ]

    @Test(arguments: malformed)
    func `C-9: what cannot be met is a 400 that names the field`(body: JSONValue, param: String) async throws {
        let (status, error) = try await refusal(body)
        #expect(status == 400 && error?["param"]?.string == param)
    }

    @Test func `a word that the URL does not know is a 400`() async throws {
        let (status, error) = try await refusal(["input": .string(Pooled.text)], query: "poolign=min")
        #expect(status == 400 && error?["param"] == "?poolign")
    }

    @Test func `C-10: base64 is the same float32 numbers, row after row`() async throws {
        let rows = try #require(try await data(["input": .string(Pooled.text)]).first?["data"]).rows
        let text = try await data(["input": .string(Pooled.text), "encoding_format": "base64"]).first?["data"]
        #expect(text?.decodedFloats == rows.joined().map { Float($0) } && rows.count == 2)
    }

    @Test(arguments: [(Float(1), "[[0.0,1.0],[0.0,1.0]]"), (-1, "[[1.0,0.0],[1.0,0.0]]")])
    func `C-1: certain rewards keep their decimal points`(sign: Float, rows: String) async throws {
        // Certain steps have no logit, which is nothing to rows.
        for path in ["/pooling", "/pooling?scale=logit"] {
            let response = try await GoldenService(certain: sign).post(path, ["input": .string(Pooled.text)])
            #expect(String(decoding: response.body, as: UTF8.self).contains("\"data\":\(rows)"))
        }
    }

    @Test(arguments: 1...3)
    func `C-10: base64 is padded as RFC 4648 asks, however many rows there are`(count: Int) async throws {
        let text = JSONValue.string(Pooled.chat(answer: String(repeating: "1.<extra_0>", count: count)))
        let rows = try #require(try await data(["input": text]).first?["data"]).rows
        let sent = try await data(["input": text, "encoding_format": "base64"]).first?["data"]?.string
        let bytes = rows.joined().flatMap { withUnsafeBytes(of: Float($0).bitPattern.littleEndian, Array.init) }
        #expect(sent == Data(bytes).base64EncodedString() && bytes.count == 8 * count)
    }

    @Test func `no input is no rows`() async throws {
        #expect(try await data(["input": []]).isEmpty)
    }

    @Test func `one bad item fails the request and is named`() async throws {
        let (status, error) = try await refusal(["input": [.string(Pooled.text), "no tag"]])
        #expect(status == 422 && error?["code"] == "untagged" && error?["param"] == "input[1]")
        let (alone, named) = try await refusal(["input": "no tag"])
        #expect(alone == 422 && named?["param"] == "input")
    }

    @Test func `what is too long is refused and nothing is truncated`() async throws {
        let text = Pooled.chat(answer: String(repeating: "1 ", count: 600) + "<extra_0>")
        let (status, error) = try await refusal(["input": .string(text)])
        #expect(status == 422 && error?["code"] == "too_long")
    }

    @Test func `an id that the model has not is refused by its place`() async throws {
        let (status, error) = try await refusal(["input": [[355, 99_999_999_999]]])
        #expect(status == 422 && error?["code"] == "token_out_of_range")
    }

    @Test func `rows are the model's own, whatever credit the URL asks for`() async throws {
        let plain = try await data(["input": .string(Pooled.text)])
        let query = "pooling=min&scale=logit&temperature=3"
        let asked = await golden.post("/pooling?\(query)", ["input": .string(Pooled.text)])
        #expect(try asked.json()["data"]?.array == plain)
    }

    @Test func `margins become chances, as vLLM's softmax gives them`() async throws {
        let (trl, pure) = (try GoldenService(model: "tiny-trl"), try GoldenService(model: "tiny-trl", profile: "pure"))
        let ids = try #require(try await trl.native()["token_ids"])
        let chances = try await trl.post("/pooling", ["input": ids]).json()["data"]?.array?.first?["data"]?.rows ?? []
        let margins = try await pure.nativeRewards()
        let rows = try await pure.post("/pooling", ["input": ids]).json()["data"]?.array?.first?["data"]?.rows ?? []
        #expect(rows.count == 2)
        for ((row, chance), margin) in zip(zip(rows, chances), margins) {
            #expect(abs(row[0] + row[1] - 1) < 1e-6 && abs(row[1] - (1 + margin) / 2) < 1e-7)
            #expect(abs(row[1] - chance[1]) < 1e-6)
        }
    }

    @Test func `a model without a step tag says where to go`() async throws {
        let response = await (try GoldenService(model: "tiny-llama")).post("/pooling", ["input": "a"])
        #expect(response.status == .unprocessableContent)
        #expect(try response.code() == "no_step_tag")
    }

    @Test(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.skipped)))
    func `an outcome model gives one row of its one number, and takes no activation`() async throws {
        let folder = try fixtureCheckpoint("qwen3-orm")
        let outcome = try GoldenService(unpacked: folder.path)
        let ids = try #require(try await outcome.native()["token_ids"])
        let reward = try await outcome.nativeRewards()
        for activation in [.null, false] as [JSONValue] {
            let answer = try await outcome.post("/pooling", ["input": ids, "use_activation": activation]).json()
            #expect(answer["data"]?.array?.first?["data"]?.rows == [reward] && reward.count == 1)
        }
        let refused = await outcome.post("/pooling", ["input": ids, "use_activation": true])
        #expect(refused.status == .badRequest)
    }
}
