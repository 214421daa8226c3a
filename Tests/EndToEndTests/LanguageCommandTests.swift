// A policy beside the reward model, by the command line.
import Fixtures
import Foundation
import JSON
import Testing

private func folder(_ name: String) -> String { Shared.checkout.appendingPathComponent("Tests/Goldens/\(name)").path }

@Suite struct LanguageCommandTests {
    private static let line =
        #"{"id":"a","prompt":"Add 1 to 9.","steps":["9 + 1 = 10","So 10."],"separator":"\n","answers":["10"]}"#

    @Test func `signals writes one answer a line, with log-ratios where there is a reference`() throws {
        let lines = [Self.line, #"{"prompt":"p","steps":["s"],"answers":[""]}"#, "[]"].joined(separator: "\n")
        let models = ["--model", "policy=" + folder("tiny-prm"), "--model", "reference=" + folder("tiny-prm")]
        let run = try Run(["signals"] + models + ["-"], input: Array(lines.utf8))
        #expect(run.status == 1)
        let answers = try run.output.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
        #expect(answers.count == 3 && answers[0]["id"] == "a")
        #expect(answers.map { $0["error"] == nil } == [true, false, false])
        let tokens = try #require(answers[0]["token_ids"]?.array?.count)
        #expect(
            answers[0]["token_logprob"]?.array?.count == tokens && answers[0]["token_entropy"]?.array?.count == tokens
        )
        #expect(answers[0]["answer_logprob"]?.array?.first?.array?.count == 3)
        #expect(answers[0]["logratio"]?["token"]?.array?.allSatisfy { $0.double == 0 } == true)
        #expect(answers[0]["logratio"]?["step"]?.array?.count == 2)
        #expect(answers[1]["error"] == "emptyAnswer(0)" && answers[2]["error"] == "the line is no JSON object")
        let alone = try Run(
            ["signals", "--answers-only", "-"],
            input: Array(Self.line.utf8),
            environment: ["LINCHPIN_MODEL_POLICY": folder("tiny-prm")]
        )
        let answer = try JSONValue(parsing: Array(alone.output.utf8))
        #expect(alone.status == 0 && answer["token_logprob"] == nil && answer["logratio"] == nil)
        #expect(answer["answer_logprob"] == answers[0]["answer_logprob"])
    }

    @Test(arguments: [
        (["signals", "-"], Int32(2), "policy"),
        (["signals", "--model", "reference=" + folder("tiny-prm"), "-"], 2, "needs --model policy"),
        (["signals", "--model", "polcy=/nowhere", "-"], 2, "polcy is not one of prm, policy, reference"),
        (["signals", "--model", "policy=/nowhere", "--model", "policy=/nowhere", "-"], 2, "twice"),
        (["signals", "--model", "policy=", "-"], 2, "no folder"),
        (["signals", "--model", "policy=/nowhere", "-"], 3, "/nowhere"),
        (["signals", "--model", "policy=" + folder("tiny-trl"), "-"], 3, "lm_head.weight"),
        (
            [
                "signals", "--model", "policy=" + folder("tiny-prm"), "--model", "reference=" + folder("tiny-mistral"),
                "-",
            ], 3, "its tokenizer is not the policy's"
        ),
        (["score", "--model", "policy=" + folder("tiny-prm"), "-"], 2, "only serve and signals"),
    ])
    func `a model that cannot have its role is one line and an exit code`(
        arguments: [String],
        status: Int32,
        named: String
    ) throws {
        let run = try Run(arguments)
        let lines = run.errors.split(separator: "\n").filter { $0.hasPrefix("linchpin: ") }
        #expect(run.status == status)
        #expect(lines.count == 1 && lines.allSatisfy { $0.contains(named) }, "\(run.errors)")
    }

    @Test func `three models are served by one process, and a reload is the reward model's`() throws {
        let server = try Linchpin(
            model: "prm=" + folder("tiny-prm"),
            flags: ["--model", "policy=" + folder("tiny-llama"), "--model", "reference=" + folder("tiny-llama")]
        )
        #expect(try server.send("GET", "/info").json()["model"] == "tiny-prm")
        #expect(try server.post("/v1/rewards", ["rollouts": [["prompt": "p", "steps": ["s"]]]]).status == 200)
        #expect(server.stop() == 0)
    }

    @Test func `inspect tells whether a folder can be the policy`() throws {
        #expect(try Run(["inspect", folder("tiny-prm")]).output.contains("as policy     yes"))
        #expect(
            try Run(["inspect", folder("tiny-trl")]).output.contains("as policy     no: the tensor lm_head.weight")
        )
        let object = try JSONValue(
            parsing: Array(Run(["inspect", folder("tiny-llama"), "--json"]).output.utf8.dropLast())
        )
        #expect(object["policy_refusal"] == .null)
    }
}
