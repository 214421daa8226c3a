// Methods and programs as requests ask for them and answers tell of them.
import HTTPTypes
import JSON
import Serving
import Testing

@Suite struct MethodRouteTests {
    private let golden: GoldenService
    private let likely: JSONValue = ["signals": ["answer_logprob": [-2.0, -1.2, -1.5, -0.9, -0.9, -0.4]]]

    init() throws { golden = try GoldenService() }

    private func answer(_ body: JSONValue, path: String = "/v1/credit") async throws -> JSONValue {
        let response = await golden.post(path, body)
        #expect(response.status == .ok, "\(String(decoding: response.body, as: UTF8.self))")
        return try response.json()
    }

    private func first(_ body: JSONValue, path: String = "/v1/credit") async throws -> JSONValue {
        try #require(try await answer(body, path: path)["data"]?.array?.first)
    }

    private func column(_ item: JSONValue, _ key: String) -> [Double?] {
        item["steps"]?.array?.map { $0[key]?.double } ?? []
    }

    @Test func `MIG has the credits of the design`() async throws {
        let item = try await first(["rollouts": [likely], "method": "mig"])
        for (got, wanted) in zip(column(item, "credit"), [0.8, 0, 0.3, 0, 0.5]) {
            #expect(abs((got ?? 9) - wanted) < 1e-12)
        }
        #expect(abs((item["reward"]?.double ?? 9) - 1.6) < 1e-12)
        #expect(item["object"] == "reward" && item["reason"] == .null)
        // Alone in its group, it keeps its own number and says so.
        #expect(item["advantage"] == item["reward"] && item["advantage_reason"] == "singleton")
    }

