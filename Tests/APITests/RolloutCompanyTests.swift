// One rollout's trouble is its own: no other's number moves, and nobody is refused for it.
import HTTPTypes
import JSON
import Serving
import Testing

/// All that methods read of a rollout but what models make.
private func rollout(_ id: JSONValue, outcome: JSONValue, value: JSONValue, parent: JSONValue) -> JSONValue {
    let signals: JSONObject = [
        "value": [0.2, 0.4, value], "external": [1, outcome], "dimensions": [1, outcome], "pivot": 1,
    ]
    let said: JSONObject = [
        "id": id, "answer": id, "group": "g", "outcome": outcome, "turns": [0, 1], "states": ["x", "y"],
        "parent": parent, "signals": .object(signals),
    ]
    return JSONValue.object(said).with(
        ["prompt": "Add 1 to 9.", "steps": ["9 + 1 = 10", "So it is 10."], "answers": ["10"]]
    )
}

private let good: [JSONValue] = [
    rollout("a", outcome: 1, value: 0.75, parent: nil), rollout("b", outcome: 0, value: 0.5, parent: "a"),
]
private let long: JSONValue = [
    "id": "c", "prompt": .string(String(repeating: "1 ", count: 600)), "steps": ["s", "t"], "answers": ["10", "ten"],
    "group": "g", "outcome": 1, "signals": ["external": [1, 1]],
]

@Suite struct RolloutCompanyTests {
    private let service: LanguageService

    init() throws { service = try LanguageService() }

    @Test(arguments: ["/v1/credit", "/v1/rewards"])
    func `with a failed one in its group a rollout has the numbers that it has without`(path: String) async throws {
        let list = try await service.golden.send(.get, "/v1/methods").json()["data"]?.array ?? []
        let sent = path == "/v1/rewards" ? good : good.map { $0.with(["rewards": [0.9, 0.4]]) }
        // Without a reward model it fails only where a policy is asked; elsewhere nothing is known of it.
        let bad = path == "/v1/rewards" ? long : long.with(["outcome": nil, "signals": nil])
        var failures = 0
        for method in list.compactMap({ $0["id"] }) {
            let alone = try await items(sent, method, path)
            let all = try await items([sent[0], bad, sent[1]], method, path)
            for (one, other) in zip([all[0], all[2]], alone) {
                let isSame = told(one) == told(other)
                #expect(isSame, "\(method)")
            }
            #expect(all[1]["reward"] ?? .null == .null, "\(method)")
            failures += all[1]["object"] == "error" ? 1 : 0
        }
        #expect(list.count >= 38 && failures >= (path == "/v1/rewards" ? list.count : 10))
    }

    private func items(_ rollouts: [JSONValue], _ method: JSONValue, _ path: String) async throws -> [JSONValue] {
        try await service.items(["rollouts": .array(rollouts), "method": method], path: path)
    }

    /// Without what is the request's own.
    private func told(_ item: JSONValue) -> JSONValue { item.withoutIndex.with(["cached_tokens": nil]) }

    @Test func `one of whom nothing can be known has its steps, no reward and no part in its group`() async throws {
        let asked = good[0].with(["signals": nil, "parent": nil])
        let silent = asked.with(["id": "s", "answers": nil])
        let alone = try await items([asked], "mig", "/v1/credit")[0]
        let both = try await items([asked, silent], "mig", "/v1/credit")
        #expect(both[0] == alone && both[1]["steps"]?.array?.count == 2)
        #expect(both[1]["steps"]?.array?.map { $0["reason"] } == ["missing", "missing"])
        #expect(both[1]["reward"] == .null && both[1]["reason"] == "missing" && both[1]["advantage"] == .null)
        let likely: JSONValue = ["group": 1, "signals": ["answer_logprob": [-2, -1]]]
        let own = try await items([likely], "mig", "/v1/credit")[0]
        let stranger = try await items([likely, ["id": "x", "group": 1]], "mig", "/v1/credit")
        #expect(stranger[0] == own && stranger[1]["reward"] == .null && stranger[1]["reason"] == "missing")
    }

    @Test func `a text counts its steps where nothing else does, and is not refused for what nobody asks of it`()
        async throws
    {
        let plain: JSONValue = ["prompt": "p", "response": "one\n\ntwo\n\nthree", "outcome": 1]
        let grpo = try await items([plain], "grpo", "/v1/credit")[0]
        #expect(grpo.column("credit") == [1, 1, 1])
        let likely: JSONValue = ["signals": ["answer_logprob": [-2, -1]]]
        let both = try await items([likely, ["prompt": "p", "steps": 5]], "mig", "/v1/credit")
        #expect(both[0]["reward"] == 1.0 && both[1]["steps"] == [] && both[1]["reward"] == .null)
    }

    @Test func `a text without steps is its own error, though it alone has what the program reads`() async throws {
        let blank = good[0].with(["steps": nil, "response": "  ", "parent": nil])
        let alone = await service.golden.post("/v1/credit", ["rollouts": [blank], "method": "a2tgpo"])
        #expect(alone.status == .unprocessableContent)
        let error = try alone.json()["data"]?.array?[0]["error"]
        #expect(error?["code"] == "empty_steps" && error?["param"] == "rollouts[0].steps")
        for path in ["/v1/credit", "/v1/rewards"] {
            let other = good[1].with(["parent": nil, "outcome": nil])
            let both = try await items([blank, other], "a2tgpo", path)
            #expect(both[0]["object"] == "error" && both[1]["object"] == "reward", "\(path)")
        }
    }

    @Test func `the only outcome of a request may be that of a rollout that fails`() async throws {
        let both = try await items([long, good[0].with(["outcome": nil])], "grpo", "/v1/rewards")
        #expect(both[0]["error"]?["code"] == "too_long")
        #expect(both[1]["object"] == "reward" && both[1]["reward"] == .null && both[1]["reason"] == "missing")
        #expect(both[1].column("reward").count == 2)
    }

    @Test func `what agrees not with the policy's tokens is an item's error`() async throws {
        let fine = good[0].with(["parent": nil])
        let own = try await items([fine], "implicit_prm", "/v1/credit")[0]
        for (key, value, code) in [
            ("token_mask", [true], "length_mismatch"), ("token_spans", [[0, 1], [1, 3]], "token_mismatch"),
            ("token_count", 4, "token_mismatch"),
        ] as [(String, JSONValue, String)] {
            let both = try await items([fine, fine.with([key: value])], "implicit_prm", "/v1/credit")
            #expect(both[0] == own && both[1]["error"]?["code"]?.string == code)
            #expect(both[1]["error"]?["param"]?.string == "rollouts[1].\(key)")
        }
    }

    @Test func `who is gone gets nothing computed`() async throws {
        let left = Task { [service] in
            withUnsafeCurrentTask { $0?.cancel() }
            return await service.golden.post("/v1/credit", ["rollouts": [["outcome": 1]], "method": "grpo"])
        }
        let answer = await left.value
        #expect(answer.status == .serviceUnavailable)
        #expect(try answer.code() == "cancelled")
    }
}
