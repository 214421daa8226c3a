// What an error tells of names that came from outside.
import API
import HTTPTypes
import JSON
import Serving
import Testing

@Suite struct FieldNameTests {
    private let secret = "sk-5f1d9c07-a8e34b12"

    @Test(
        arguments: [
            ("rollouts[1].steps[12]", "rollouts[1].steps[12]"), ("token_ids", "token_ids"), ("", ""), ("[0]", "[0]"),
            ("rollouts[0].sk-1234", "rollouts[0]"), ("sk-1234", ""), ("credit[\"What is it?\"].a", "credit"),
            ("a.b7.c", "a"), ("a[x]", "a"), ("\u{E9}t\u{E9}", ""),
        ]
    )
    func `a path is told up to the first name that is no field's`(path: String, told: String) {
        #expect(path.fieldPath == told)
    }

    @Test(arguments: [
        ("pooling", true), ("Pooling_", true), ("", false), ("sk-1", false), ("a b", false), ("k1", false),
    ])
    func `a name is told where a field could have it`(name: String, isTold: Bool) {
        #expect((name.fieldName == name) == isTold)
    }

    @Test func `a name of forty letters is told, a longer one is not`() {
        #expect(String(repeating: "a", count: 40).fieldName.utf8.count == 40)
        #expect(String(repeating: "a", count: 41).fieldName == "(no field's name)")
    }

    @Test func `a key or a text in the wrong place does not come back`() async throws {
        let golden = try GoldenService()
        let bodies = [
            #"{"rollouts":[],"SECRET":1}"#, #"{"rollouts":[],"model":"SECRET"}"#,
            #"{"rollouts":[],"credit":{"SECRET":1}}"#,
            #"{"rollouts":[{"SECRET":tru}]}"#, #"{"SECRET":1,"SECRET":2}"#,
        ]
        for body in bodies {
            let bytes = Array(body.replacing("SECRET", with: secret).utf8)
            try expectRefusal(await golden.post("/v1/rewards", bytes))
        }
        for query in ["SECRET", "SECRET=1", "SECRET=1&SECRET=2", "SECRET=%", "pooling=SECRET"] {
            let path = "/v1/rewards?" + query.replacing("SECRET", with: secret)
            try expectRefusal(await golden.post(path, ["rollouts": []]))
        }
        let body = Array(#"{"rollouts":[]}"#.utf8)
        try expectRefusal(await golden.post("/v1/rewards", body, headers: [.contentType: secret]))
        try expectRefusal(await golden.send(.get, "/\(secret)"))
    }

    private func expectRefusal(_ response: Response, at location: SourceLocation = #_sourceLocation) throws {
        #expect(response.status.kind == .clientError, sourceLocation: location)
        #expect(!String(decoding: response.body, as: UTF8.self).contains(secret), sourceLocation: location)
    }
}
