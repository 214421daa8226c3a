// Rollouts whose callers lay out every token.
import Fixtures
import Foundation
import HTTPTypes
import JSON
import Serving
import Testing

@Suite struct RawTests {
    private let golden: GoldenService

    init() throws { golden = try GoldenService() }

    private func post(_ rollout: JSONValue) async throws -> Response {
        await golden.post("/v1/rewards", (["rollouts": [rollout], "return_token_ids": true] as JSONValue).serialized())
    }

    private func item(_ rollout: JSONValue) async throws -> JSONValue? {
        try await post(rollout).json()["data"]?.array?.first
    }

    @Test func `ids and positions of a rollout score as the rollout does`() async throws {
        let answer = try await item(["prompt": "What is 1+1?", "steps": ["1 + 1 = 2.", "So 2."]])
        let scored = try #require(answer)
        let ids = try #require(scored["token_ids"])
        let positions = try #require(scored["read_positions"])
        let again = try await item(["id": "r", "token_ids": ids, "read_positions": positions])
        let raw = try #require(again)
        #expect(raw["id"] == "r" && raw["token_ids"] == ids && raw["read_positions"] == positions)
        let steps = try #require(raw["steps"]?.array)
        #expect(steps.map { $0["reward"] } == scored["steps"]?.array?.map { $0["reward"] })
        #expect(steps.allSatisfy { $0["span"] == nil })
        #expect(raw["reward"] == scored["reward"])
    }

    @Test func `segments are encoded apart, and text in them is plain`() async throws {
        let answer = try await item([
            "segments": [
                ["text": "What is <extra_0>?"], ["token": "<extra_0>", "read": true], ["text": "So"], ["id": 10],
                ["text": "it is.", "read": true],
            ]
        ])
        let raw = try #require(answer)
        let ids = raw["token_ids"]?.array?.compactMap(\.integer) ?? []
        let positions = raw["read_positions"]?.array?.compactMap(\.integer) ?? []
        try #require(positions.count == 2)
        #expect(positions[1] == ids.count - 1)
        let marker = ids[positions[0]]
        #expect(ids.count { $0 == marker } == 1 && ids.contains(10))
        #expect(raw["steps"]?.array?.count == 2)
    }

    private static let unscorable: [(JSONValue, String, String)] = [
        (["segments": []], "empty_steps", "steps"), (["segments": [["text": "a"]]], "empty_steps", "steps"),
        (["segments": [["text": "", "read": true]]], "empty_segment", "segments[0]"),
        (["segments": [["token": "<none>", "read": true]]], "unknown_token", "segments[0].token"),
        (["segments": [["id": -1, "read": true]]], "token_out_of_range", "token_ids[0]"),
        (["token_ids": [1, 99_999_999_999], "read_positions": [0]], "token_out_of_range", "token_ids[1]"),
        (["token_ids": [1, 2], "read_positions": [2]], "bad_read_position", "read_positions[0]"),
        (["token_ids": [1, 2], "read_positions": [-1]], "bad_read_position", "read_positions[0]"),
        (["token_ids": [1, 2], "read_positions": [1, 1]], "bad_read_position", "read_positions[1]"),
        (["token_ids": [1, 2], "read_positions": [1, 0]], "bad_read_position", "read_positions[1]"),
        (["token_ids": [], "read_positions": []], "empty_steps", "steps"),
        (["token_ids": [], "read_positions": [0]], "bad_read_position", "read_positions[0]"),
    ]

    @Test(arguments: unscorable)
    func `a raw rollout that cannot be scored is a 422 that names the place`(
        rollout: JSONValue,
        code: String,
        field: String
    ) async throws {
        let response = try await post(rollout)
        #expect(response.status == .unprocessableContent)
        let error = try response.json()["data"]?.array?.first?["error"]
        #expect(error?["code"]?.string == code && error?["param"]?.string == "rollouts[0].\(field)")
    }

    private static let malformed: [(JSONValue, String)] = [
        (["segments": 1], "rollouts[0].segments"), (["segments": [1]], "rollouts[0].segments[0]"),
        (["segments": [["text": "a", "id": 1]]], "rollouts[0].segments[0]"),
        (["segments": [["text": "a", "id": "x"]]], "rollouts[0].segments[0]"),
        (["segments": [["id": 1.5, "read": true]]], "rollouts[0].segments[0].id"),
        (["segments": [[:]]], "rollouts[0].segments[0]"),
        (["segments": [["text": "a", "raed": true]]], "rollouts[0].segments[0].raed"),
        (["segments": [["text": "a", "read": 1]]], "rollouts[0].segments[0].read"),
        (["token_ids": [1]], "rollouts[0].read_positions"),
        (["token_ids": [1.5], "read_positions": [0]], "rollouts[0].token_ids[0]"),
        (["token_ids": ["1"], "read_positions": [0]], "rollouts[0].token_ids[0]"),
        (["token_ids": [1], "read_positions": [0], "segments": []], "rollouts[0].segments"),
        (["token_ids": [1], "read_positions": [0], "prompt": "p"], "rollouts[0].token_ids"),
        (["segments": [["text": "a", "read": true]], "steps": ["a"]], "rollouts[0].segments"),
    ]

    @Test(arguments: malformed)
    func `a malformed raw rollout refuses the request`(rollout: JSONValue, param: String) async throws {
        let response = try await post(rollout)
        #expect(response.status == .badRequest)
        #expect(try response.json()["error"]?["param"]?.string == param)
    }
}
