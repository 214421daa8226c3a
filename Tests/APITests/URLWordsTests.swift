// The URL is the knob: every word, and every way to get it wrong.
import Fixtures
import HTTPTypes
import JSON
import Serving
import Testing

@Suite struct URLWordsTests {
    private let golden: GoldenService
    private let sample = Sample(answer: "2 + 3 = 5\nThen 7.\n\nSo it is 5.")

    init() throws { golden = try GoldenService() }

    private func score(_ query: String, _ sample: Sample? = nil) async throws -> JSONValue? {
        let body: JSONValue = ["query": [.string((sample ?? self.sample).text)]]
        return try await golden.post("/get_reward?\(query)", body).json()["rewards"]?.array?.first
    }

    private func native(_ credit: JSONValue, separator: String = "\n\n") async throws -> JSONValue? {
        var rollout = sample.native.object ?? JSONObject()
        rollout["separator"] = .string(separator)
        let answer = try await golden.post("/v1/rewards", ["rollouts": [.object(rollout)], "credit": credit]).json()
        return answer["data"]?.array?.first
    }

    @Test(
        arguments: [
            ("pooling=min", ["pooling": "min"]), ("pooling=sws&temperature=0.5", ["temperature": 0.5]),
            ("scale=margin&temperature=1e-1", ["scale": "margin", "temperature": 0.1]),
            ("scale=logit&pooling=softmin&temperature=1", ["scale": "logit", "pooling": "softmin", "temperature": 1]),
            ("", [:]), ("&&", [:]), ("%70ooling=%6Din", ["pooling": "min"]), ("wait=60&api_key=anything", [:]),
        ] as [(String, JSONValue)]
    )
    func `pooling, temperature and scale are those of the native credit`(query: String, credit: JSONValue) async throws
    {
        #expect(try await score(query) == native(credit)?["reward"])
    }

    @Test func `reward picks another value of the trajectory`() async throws {
        #expect(try await score("pooling=sws&reward=last") == native(["pooling": "sws"])?["trajectory"]?["last"])
        #expect(try await score("reward=product") == native([:])?["trajectory"]?["product"])
    }

    @Test(arguments: [("%0A", "\n"), ("%0a%0A", "\n\n"), ("+So", " So"), ("%20=", " =")])
    func `separator is percent-decoded`(encoded: String, separator: String) async throws {
        #expect(try await score("separator=\(encoded)") == native([:], separator: separator)?["reward"])
    }

    @Test(
        arguments: [
            ("poolin=min", "unknown_field", "?poolin"), ("format=object", "unknown_field", "?format"),
            ("pooling=max", "invalid_field", "?pooling"), ("pooling", "invalid_field", "?pooling"),
            ("temperature=0", "invalid_field", "?temperature"), ("temperature=nan", "invalid_field", "?temperature"),
            ("temperature=-1", "invalid_field", "?temperature"), ("temperature=", "invalid_field", "?temperature"),
            ("scale=margin&pooling=product", "invalid_field", "?pooling"),
            ("scale=margin&reward=product", "invalid_field", "?reward"), ("reward=best", "invalid_field", "?reward"),
            ("separator=", "invalid_field", "?separator"), ("system=yes", "invalid_field", "?system"),
            ("normalize=all", "invalid_field", "?normalize"), ("spread=wide", "invalid_field", "?spread"),
            ("wait=0", "invalid_field", "?wait"), ("wait=3601", "invalid_field", "?wait"),
            ("pooling=min&pooling=min", "conflicting_fields", "?pooling"),
            ("separator=%0", "invalid_field", "?separator"), ("separator=%zz", "invalid_field", "?separator"),
            ("separator=%ff", "invalid_field", "?separator"), ("%ff=1", "invalid_field", "The URL"),
        ]
    )
    func `a wrong word is a 400 that names it and lists the known ones`(
        query: String,
        code: String,
        param: String
    ) async throws {
        // slime's own route knows ?format.
        for dialect in Dialect.trainers where !["/", "/rm", "/rm?format=object"].contains(dialect.path) {
            let response = await golden.post("\(dialect.path)?\(query)", dialect.body([sample]))
            #expect(response.status == .badRequest)
            let error = try response.json()["error"]
            #expect(error?["code"]?.string == code && error?["param"]?.string == param)
            if code == "unknown_field" {
                for word in ["pooling", "temperature", "scale", "reward", "separator", "api_key"] {
                    #expect(error?["message"]?.string?.contains(word) == true)
                }
            }
        }
    }

