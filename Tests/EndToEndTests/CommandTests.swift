// The command line as scripts use it.
import Fixtures
import Foundation
import JSON
import Testing

private let golden = Shared.checkout.appendingPathComponent("Tests/Goldens/tiny-prm").path

@Suite struct CommandTests {
    @Test func `score answers each line in order and carries keys through`() throws {
        let lines = [
            #"{"id":"a","prompt":"What is 1+1?","steps":["1 + 1 = 2."],"correct":true,"group":7}"#,
            #"{"id":2,"prompt":"p","response":"First.\n\nSecond."}"#,
        ]
        let run = try Run(["score", "--model", golden, "-"], input: Array(lines.joined(separator: "\n").utf8))
        #expect(run.status == 0)
        let answers = try run.output.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
        #expect(answers.count == 2)
        #expect(answers[0]["id"] == "a" && answers[0]["correct"] == true && answers[0]["group"] == 7)
        #expect(answers[1]["id"] == 2 && answers[1]["index"] == 1)
        #expect(answers[1]["steps"]?.array?.compactMap { $0["span"] } == [[0, 6], [8, 15]])
    }

    @Test func `score names a bad line, scores the rest, and exits with 1`() throws {
        let lines = ["{", #"{"prompt":"p","steps":[]}"#, #"{"prompt":"p","steps":["s"]}"#]
        let run = try Run(["score", "--model", golden, "-"], input: Array(lines.joined(separator: "\n").utf8))
        #expect(run.status == 1)
        let answers = try run.output.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
        #expect(answers.map { $0["object"] } == ["error", "error", "reward"])
        #expect(answers[0]["error"]?["code"] == "invalid_json")
        #expect(answers[1]["error"]?["param"] == "line[1].steps")
    }

    @Test(arguments: [
        (["score", "--model", golden, "/nowhere.jsonl"], Int32(2), "/nowhere.jsonl"),
        (["score", "--model", golden, "--credit", "best", "-"], 2, "--credit"),
        (["score", "/nowhere.jsonl"], 2, "/nowhere.jsonl"),
        (["serve", "--bogus"], 2, "--bogus"),
        (["serve", "--port", "many"], 2, "--port"),
        (["launch"], 2, "launch"),
        (["serve", "--model", golden, "--port", "65536"], 2, "--port"),
        (["serve", "--model", golden, "--threads", "0"], 2, "--threads"),
        (["serve", "--model", golden, "--temperature", "0"], 2, "emperature"),
        (["serve", "--model", golden, "--wait-seconds", "0"], 2, "--wait-seconds"),
        (["serve", "--model", golden, "--api-key-file", "/nowhere/keys"], 2, "/nowhere/keys"),
        (["serve", "--model", "/nowhere"], 3, "/nowhere"),
        (["inspect", "/nowhere"], 3, "/nowhere"),
    ])
    func `a mistake is one clear line and its exit code`(arguments: [String], status: Int32, named: String) throws {
        let run = try Run(arguments)
        let lines = run.errors.split(separator: "\n").filter { $0.hasPrefix("linchpin: ") }
        #expect(run.status == status)
        #expect(lines.count == 1 && lines.allSatisfy { $0.contains(named) }, "\(run.errors)")
    }

    @Test func `inspect tells profile and read positions, as text and as JSON`() throws {
        let text = try Run(["inspect", golden])
        #expect(text.status == 0)
        #expect(text.output.contains("profile       qwen-prm"))
        #expect(text.output.contains("<extra_0>*"))
        let object = try JSONValue(parsing: Array(Run(["inspect", golden, "--json"]).output.utf8.dropLast()))
        #expect(object["profile"] == "qwen-prm" && object["refusal"] == .null)
    }

    @Test func `without a model the built-in one scores, and says so`() throws {
        let line = #"{"prompt":"Start with 12. Add 7.","steps":["12 + 7 = 19"]}"#
        let run = try Run(["score", "-"], input: Array(line.utf8), environment: ["LINCHPIN_MODEL": ""])
        #expect(run.status == 0)
        #expect(run.errors.contains("built-in demonstration model"), "\(run.errors)")
        let answer = try JSONValue(parsing: Array(run.output.utf8))
        let reward = try #require(answer["steps"]?.array?.first?["reward"]?.double)
        #expect((0...1).contains(reward))
        let text = try Run(["inspect"]).output
        #expect(text.contains("folder        linchpin-arithmetic") && text.contains("profile       trl"))
    }

    @Test func `an environment variable stands for a flag, and the flag wins`() throws {
        let environment = ["LINCHPIN_SERVED_NAME": "from-environment", "LINCHPIN_POOLING": "min"]
        let server = try Linchpin(model: golden, environment: environment)
        let info = try server.send("GET", "/info").json()
        #expect(info["model"] == "from-environment" && info["credit"]?["pooling"] == "min")
        let credit = try server.post("/v1/credit", ["rollouts": [["rewards": [0.9, 0.3]]]]).json()
        #expect(credit["data"]?.array?.first?["reward"] == 0.3)
        #expect(server.stop() == 0)
        let other = try Linchpin(model: golden, flags: ["--served-name", "from-flag"], environment: environment)
        #expect(try other.send("GET", "/info").json()["model"] == "from-flag")
        #expect(other.stop() == 0)
    }

    @Test(arguments: [
        ("", "no key"), ("# only a comment\n\n", "no key"), ("long-enough\nshort\n", "line 2"),
        ("with a blank\n", "line 1"), ("with/a/slash\n", "line 1"),
    ])
    func `a key file that would let in the wrong ones is refused`(text: String, words: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(Array(text.utf8), to: "keys")
        let run = try Run(["serve", "--model", golden, "--port", "0", "--api-key-file", folder.path + "/keys"])
        #expect(run.status == 2 && run.errors.contains(words), "\(run.errors)")
    }

    @Test func `a key file closes the scoring routes, and an environment variable may name it`() throws {
        let folder = try TemporaryFolder()
        try folder.write(Array("# trainers\r\nfirst-key-1\r\nsecond-key-2".utf8), to: "keys")
        let server = try Linchpin(
            model: golden,
            environment: ["LINCHPIN_API_KEY_FILE": folder.path + "/keys"]
        )
        let body: JSONValue = ["rewards": [0.5]]
        #expect(try server.post("/v1/credit", ["rollouts": [body]]).status == 401)
        for key in ["first-key-1", "second-key-2"] {
            #expect(try server.post("/\(key)/v1/credit", ["rollouts": [body]]).status == 200)
            #expect(try server.post("/v1/credit?api_key=\(key)", ["rollouts": [body]]).status == 200)
        }
        #expect(try server.send("GET", "/health").status == 200)
        #expect(try server.send("GET", "/metrics").status == 401)
        #expect(server.stop() == 0)
    }

    @Test func `SIGTERM on an idle server is exit code 0`() throws {
        let server = try Linchpin(model: golden)
        #expect(try server.send("GET", "/health").status == 200)
        #expect(server.stop() == 0)
    }
}
