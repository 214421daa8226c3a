// POST /v1/credit against the worked numbers of the literature.
import HTTPTypes
import JSON
import Serving
import Testing

@Suite struct CreditTests {
    private let golden: GoldenService

    init() throws { golden = try GoldenService() }

    private func item(_ rollout: JSONValue, credit: JSONValue = .null) async throws -> JSONValue? {
        let answer = try await golden.post("/v1/credit", ["rollouts": [rollout], "credit": credit]).json()
        return answer["data"]?.array?.first
    }

    private func column(_ item: JSONValue?, _ key: String) -> [Double?] {
        item?["steps"]?.array?.map { $0[key]?.double } ?? []
    }

    @Test func `SWS on probabilities gives the numbers of credit-methods 10 1`() async throws {
        let item = try await item(["rewards": [0.95, 0.9, 0.2, 0.7]], credit: ["temperature": 0.1])
        let weights = zip(column(item, "weight"), [0.000549, 0.000904, 0.991864, 0.006683])
        for (got, wanted) in weights { #expect(abs((got ?? 9) - wanted) < 5e-7) }
        #expect(abs((item?["reward"]?.double ?? 9) - 0.204386) < 5e-7)
        #expect(item?["weakest_step"] == 2)
    }

    @Test func `PURE's transform is sws on margins at 0 1`() async throws {
        let item = try await item(
            ["rewards": [0.9, 0.8, -0.6, 0.4], "scale": "margin"],
            credit: ["pooling": "sws", "scale": "margin", "temperature": 0.1]
        )
        for (got, wanted) in zip(column(item, "return"), [-0.599953, -0.599953, -0.599954, 0.000018]) {
            #expect(abs((got ?? 9) - wanted) < 5e-7)
        }
        #expect(item?["trajectory"]?.object?.keys == ["min", "sws", "softmin", "mean", "last"])
    }

    @Test func `an absent step is null and moves nothing`() async throws {
        let with = try await item(["rewards": [0.9, nil, 0.3]])
        let without = try await item(["rewards": [0.9, 0.3]])
        #expect(with?["trajectory"] == without?["trajectory"])
        #expect(column(with, "weight")[1] == nil && with?["steps"]?.array?[1]["credit"] == .null)
        #expect(with?["weakest_step"] == 2)
    }

    @Test(
        arguments: [
            (["rewards": [0.5, 1.5]], "reward_out_of_range"), (["rewards": []], "empty_steps"),
            (["rewards": [nil]], "empty_steps"), (["rewards": [-1.5], "scale": "margin"], "reward_out_of_range"),
        ] as [(JSONValue, String)]
    )
    func `rewards that cannot be are a 422`(rollout: JSONValue, code: String) async throws {
        let response = await golden.post("/v1/credit", ["rollouts": [rollout]])
        #expect(response.status == .unprocessableContent)
        #expect(try response.code() == code)
    }

    @Test(
        arguments: [
            (["rollouts": [["rewards": ["a"]]]], "invalid_field"),
            (["rollouts": [["rewards": 1]]], "invalid_field"), (["rollouts": [["scale": "logit"]]], "missing_field"),
            (["rollouts": [], "credit": ["pooling": "sum"]], "invalid_field"),
            (["rollouts": [], "credit": ["temp": 1]], "unknown_field"),
        ] as [(JSONValue, String)]
    )
    func `a malformed request is a 400`(body: JSONValue, code: String) async throws {
        let response = await golden.post("/v1/credit", body)
        #expect(response.status == .badRequest)
        #expect(try response.code() == code)
    }

    @Test func `the largest logits add up to finite numbers`() async throws {
        let rewards = JSONValue.array(Array(repeating: 1e300, count: 1000))
        for pooling in ["sws", "mean", "softmin", "last", "min"] as [JSONValue] {
            let credit: JSONValue = ["pooling": pooling, "scale": "logit"]
            let item = try await item(["rewards": rewards, "scale": "logit"], credit: credit)
            #expect(column(item, "credit").allSatisfy { $0 != nil } && column(item, "return").allSatisfy { $0 != nil })
            #expect(item?["reward"]?.double == 1e300)
        }
    }

    @Test func `a certain step has no finite logit and says so`() async throws {
        let response = await golden.post(
            "/v1/credit",
            ["rollouts": [["rewards": [0.5, 1.0]]], "credit": ["scale": "logit"]]
        )
        #expect(response.status == .unprocessableContent)
        #expect(try response.code() == "infinite_logit")
    }
}