    @Test func `on the native routes the URL fills what the body does not say`() async throws {
        let rewards: JSONValue = [["rewards": [0.9, 0.2, 0.7], "group": 1], ["rewards": [0.5], "group": 1]]
        let said: JSONValue = [
            "rollouts": rewards, "credit": ["pooling": "min", "scale": "margin", "normalize": "rloo"],
        ]
        let expected = try await golden.post("/v1/credit", said).json()["data"]
        let rest: JSONValue = ["rollouts": rewards, "credit": ["scale": "margin"], "normalize": "rloo"]
        #expect(try await golden.post("/v1/credit?pooling=min", rest).json()["data"] == expected)
        let all = "/v1/credit?pooling=min&scale=margin&normalize=rloo"
        #expect(try await golden.post(all, ["rollouts": rewards]).json()["data"] == expected && expected != nil)
    }

    @Test(
        arguments: [
            ("pooling=min", ["credit": ["pooling": "min"]], "?pooling"),
            ("scale=margin", ["credit": ["scale": "logit"]], "?scale"),
            ("normalize=grpo", ["normalize": "grpo"], "?normalize"),
            ("spread=population", ["credit": ["spread": "unbiased"]], "?spread"),
        ] as [(String, JSONValue, String)]
    )
    func `what both the URL and the body say is a conflict`(query: String, body: JSONValue, param: String) async throws
    {
        var fields = body.object ?? JSONObject()
        fields["rollouts"] = [["rewards": [0.5]]]
        let response = await golden.post("/v1/credit?\(query)", .object(fields))
        #expect(response.status == .badRequest)
        let error = try response.json()["error"]
        #expect(error?["code"] == "conflicting_fields" && error?["param"]?.string == param)
    }

    @Test func `a reward that the body's scale does not have is refused`() async throws {
        let body: JSONValue = ["rollouts": [["rewards": [0.5]]], "credit": ["scale": "margin"]]
        let response = await golden.post("/v1/credit?reward=product", body)
        #expect(try response.json()["error"]?["param"] == "?reward")
    }

    @Test func `the policy's system turn is dropped, or kept`() async throws {
        let prompt = "<|im_start|>system\nBe terse.<|im_end|>\n" + sample.prompt
        let body: JSONValue = ["query": [.string(prompt + sample.answer)], "prompts": [.string(prompt)]]
        let dropped = try await golden.post("/get_reward", body).json()["rewards"]?.array?.first
        #expect(dropped == (try await score("")))
        let kept = try await golden.post("/get_reward?system=keep", body).json()["rewards"]?.array?.first
        let rollout: JSONValue = [
            "messages": [
                ["role": "system", "content": "Be terse."], ["role": "user", "content": .string(sample.question)],
            ],
            "response": .string(sample.answer),
        ]
        let answer = try await golden.post("/v1/rewards", ["rollouts": [rollout]]).json()
        #expect(kept == answer["data"]?.array?.first?["reward"] && kept != dropped)
    }

    @Test func `rewards are normalised among the rollouts of one prompt`() async throws {
        let samples = [sample, Sample(), Sample(question: "Why?", answer: "Because.")]
        let body: JSONValue = [
            "query": .array(samples.map { .string($0.text) }), "prompts": .array(samples.map { .string($0.prompt) }),
        ]
        let raw = try #require(
            await golden.post("/get_reward", body).json()["rewards"]?.array?.compactMap(\.double)
        )
        let rloo = try await golden.post("/get_reward?normalize=rloo", body).json()["rewards"]?.array?.compactMap(
            \.double
        )
        // Two of one prompt: each against the other. One alone stays as it is.
        let expected = [raw[0] - raw[1], raw[1] - raw[0], raw[2]]
        for (found, wanted) in zip(try #require(rloo), expected) { #expect(abs(found - wanted) < 1e-12) }
    }
}
