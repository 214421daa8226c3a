// Token credit: which rollouts get it, what it holds, which spans are refused.
import HTTPTypes
import JSON
import Serving
import Testing

@Suite struct TokenCreditTests {
    private let golden: GoldenService
    /// Mean pooling: credit is half of the reward, returns 0.75 and 0.25.
    private let mean: JSONObject = ["pooling": "mean"]
    private let rollout: JSONObject = ["rewards": [1, 0.5], "token_spans": [[0, 2], [2, 3]]]

    init() throws { golden = try GoldenService() }

    private func post(_ credit: JSONObject, _ rollouts: [JSONObject], path: String = "/v1/credit") async -> Response {
        await golden.post(
            path,
            ["rollouts": .array(rollouts.map(JSONValue.object)), "credit": .object(credit)]
        )
    }

    private func credit(with more: JSONObject) -> JSONObject { mean.merging(more) }

    @Test(
        arguments: [
            ([:], "[0.0,0.5,0.25]"), (["token_layout": "span"], "[0.5,0.5,0.25]"),
            (["token_layout": "step_end"], "[0.0,0.5,0.25]"), (["token_value": "reward"], "[0.0,1.0,0.5]"),
            (["token_value": "return", "token_layout": "span"], "[0.75,0.75,0.25]"),
            (["normalize": "rloo"], "[0.0,0.75,0.75]"), (["normalize": "process"], "[0.0,0.0,-0.7071"),
            (["normalize": "rloo", "token_value": "credit"], "[0.0,0.5,0.25]"),
            (["normalize": "rloo", "token_value": "advantage", "token_layout": "span"], "[0.75,0.75,0.75]"),
        ] as [(JSONObject, String)]
    )
    func `the asked value is laid as asked`(more: JSONObject, laid: String) async throws {
        let answer = try await post(credit(with: more), [rollout]).json()
        let item = answer["data"]?.array?.first
        let text = String(decoding: item?["token_credit"]?.serialized() ?? [], as: UTF8.self)
        #expect(text.hasPrefix(laid))
        #expect(item?.object?.keys.last == "token_credit")
        #expect(answer["token_layout"] == more["token_layout"] ?? "step_end")
        let standard: JSONValue = more["normalize"] == nil ? "credit" : "advantage"
        #expect(answer["token_value"] == more["token_value"] ?? standard)
    }

    @Test func `a rollout without spans gets none where nobody asked for all`() async throws {
        let answer = try await post(mean, [["rewards": [1]], rollout]).json()
        #expect(answer["data"]?.array?.map { $0["token_credit"] != nil } == [false, true])
        let none = try await post(mean, [["rewards": [1]]]).json()
        #expect(none["token_layout"] == nil && none["token_value"] == nil)
    }

    @Test func `an absent step's tokens and those of no step bear nothing`() async throws {
        let gaps: JSONObject = [
            "rewards": [1, nil, 0.5], "token_spans": [[1, 2], [2, 4], [5, 6]], "token_count": 8,
        ]
        let answer = try await post(credit(with: ["token_layout": "span"]), [gaps]).json()
        let laid = answer["data"]?.array?.first?["token_credit"]
        #expect(laid?.serialized() == Array("[0.0,0.5,0.0,0.0,0.0,0.25,0.0,0.0]".utf8))
    }

    @Test func `scored rollouts have their spans in the caller's tokens`() async throws {
        let scored: JSONObject = [
            "prompt": "What is 1+1?", "response": "1 + 1 = 2.\n\nSo 2.", "separator": "\n\n",
            "token_spans": [[0, 7], [9, 12]], "token_count": 13,
        ]
        let answer = try await post(["token_layout": "span"], [scored], path: "/v1/rewards").json()
        let item = answer["data"]?.array?.first
        let credits = item?["steps"]?.array?.map { $0["credit"]?.double ?? 9 } ?? []
        try #require(credits.count == 2)
        let wanted = (0..<13).map { $0 < 7 ? credits[0] : (9..<12).contains($0) ? credits[1] : 0 }
        #expect(item?["token_credit"]?.array?.map { $0.double ?? 9 } == wanted)
    }

    @Test func `a raw rollout's steps end where they are read`() async throws {
        let raw: JSONObject = ["token_ids": [5, 6, 7, 8, 9, 10], "read_positions": [2, 4]]
        let answer = try await post(["token_layout": "span"], [raw], path: "/v1/rewards").json()
        let item = answer["data"]?.array?.first
        let credits = item?["steps"]?.array?.map { $0["credit"]?.double ?? 9 } ?? []
        try #require(credits.count == 2)
        let (one, other) = (credits[0], credits[1])
        #expect(item?["token_credit"]?.array?.map { $0.double ?? 9 } == [one, one, one, other, other, 0])
        let unasked = try await post([:], [raw], path: "/v1/rewards").json()
        #expect(unasked["data"]?.array?.first?["token_credit"] == nil && unasked["token_layout"] == nil)
        let own = raw.merging(["token_spans": [[0, 1], [1, 2]]])
        let laid = try await post([:], [own], path: "/v1/rewards").json()["data"]?.array?.first?["token_credit"]
        #expect(laid?.array?.map { $0.double ?? 9 } == credits)
    }

