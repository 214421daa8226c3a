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
        let errors = answers.dropFirst().map { $0["error"] }
        #expect(errors.map { $0?["code"] } == ["empty_answer", "invalid_field"])
        #expect(errors.map { $0?["param"] } == ["line[1].answers[0]", "line[2]"])
        #expect(errors[0]?["message"] == "Answer 0 has no token.")
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
        (#"{"messages":[{"role":"tool","content":"a"}],"steps":["s"]}"#, "line[0].messages[0].role"),
        (#"{"messages":[],"steps":["s"]}"#, "line[0].messages"),
        (#"{"prompt":"p","messages":[{"role":"user","content":"a"}],"steps":["s"]}"#, "line[0].prompt"),
        (#"{"prompt_token_ids":[1]}"#, "line[0].step_token_ids"),
        (#"{"step_token_ids":[[1]]}"#, "line[0].prompt_token_ids"),
        (#"{"prompt":"p"}"#, "line[0].steps"), (#"{"steps":["s"]}"#, "line[0].prompt"),
        (#"{"prompt":"p","response":"r","separator":""}"#, "line[0].separator"),
        (#"{"prompt_token_ids":[1],"step_token_ids":[[1.5]]}"#, "line[0].step_token_ids[0][0]"),
        (#"{"prompt":"p","steps":["s"],"counts_suffix":1}"#, "line[0].counts_suffix"),
    ])
    func `a line that cannot be read is an error that names its field`(line: String, param: String) throws {
        let run = try Run(
            ["signals", "--model", "policy=" + folder("tiny-prm"), "-"],
            input: Array(line.utf8)
        )
        let answer = try JSONValue(parsing: Array(run.output.utf8))
        #expect(run.status == 1 && answer["object"] == "error" && answer["index"] == 0)
        #expect(answer["error"]?["param"]?.string?.hasPrefix(param) == true, "\(run.output)")
    }

    @Test func `a line is read as the API reads rollouts`() throws {
        let lines = [
            #"{"id":1,"messages":[{"role":"user","content":[{"type":"text","text":"Hi."}]}],"completions":["s"]}"#,
            #"{"id":2,"messages":[{"role":"user","content":"Hi."}],"steps":["s"]}"#,
        ]
        let run = try Run(
            ["signals", "--model", "policy=" + folder("tiny-prm"), "-"],
            input: Array(lines.joined(separator: "\n").utf8)
        )
        let answers = try run.output.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
        #expect(run.status == 0 && answers.map { $0["id"] } == [1, 2])
        #expect(answers[0]["token_logprob"] == answers[1]["token_logprob"] && answers[0]["prompt_tokens"] != nil)
    }

    @Test func `a wrong policy is told before the reward model is loaded`() throws {
        let run = try Run(["serve", "--port", "0", "--model", folder("tiny-prm"), "--model", "policy=/nowhere"])
        #expect(run.status == 3 && run.errors.contains("/nowhere"))
        #expect(!run.errors.contains("the prm is loaded") && !run.errors.contains("loading"))
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
