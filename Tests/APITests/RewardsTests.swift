// POST /v1/rewards: what is answered, and what is refused by name.
import Fixtures
import Foundation
import HTTPTypes
import JSON
import Serving
import Testing

@Suite struct RewardsTests {
    private let golden: GoldenService
    private let good: JSONValue = ["prompt": "What is 1+1?", "steps": ["1 + 1 = 2.", "So it is 2."]]

    init() throws { golden = try GoldenService() }

    @Test func `a rollout is answered with the keys of the contract`() async throws {
        let response = await golden.post("/v1/rewards", ["rollouts": [good]])
        #expect(response.status == .ok)
        let answer = try response.json()
        #expect(answer.object?.keys == ["id", "object", "created", "model", "model_revision", "data", "usage"])
        let item = try #require(answer["data"]?.array?.first)
        #expect(item["steps"]?.array?.first?.object?.keys == ["index", "reward", "weight", "credit", "return", "span"])
        #expect(
            item["trajectory"]?.object?.keys
                == ["min", "sws", "softmin", "product", "geometric_mean", "mean", "last"]
        )
        #expect(item["reward"] == item["trajectory"]?["sws"])
        #expect(item["tokens"] == answer["usage"]?["total_tokens"])
    }

    @Test func `every number that is not a count has a decimal point`() async throws {
        let body = await golden.post("/v1/credit", ["rollouts": [["rewards": [1, 0, 0.5]]]]).body
        let item = try JSONValue(parsing: body)["data"]?.array?.first
        for step in item?["steps"]?.array ?? [] {
            for key in ["reward", "weight", "credit", "return"] {
                #expect(step[key]?.number?.lexeme.contains(".") == true, "\(key)")
            }
        }
        for key in item?["trajectory"]?.object?.keys ?? [] {
            #expect(item?["trajectory"]?[key]?.number?.lexeme.contains(".") == true, "\(key)")
        }
    }

    @Test(
        arguments: [
            ("sws", ["pooling": "sws"]), ("min", ["pooling": "min"]), ("last", ["pooling": "last"]),
            ("product", ["pooling": "product"]), ("mean", ["pooling": "mean", "scale": "margin"]),
            ("softmin", ["pooling": "softmin", "temperature": 1, "scale": "logit"]),
            ("geometric_mean", ["pooling": "geometric_mean", "temperature": nil]),
        ] as [(String, JSONValue)]
    )
    func `the chosen pooling is the reward`(pooling: String, credit: JSONValue) async throws {
        let answer = try await golden.post("/v1/rewards", ["rollouts": [good], "credit": credit]).json()
        let item = try #require(answer["data"]?.array?.first)
        #expect(item["reward"] != nil && item["reward"] == item["trajectory"]?[pooling])
    }

    @Test func `ids come back as they were, strings and integers`() async throws {
        var rollouts: [JSONValue] = []
        for id in ["a", 7, "e\u{301}", nil] as [JSONValue] {
            var rollout = good.object ?? JSONObject()
            rollout["id"] = id
            rollouts.append(.object(rollout))
        }
        let answer = try await golden.post("/v1/rewards", ["rollouts": .array(rollouts)]).json()
        #expect(answer["data"]?.array?.map { $0["id"] } == ["a", 7, "e\u{301}", .null])
        #expect(answer["data"]?.array?.map { $0["index"] } == [0, 1, 2, 3])
    }

    @Test func `no rollouts are no rewards`() async throws {
        let response = await golden.post("/v1/rewards", ["rollouts": []])
        #expect(response.status == .ok)
        #expect(try response.json()["data"] == [])
    }

    @Test func `one bad item is an error of its own, all bad ones are the first one's status`() async throws {
        let empty: JSONValue = ["id": "e", "prompt": "p", "steps": []]
        let mixed = await golden.post("/v1/rewards", ["rollouts": [good, empty]])
        #expect(mixed.status == .ok)
        let item = try mixed.json()["data"]?.array?.last
        #expect(item?["object"] == "error" && item?["id"] == "e" && item?["index"] == 1)
        #expect(item?["error"]?["param"] == "rollouts[1].steps" && item?["error"]?["code"] == "empty_steps")
        let bad = await golden.post("/v1/rewards", ["rollouts": [empty, empty]])
        #expect(bad.status == .unprocessableContent)
        #expect(try bad.json()["data"]?.array?.count == 2)
    }

    @Test(
        arguments: [
            ("text/plain", "unsupported_media_type"), ("application/jsonx", "unsupported_media_type"),
            ("Application/JSON; charset=utf-8", nil), (nil, nil),
        ] as [(String?, String?)]
    )
    func `other media types are a 415, a missing type is JSON`(type: String?, code: String?) async throws {
        var headers: HTTPFields = [:]
        headers[.contentType] = type
        let body = (["rollouts": []] as JSONValue).serialized()
        let response = await golden.post("/v1/rewards", body, headers: headers)
        #expect(response.status == (code == nil ? .ok : .unsupportedMediaType))
        #expect(try response.code() == code)
    }

    @Test(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.skipped)))
    func `every text of the JSON corpus is refused or read as its suite says`() async throws {
        for line in try Shared.lines("corpora/json.jsonl") {
            let row = try JSONValue(parsing: line)
            let body = try #require(row["raw_b64"]?.string.flatMap { Array(base64: $0) })
            let response = await golden.post("/v1/rewards", body)
            #expect(response.status == .badRequest, "\(row["name"]?.string ?? "")")
            let isSyntax = ["invalid_json", "duplicate_key"].contains(try response.code())
            // Duplicate keys are valid JSON to that suite; here they are refused (reference/http-policy.md J3).
            let isDuplicate = try response.code() == "duplicate_key"
            #expect(isSyntax == (row["expect"] == "reject") || isDuplicate, "\(row["name"]?.string ?? "")")
        }
    }
}

extension Array where Element == UInt8 {
    /// Base64 (RFC 4648), as the corpora have it.
    init?(base64 text: String) {
        guard let data = Data(base64Encoded: text) else { return nil }
        self.init(data)
    }
}
