// Credit against the group, as requests ask for it and answers tell it.
import HTTPTypes
import JSON
import Serving
import Testing

@Suite struct NormalizationTests {
    private let golden: GoldenService
    /// Two rollouts of one group, one of another, one of none.
    private let rewarded: JSONValue = [
        ["id": "a", "group": "q1", "rewards": [1, 1]], ["group": 7, "rewards": [0.5, 0.25]],
        ["group": "q1", "rewards": [0, 0]], ["rewards": [0.75]],
    ]
    private let last: JSONValue = ["pooling": "last"]

    init() throws { golden = try GoldenService() }

    private func answer(_ body: JSONValue, path: String = "/v1/credit") async throws -> JSONValue {
        let response = await golden.post(path, body)
        #expect(response.status == .ok, "\(String(decoding: response.body, as: UTF8.self))")
        return try response.json()
    }

    private func items(_ answer: JSONValue) throws -> [JSONValue] { try #require(answer["data"]?.array) }

    @Test func `every rollout and step has its advantage, and the answer says which`() async throws {
        let answer = try await answer(["rollouts": rewarded, "credit": last, "normalize": "rloo"])
        let keys = ["id", "object", "created", "model", "model_revision", "normalization", "data", "usage"]
        #expect(answer.object?.keys == keys)
        #expect(
            answer["normalization"]?.serialized()
                == Array(#"{"method":"rloo","spread":null,"epsilon":null,"singleton":"raw","groups":3}"#.utf8)
        )
        let items = try items(answer)
        #expect(items.map { $0["group"] } == ["q1", 7, "q1", .null])
        #expect(items.map { $0["advantage"] } == [1.0, 0.25, -1.0, 0.75])
        for item in items {
            let steps = try #require(item["steps"]?.array)
            #expect(steps.allSatisfy { $0["advantage"] == item["advantage"] })
            #expect(steps[0].object?.keys == ["index", "reward", "weight", "credit", "return", "advantage"])
        }
        #expect(
            items[0].object?.keys
                == ["index", "id", "group", "object", "steps", "trajectory", "reward", "advantage", "weakest_step"]
        )
    }