    @Test func `segments are laid on the tokens that they became`() async throws {
        let raw: JSONObject = ["segments": [["text": "What is 1+1?"], ["text": "It is 2.", "read": true]]]
        let answer = try await post(["token_value": "reward"], [raw], path: "/v1/rewards").json()
        let item = answer["data"]?.array?.first
        let laid = item?["token_credit"]?.array ?? []
        #expect(laid.count == item?["tokens"]?.integer)
        #expect(laid.last == item?["steps"]?.array?.first?["reward"] && laid.first == 0.0)
    }

    @Test(
        arguments: [
            ([[0, 2]], nil, "token_spans"), ([], nil, "token_spans"),
            ([[0, 1], [1, 2], [2, 3]], nil, "token_spans"),
            ([[0, 2], [1, 3]], nil, "token_spans[1]"), ([[0, 0], [1, 3]], nil, "token_spans[0]"),
            ([[-1, 2], [2, 3]], nil, "token_spans[0]"), ([[2, 1], [2, 3]], nil, "token_spans[0]"),
            ([[0, 2], [2, 4]], 3, "token_spans[1]"), ([[0, 2], [2, 4]], 0, "token_spans[0]"),
            ([[0, 9_000_000_000_000], [1, 2]], nil, "token_spans[0]"),
        ] as [(JSONValue, JSONValue, String)]
    )
    func `spans that cannot be are a 422 of the rollout`(
        spans: JSONValue,
        count: JSONValue,
        field: String
    ) async throws {
        let bad = rollout.merging(["token_spans": spans, "token_count": count])
        let response = await post(mean, [rollout, bad])
        #expect(response.status == .ok)
        let error = try response.json()["data"]?.array?.last?["error"]
        #expect(error?["code"] == "bad_token_span" && error?["param"]?.string == "rollouts[1].\(field)")
        #expect(await post(mean, [bad]).status == .unprocessableContent)
    }

    private static let malformed: [(JSONObject, JSONObject, String, String)] = [
        (["token_layout": "end"], [:], "invalid_field", "credit.token_layout"),
        (["token_value": "weight"], [:], "invalid_field", "credit.token_value"),
        (["token_value": "advantage"], [:], "invalid_field", "credit.token_value"),
        (["token_value": "advantage", "normalize": "none"], [:], "invalid_field", "credit.token_value"),
        (["token_layout": "span"], ["token_spans": nil], "missing_field", "rollouts[0].token_spans"),
        (["token_value": "reward"], ["token_spans": nil], "missing_field", "rollouts[0].token_spans"),
        ([:], ["token_spans": 3], "invalid_field", "rollouts[0].token_spans"),
        ([:], ["token_spans": [[0, 1], 2]], "invalid_field", "rollouts[0].token_spans[1]"),
        ([:], ["token_spans": [[0, 1, 2]]], "invalid_field", "rollouts[0].token_spans[0]"),
        ([:], ["token_spans": [[0, 1.0]]], "invalid_field", "rollouts[0].token_spans[0]"),
        ([:], ["token_spans": [["0", 1, 2]]], "invalid_field", "rollouts[0].token_spans[0]"),
        ([:], ["token_count": 1.5], "invalid_field", "rollouts[0].token_count"),
        ([:], ["token_count": -9_000_000_000_000_000_000], "invalid_field", "rollouts[0].token_count"),
        ([:], ["token_count": 4_194_305], "invalid_field", "rollouts[0].token_count"),
        ([:], ["token_spans": [[0, 1], [2, 4_194_305]]], "invalid_field", "rollouts[0].token_spans"),
    ]

    @Test(arguments: malformed)
    func `a malformed request is a 400 by name`(
        more: JSONObject,
        own: JSONObject,
        code: String,
        param: String
    ) async throws {
        let response = await post(credit(with: more), [rollout.merging(own)])
        #expect(response.status == .badRequest)
        let error = try response.json()["error"]
        #expect(error?["code"]?.string == code && error?["param"]?.string == param)
    }

    /// Sixty bytes of a rollout must not cost megabytes of an answer, over and over.
    @Test func `the tokens of all rollouts together are bounded`() async throws {
        let large = rollout.merging(["token_count": 3_000_000])
        let response = await post(mean, [large, large])
        #expect(response.status == .badRequest)
        #expect(try response.json()["error"]?["param"] == "rollouts[1].token_count")
        // A rollout that claims fewer than none makes no room for others.
        let negative = rollout.merging(["token_spans": [[0, 1], [2, -4_000_000]]])
        #expect(await post(mean, [negative, rollout.merging(["token_count": 4_194_305])]).status == .badRequest)
        let most = rollout.merging(["token_count": 100_000])
        #expect(try await post(mean, [most]).json()["data"]?.array?.first?["token_credit"]?.array?.count == 100_000)
    }
}

extension JSONObject {
    /// With the members of another laid over its own.
    fileprivate func merging(_ other: JSONObject) -> JSONObject {
        var merged = self
        for (key, value) in other { merged[key] = value }
        return merged
    }
}