    @Test func `every method's listed program is the method`() async throws {
        let list = try await golden.send(.get, "/v1/methods").json()
        let methods = try #require(list["data"]?.array)
        #expect(methods.count >= 38)
        let everything: JSONValue = [
            "id": "a", "parent": nil, "group": 1, "rewards": [0.9, 0.2], "outcome": 1, "states": ["x", "y"],
            "turns": [0, 1], "token_spans": [[0, 1], [1, 3]], "answer": "18",
            "signals": [
                "answer_logprob": [-2, -1, -0.5], "value": [0.2, 0.4, 0.9], "external": [1, 0], "dimensions": [1, 0],
                "token_logprob": [-1, -2, -1], "token_entropy": [1, 2, 1], "logratio": [0.1, 0.2, -0.1],
                "teacher_logprob": [-1, -1, -1], "pivot": 1,
            ],
        ]
        let child: JSONValue = .object(
            JSONObject(
                (everything.object ?? [:]).map { ($0.key, $0.key == "parent" ? "a" : $0.key == "id" ? "b" : $0.value) }
            )
        )
        for method in methods {
            let (name, program) = (try #require(method["id"]), try #require(method["program"]))
            let byName = try await answer(["rollouts": [everything, child], "method": name])
            let byProgram = try await answer(["rollouts": [everything, child], "program": program])
            #expect(byName["data"] == byProgram["data"], "\(name)")
            #expect(["verified", "secondary", "inferred"].contains(method["mark"]?.string))
            #expect(method["formula"]?.string?.isEmpty == false && method["source"]?.string?.isEmpty == false)
        }
    }

    @Test func `options stand beside the name`() async throws {
        let rollout: JSONValue = ["rewards": [0.95, 0.9, 0.2, 0.7]]
        let item = try await first(["rollouts": [rollout], "method": ["name": "sws", "temperature": 0.1]])
        #expect(abs((item["reward"]?.double ?? 9) - 0.204386) < 5e-7)
        let pooled = try await first(["rollouts": [rollout], "credit": ["temperature": 0.1]])
        #expect(column(item, "credit") == column(pooled, "credit") && item["reward"] == pooled["reward"])
    }

    @Test(
        arguments: [
            (["method": "nobody"], .badRequest, "invalid_field", "method"),
            (["method": ["name": "sws", "heat": 1]], .badRequest, "unknown_field", "method.heat"),
            (["method": ["name": "sws", "temperature": 0]], .badRequest, "invalid_field", "method.temperature"),
            (["method": "mig", "credit": [:]], .badRequest, "conflicting_fields", "method"),
            (["method": "mig", "program": []], .badRequest, "conflicting_fields", "method"),
            (["program": []], .unprocessableContent, "invalid_program", "program"),
            (["program": [["op": "shake"]]], .badRequest, "invalid_field", "program[0].op"),
            (["program": [["op": "read", "of": "rewards", "by": 1]]], .badRequest, "unknown_field", "program[0].by"),
            (["program": [["op": "scan", "by": "sum"]]], .badRequest, "missing_field", "program[0].direction"),
            (["method": "mig"], .unprocessableContent, "missing_signal", "method"),
            (
                ["program": [["op": "read", "of": "rewards"], ["op": "pool", "by": "weighted"]]], .unprocessableContent,
                "invalid_program", "program[1]"
            ),
            (
                ["program": [["op": "read", "of": "rewards"], ["op": "map", "by": "exp", "as": "Up"]]],
                .unprocessableContent, "invalid_program", "program[1].as"
            ),
            (
                ["program": [["op": "read", "of": "rewards", "as": "a"], ["op": "map", "by": "exp", "as": "a"]]],
                .unprocessableContent, "invalid_program", "program[1].as"
            ),
            (
                ["program": .array([JSONValue](repeating: ["op": "read", "of": "rewards"], count: 65))],
                .unprocessableContent, "invalid_program", "program"
            ),
            (
                [
                    "program": [
                        ["op": "read", "of": "rewards", "as": "a"],
                        ["op": "mix", "terms": .array([JSONValue](repeating: ["of": "a"], count: 17))],
                    ]
                ], .unprocessableContent, "invalid_program", "program[1].terms"
            ),
        ] as [(JSONValue, HTTPResponse.Status, String, String)]
    )
    func `what cannot run is refused by its place`(
        body: JSONValue,
        status: HTTPResponse.Status,
        code: String,
        param: String
    ) async throws {
        var request = try #require(body.object)
        request["rollouts"] = [["rewards": [0.5]]]
        let response = await golden.post("/v1/credit", .object(request))
        #expect(response.status == status)
        #expect(try response.code() == code && response.json()["error"]?["param"]?.string == param)
    }

    @Test(
        arguments: [
            (["rewards": [0.5], "signals": ["external": [1, 2]]], "length_mismatch", "rollouts[0].signals.external"),
            (["rewards": [1.5]], "reward_out_of_range", "rollouts[0].rewards[0]"),
            (["rewards": [0.5], "parent": "x"], "invalid_field", "rollouts[0].parent"),
            (["id": "x", "rewards": [0.5], "parent": "x"], "parent_cycle", "rollouts[0].parent"),
            (["rewards": [0.5], "token_count": 131_073], "invalid_field", "rollouts[0].token_count"),
            (["rewards": [0.5], "signals": ["luck": 1]], "unknown_field", "rollouts[0].signals.luck"),
            (["rewards": [0.5], "token_spans": [[2, 1]]], "bad_token_span", "rollouts[0].token_spans[0]"),
        ] as [(JSONValue, String, String)]
    )
    func `facts that do not agree name rollout and field`(rollout: JSONValue, code: String, param: String) async throws
    {
        let response = await golden.post("/v1/credit", ["rollouts": [rollout], "method": "min"])
        #expect(try response.code() == code && response.json()["error"]?["param"]?.string == param)
    }

    @Test func `a parent whose id two have is nobody`() async throws {
        let rollouts: JSONValue = [
            ["id": "x", "outcome": 1], ["id": "x", "outcome": 0], ["outcome": 1, "parent": "x"],
        ]
        let response = await golden.post("/v1/credit", ["rollouts": rollouts, "method": "mars2"])
        #expect(response.status == .badRequest)
        #expect(try response.json()["error"]?["param"] == "rollouts[2].parent")
    }

    @Test func `a few bytes get no numbers without end`() async throws {
        let lone: JSONValue = ["outcome": 1, "token_count": 131_072]
        let program: JSONValue = [
            ["op": "read", "of": "outcome"], ["op": "tokens"], ["op": "map", "by": "affine", "a": 2],
            ["op": "map", "by": "sigmoid"], ["op": "map", "by": "exp"],
        ]
        func post(_ count: Int, trace: Bool) async -> Response {
            let rollouts = [JSONValue](repeating: lone, count: count)
            let body: JSONObject = ["rollouts": .array(rollouts), "program": program, "trace": .bool(trace)]
            return await golden.post("/v1/credit", .object(body))
        }
        let more = await post(9, trace: false)
        #expect(more.status == .badRequest)
        #expect(try more.json()["error"]?["param"] == "rollouts[8].token_count")
        let traced = await post(8, trace: true)
        #expect(traced.status == .unprocessableContent)
        #expect(try traced.code() == "too_many_numbers")
    }

    @Test func `an answer names the operator that lacks something`() async throws {
        let response = await golden.post("/v1/credit", ["rollouts": [["rewards": [0.5]]], "method": "mig"])
        let message = try response.json()["error"]?["message"]?.string
        #expect(message == "Operator 0 (read) needs answer_logprob, which no rollout has.")
    }

    @Test func `absent numbers are null, with their reasons`() async throws {
        let rollout: JSONValue = ["rewards": [0.9, nil, 0.3], "mask": [false, true, true]]
        let item = try await first(["rollouts": [rollout], "method": "sws"])
        #expect(column(item, "credit").map { $0 == nil } == [true, true, false])
        #expect(item["steps"]?.array?.map { $0["reason"] } == ["masked", "missing", .null])
        #expect(item["steps"]?.array?.map { $0["weight"] } == [.null, .null, 1.0])
        let labels: JSONValue = ["signals": ["external": [1, nil, 1]], "outcome": 1]
        let traced = try await first(["rollouts": [labels], "method": "grounded_prm", "trace": true])
        #expect(traced["steps"]?.array?[1]["weight"] == .null && column(traced, "weight")[0] == 0.5)
        #expect(traced["trace"]?.array?[1]["weights"] == [0.5, nil, 0.25])
        let none = try await first(["rollouts": [["rewards": []]], "method": "sws"])
        #expect(none["reward"] == .null && none["reason"] == "no_steps" && none["steps"] == [])
    }

    @Test func `a trace has every operator, and values of names that nobody takes`() async throws {
        let program: JSONValue = [
            ["op": "read", "of": "rewards"], ["op": "map", "by": "affine", "a": 2, "as": "twice"],
            ["op": "pool", "by": "sum", "as": "reward"], ["op": "read", "of": "rewards", "as": "once"],
        ]
        let item = try await first(["rollouts": [["rewards": [0.5, nil]]], "program": program, "trace": true])
        #expect(item["trace"]?.array?.count == 4)
        #expect(item["trace"]?.array?[1]["values"] == [1.0, nil])
        #expect(item["trace"]?.array?[1]["reasons"] == [[1, 2, "missing"]])
        #expect(item["steps"]?.array?[0]["values"]?["once"] == 0.5 && item["reward"] == 1.0)
    }

    @Test func `names that nobody takes are answered with their reasons, of tokens too`() async throws {
        let program: JSONValue = [
            ["op": "read", "of": "token_entropy"], ["op": "map", "by": "log", "as": "lost"],
            ["op": "read", "of": "rewards"], ["op": "map", "by": "log", "as": "l"],
            ["op": "pool", "by": "sum", "from": "l", "as": "whole"],
        ]
        let rollout: JSONValue = ["rewards": [0, 1], "signals": ["token_entropy": [1, 0, nil]]]
        let item = try await first(["rollouts": [rollout], "program": program])
        let lost = item["token_values"]?["lost"]
        #expect(lost?["values"] == [0.0, nil, nil])
        #expect(lost?["reasons"] == [[1, 2, "undefined"], [2, 3, "missing"]])
        #expect(item["values"]?["whole"] == 0.0 && item["value_reasons"] == nil)
        let alone = try await first(["rollouts": [rollout], "program": .array(Array((program.array ?? [])[2...3]))])
        #expect(alone["steps"]?.array?[0]["values"] == ["l": nil])
        #expect(alone["steps"]?.array?[0]["value_reasons"] == ["l": "undefined"])
        #expect(alone["steps"]?.array?[1]["value_reasons"] == nil)
    }

    @Test func `tokens are those of the steps' spans`() async throws {
        let rollout: JSONValue = ["rewards": [0.25, 0.5], "token_spans": [[1, 2], [2, 4]], "token_count": 5]
        let item = try await first(["rollouts": [rollout], "method": "mean"])
        #expect(item["token_credit"] == [nil, 0.125, 0.0, 0.25, nil])
        #expect(item["token_reasons"] == [[0, 1, "no_step"], [4, 5, "no_step"]])
    }

    // MARK: - Over the model's rewards

    @Test func `a method over the model's rewards is the credit of its name`() async throws {
        let rollouts: JSONValue = [
            ["prompt": "1+1?", "steps": ["one", "two", "three"]], ["prompt": "", "steps": []],
        ]
        let method = try await answer(["rollouts": rollouts, "method": "min"], path: "/v1/rewards")
        let credit = try await answer(["rollouts": rollouts, "credit": ["pooling": "min"]], path: "/v1/rewards")
        let (one, other) = (try #require(method["data"]?.array), try #require(credit["data"]?.array))
        #expect(one[0]["reward"] == other[0]["reward"] && one[0]["tokens"] == other[0]["tokens"])
        for key in ["reward", "credit", "weight"] { #expect(column(one[0], key) == column(other[0], key)) }
        #expect(one[0]["steps"]?.array?.map { $0["span"] } == other[0]["steps"]?.array?.map { $0["span"] })
        // What cannot be scored is an item of its own.
        #expect(one[1] == other[1] && one[1]["object"] == "error")
    }

    @Test func `signals that nobody sent are missing`() async throws {
        let rollouts: JSONValue = [["prompt": "1+1?", "steps": ["one", "two"]]]
        let response = await golden.post("/v1/rewards", ["rollouts": rollouts, "method": "mig"])
        #expect(response.status == .unprocessableContent)
        #expect(try response.code() == "missing_signal")
        let sent: JSONValue = [
            ["prompt": "1+1?", "steps": ["one", "two"], "signals": ["answer_logprob": [-2, -1, -1.5]]]
        ]
        let item = try await first(["rollouts": sent, "method": "mig"], path: "/v1/rewards")
        #expect(item["reward"] == 1.0 && column(item, "credit") == [1, 0] && column(item, "reward") != [nil, nil])
        let short: JSONValue = [["prompt": "1+1?", "steps": ["one", "two"], "mask": [true], "outcome": 1]]
        #expect(await golden.post("/v1/rewards", ["rollouts": short, "method": "grpo"]).status == .badRequest)
    }

    @Test(arguments: ["min", "product", "mean", "last", "sws", "pure"])
    func `a trainer's URL may name a method`(method: String) async throws {
        let sample = Sample(answer: "2 + 3 = 5\n\nSo it is 5.")
        let native = try await first(["rollouts": [sample.native], "method": .string(method)], path: "/v1/rewards")
        let body: JSONValue = ["query": [.string(sample.text)]]
        let rewards = try await answer(body, path: "/get_reward?method=\(method)")["rewards"]
        #expect(rewards?.array?.first == native["reward"])
    }

    @Test(arguments: ["min", "pure", "pure_strict"])
    func `a method's scores are its own rewards as probabilities`(method: String) async throws {
        let body: JSONValue = ["query": [.string(Sample(answer: "2 + 3 = 5\n\nSo it is 5.").text)]]
        let answer = try await answer(body, path: "/get_reward?method=\(method)")
        let reward = try #require(answer["rewards"]?.array?.first?.double)
        let score = try #require(answer["scores"]?.array?.first?.double)
        #expect(abs(score - (method == "min" ? reward : (1 + reward) / 2)) < 1e-12)
    }

    @Test(
        arguments: [
            ("method=mig", "invalid_field"), ("method=grpo_process", "invalid_field"),
            ("method=nobody", "invalid_field"), ("method=min&pooling=min", "conflicting_fields"),
        ]
    )
    func `a method that makes no number of rewards alone is refused`(query: String, code: String) async throws {
        let body: JSONValue = ["query": [.string(Sample(answer: "5").text)]]
        #expect(try await golden.post("/get_reward?\(query)", body).code() == code)
    }
}