    @Test(arguments: [("unbiased", 0.7071057811879616), ("population", 0.999998000004)])
    func `the spread is the caller's choice and is named`(spread: String, value: Double) async throws {
        for body: JSONValue in [
            ["rollouts": rewarded, "credit": last, "normalize": "grpo", "spread": .string(spread)],
            ["rollouts": rewarded, "credit": ["pooling": "last", "normalize": "grpo", "spread": .string(spread)]],
            ["rollouts": rewarded, "credit": ["pooling": "last", "normalize": "grpo"], "spread": .string(spread)],
        ] {
            let answer = try await answer(body)
            #expect(answer["normalization"]?["spread"]?.string == spread)
            #expect(answer["normalization"]?["epsilon"]?.number?.lexeme == "1.0e-06")
            let values = try items(answer).map { $0["advantage"]?.double ?? 9 }
            for (got, wanted) in zip(values, [value, 0.25, -value, 0.75]) { #expect(abs(got - wanted) < 1e-12) }
        }
    }

    @Test func `process advantages are those of credit-methods 10 3`() async throws {
        let answer = try await answer([
            "rollouts": [
                ["group": 0, "rewards": [0.9, 0.8, -0.6, 0.4], "scale": "margin"],
                ["group": 0, "rewards": [0.9, nil, 0.7, 0.8], "scale": "margin"],
            ],
            "credit": ["scale": "margin", "temperature": 0.1], "normalize": "process",
        ])
        let wanted: [[Double?]] = [[-1.3540, -1.9912, -2.4426, -0.2920], [1.3540, nil, 0.7168, 0.4513]]
        for (item, wanted) in zip(try items(answer), wanted) {
            let values = item["steps"]?.array?.map { $0["advantage"]?.double } ?? []
            #expect(item["advantage"]?.double == values[0])
            for (got, wanted) in zip(values, wanted) {
                #expect(got == nil ? wanted == nil : abs((got ?? 9) - (wanted ?? 9)) <= 1e-4)
            }
        }
    }

    @Test(arguments: ["grpo", "rloo", "process"])
    func `both routes give a group the same bits, in any order`(normalization: JSONValue) async throws {
        let texts = ["2", "It is 2.", "1 + 1 = 3.", "So 2."]
        let rollouts = texts.map { text -> JSONValue in
            ["prompt": "What is 1+1?", "steps": ["1 + 1 = 2.", .string(text)], "group": "g"]
        }
        let scored = try items(
            try await answer(["rollouts": .array(rollouts), "normalize": normalization], path: "/v1/rewards")
        )
        let rewarded = scored.map { item -> JSONValue in
            ["rewards": .array(item["steps"]?.array?.map { $0["reward"] ?? .null } ?? []), "group": "g"]
        }
        let credited = try items(
            try await answer(["rollouts": .array(rewarded.reversed()), "normalize": normalization])
        )
        for (one, other) in zip(scored, credited.reversed()) {
            #expect(one["advantage"] == other["advantage"])
            #expect(one["steps"]?.array?.map { $0["advantage"] } == other["steps"]?.array?.map { $0["advantage"] })
        }
        #expect(Set(scored.map { $0["advantage"]?.double }).count == 4)
    }

    @Test func `a rollout that failed is in no group`() async throws {
        let one: JSONValue = ["prompt": "p", "steps": ["1 + 1 = 2."], "group": "g"]
        let other: JSONValue = ["prompt": "p", "steps": ["1 + 1 = 3."], "group": "g"]
        let failing: JSONValue = ["prompt": "p", "steps": [], "group": "g"]
        let unlaid: JSONValue = ["prompt": "p", "steps": ["So."], "group": "g", "token_spans": [[0, 1], [1, 2]]]
        let alone: JSONValue = ["prompt": "p", "steps": [], "group": "other"]
        for normalization in ["grpo", "rloo", "process"] {
            let with = try await answer(
                ["rollouts": [failing, one, unlaid, other, alone], "normalize": .string(normalization)],
                path: "/v1/rewards"
            )
            let without = try await answer(
                ["rollouts": [one, other], "normalize": .string(normalization)],
                path: "/v1/rewards"
            )
            let (some, all) = (try items(with), try items(without))
            #expect([some[1], some[3]].map { $0["advantage"] } == all.map { $0["advantage"] })
            #expect(all[0]["advantage"] != nil && all[0]["advantage"] != .null)
            #expect(some[0]["object"] == "error" && some[0]["group"] == "g" && some[0]["advantage"] == nil)
            #expect(some[2]["error"]?["code"] == "bad_token_span")
            #expect(with["normalization"]?["groups"] == 1)
        }
    }

    @Test func `groups are told apart by kind and by bytes`() async throws {
        let names: [JSONValue] = ["7", 7, "e\u{301}", "\u{E9}", "", nil, nil]
        let rollouts = names.map { ["rewards": [0.5], "group": $0] as JSONValue }
        let answer = try await answer(["rollouts": .array(rollouts), "normalize": "grpo"])
        #expect(answer["normalization"]?["groups"] == 7)
        #expect(try items(answer).allSatisfy { $0["advantage"] == 0.5 })
    }

    @Test func `advantages have a decimal point`() async throws {
        let answer = try await answer(["rollouts": rewarded, "credit": last, "normalize": "process"])
        for item in try items(answer) {
            #expect(item["advantage"]?.number?.lexeme.contains(".") == true)
            for step in item["steps"]?.array ?? [] {
                #expect(step["advantage"]?.number?.lexeme.contains(".") == true)
            }
        }
    }

    @Test func `equal rewards have an advantage of exactly nothing`() async throws {
        let rollouts: JSONValue = [["group": 1, "rewards": [0.1, 0.7]], ["group": 1, "rewards": [0.1, 0.7]]]
        let answer = try await answer(["rollouts": rollouts, "normalize": "grpo"])
        #expect(try items(answer).allSatisfy { $0["advantage"]?.number?.lexeme == "0.0" })
    }

    @Test(arguments: ["grpo", "rloo", "process"], ["unbiased", "population"])
    func `the largest logits have advantages`(normalization: JSONValue, spread: JSONValue) async throws {
        let rollouts = [[1e300, -1e300], [-1e300, -1e300], [1e300, 1e300], [0.0, 1e300]].map { rewards -> JSONValue in
            ["rewards": .array(rewards.compactMap { JSONValue($0) }), "scale": "logit", "group": 1]
        }
        let credit: JSONValue = ["scale": "logit", "normalize": normalization, "spread": spread]
        for item in try items(try await answer(["rollouts": .array(rollouts), "credit": credit])) {
            #expect(item["advantage"]?.double != nil)
            #expect(item["steps"]?.array?.allSatisfy { $0["advantage"]?.double != nil } == true)
        }
    }

    /// The whole text of version 0.1.0 before there were groups, but for the revision, which came later.
    @Test func `without normalize the answer is byte for byte the one of before`() async throws {
        let before = #"""
            "data":[{"index":0,"id":"a","object":"reward","steps":[{"index":0,"reward":0.5,"weight":0.5,"credit":0.25,\#
            "return":0.5},{"index":1,"reward":null,"weight":null,"credit":null,"return":null},{"index":2,"reward":0.5,\#
            "weight":0.5,"credit":0.25,"return":0.25}],"trajectory":{"min":0.5,"sws":0.5,"softmin":0.5,"product":0.25,\#
            "geometric_mean":0.5,"mean":0.5,"last":0.5},"reward":0.5,"weakest_step":0}],\#
            "usage":{"prompt_tokens":0,"total_tokens":0}}
            """#
        let rollouts: JSONValue = [["id": "a", "group": [1], "token_count": "x", "rewards": [0.5, nil, 0.5]]]
        for body: JSONValue in [
            ["rollouts": rollouts], ["rollouts": rollouts, "normalize": "none"],
            ["rollouts": rollouts, "credit": ["normalize": "none"], "spread": "population"],
            ["rollouts": rollouts, "normalize": nil, "credit": ["spread": nil, "token_layout": nil]],
        ] {
            let answer = await golden.post("/v1/credit", body)
            let text = String(decoding: answer.body, as: UTF8.self)
            let revision = try #require(try answer.json()["model_revision"]?.string)
            #expect(
                text.hasPrefix(#"{"id":"rw-"#)
                    && text.hasSuffix(#","model":"golden","model_revision":"\#(revision)",\#(before)"#)
            )
        }
    }

    private static let malformed: [(JSONValue, String, String)] = [
        (["normalize": "gpro"], "invalid_field", "normalize"), (["normalize": 1], "invalid_field", "normalize"),
        (["spread": "sample"], "invalid_field", "spread"),
        (["credit": ["normalize": "GRPO"]], "invalid_field", "credit.normalize"),
        (["credit": ["spread": "std"]], "invalid_field", "credit.spread"),
        (["normalize": "grpo", "credit": ["normalize": "grpo"]], "conflicting_fields", "normalize"),
        (["normalize": "none", "credit": ["normalize": "grpo"]], "conflicting_fields", "normalize"),
        (["spread": "unbiased", "credit": ["spread": "unbiased"]], "conflicting_fields", "spread"),
        (["normalise": "grpo"], "unknown_field", "normalise"),
        (["credit": ["normalise": "grpo"]], "unknown_field", "credit.normalise"),
        (["normalize": "grpo", "rollouts": [["group": 1.5]]], "invalid_field", "rollouts[0].group"),
        (["normalize": "grpo", "rollouts": [[:], ["group": ["a"]]]], "invalid_field", "rollouts[1].group"),
    ]

    @Test(arguments: malformed, ["/v1/credit", "/v1/rewards"])
    func `what cannot be meant is a 400 by name`(
        row: (body: JSONValue, code: String, param: String),
        path: String
    ) async throws {
        var body = row.body.object ?? JSONObject()
        let rollout: JSONObject = ["prompt": "p", "steps": ["a"], "rewards": [0.5]]
        body["rollouts"] = .array(
            (body["rollouts"]?.array ?? [[:]]).map { own in
                var rollout = rollout
                for (key, value) in own.object ?? JSONObject() { rollout[key] = value }
                return .object(rollout)
            }
        )
        let response = await golden.post(path, .object(body))
        #expect(response.status == .badRequest)
        let error = try response.json()["error"]
        #expect(error?["code"]?.string == row.code && error?["param"]?.string == row.param)
    }
}
