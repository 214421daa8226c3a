// Precisions, kernels and the cache as an operator sets them.
import Fixtures
import Foundation
import JSON
import Testing

private let golden = Shared.checkout.appendingPathComponent("Tests/Goldens/tiny-prm").path

private let rollouts: JSONValue = [
    "rollouts": [
        ["prompt": "What is 1+1?", "steps": ["1 + 1 = 2.", "So the answer is 2."]],
        ["prompt": "What is 1+1?", "steps": ["1 + 1 = 2.", "So the answer is 3."]],
    ]
]

/// The rewards of every step, and how many tokens of each rollout needed no computing.
private func answer(_ server: Linchpin) throws -> (rewards: [Double], cached: [Int], tokens: [Int]) {
    let data = try #require(server.post("/v1/rewards", rollouts).json()["data"]?.array)
    let steps = data.flatMap { $0["steps"]?.array ?? [] }
    return (
        steps.compactMap { $0["reward"]?.double }, data.compactMap { $0["cached_tokens"]?.integer },
        data.compactMap { $0["tokens"]?.integer }
    )
}

@Suite struct PrecisionTests {
    @Test func `int8 gives rewards near the stored ones, the same with every kernel that runs here`() throws {
        let stored = try answer(Linchpin(model: golden)).rewards
        let int8 = try Linchpin(model: golden, flags: ["--precision", "int8"])
        let info = try int8.send("GET", "/info").json()
        #expect(info["precision"] == "int8")
        let rewards = try answer(int8).rewards
        #expect(rewards.count == 4 && rewards != stored)
        for (one, other) in zip(rewards, stored) { #expect(abs(one - other) < 0.05) }

        let environment = ["LINCHPIN_PRECISION": "int8", "LINCHPIN_KERNEL": "plain"]
        let plain = try Linchpin(model: golden, environment: environment)
        #expect(try plain.send("GET", "/info").json()["kernel"] == "plain")
        #expect(try answer(plain).rewards == rewards)
    }

    @Test func `what was sent before needs no computing, unless nothing is kept`() throws {
        let keeping = try Linchpin(model: golden)
        let first = try answer(keeping)
        // The two begin alike, and so the second has it from the first.
        #expect(first.cached[0] == 0 && first.cached[1] > 0 && first.cached[1] < first.tokens[1])
        let again = try answer(keeping)
        #expect(again.cached == again.tokens && again.rewards == first.rewards)
        let metrics = try String(decoding: keeping.send("GET", "/metrics").body, as: UTF8.self)
        let cached = first.cached[1] + again.tokens[0] + again.tokens[1]
        #expect(metrics.contains("linchpin_cached_tokens_total{role=\"prm\"} \(cached).0\n"), "\(metrics)")

        let forgetting = try Linchpin(model: golden, environment: ["LINCHPIN_NO_CACHE": "1"])
        _ = try answer(forgetting)
        let anew = try answer(forgetting)
        #expect(anew.cached == first.cached && anew.rewards == first.rewards)
    }

    @Test func `eval compares two precisions on rollouts without labels`() throws {
        let folder = try TemporaryFolder()
        let lines = (0..<8).map { #"{"prompt":"What is \#($0)+1?","steps":["\#($0) + 1 = \#($0 + 1).","Done."]}"# }
        try folder.write(Array((lines + ["{"]).joined(separator: "\n").utf8), to: "in.jsonl")
        let file = folder.url.appendingPathComponent("in.jsonl").path
        let run = try Run(["eval", "--model", golden, "--compare", "stored,int8", "--json", file])
        let found = try JSONValue(parsing: Array(run.output.utf8.dropLast()))
        #expect(run.status == 1 && found["bad_lines"] == 1)
        #expect(found["rollouts"] == 8 && found["steps"] == 16 && found["threshold"] == 0.5)
        let largest = try #require(found["largest_difference"]?.double)
        #expect(largest > 0 && largest < 0.05)
        let same = try Run(["eval", "--model", golden, "--compare", "stored,stored", file])
        #expect(same.output.hasPrefix("rewards: 0.000000 apart at most"), "\(same.output)")
    }

    @Test(arguments: [
        (["eval", "--model", golden, "--compare", "stored", "f"], "--compare"),
        (["eval", "--model", golden, "--compare", "stored,float8", "f"], "--compare"),
        (["eval", "--model", golden, "--compare", "stored,int8", "-"], "--compare"),
        (["eval", "--model", golden, "--compare", "stored,int8", "--precision", "int8", "f"], "--compare"),
        (["serve", "--model", golden, "--precision", "int4"], "--precision"),
        (["serve", "--model", golden, "--kernel", "sse2"], "--kernel"),
        (["serve", "--model", golden, "--no-cache", "--cache-bytes", "5"], "--cache-bytes"),
        (["bench", "model", "--shape", "qwen9"], "--shape"),
        (["bench", "model", "--workload", "3x5"], "--workload"),
        (["bench", "kernels", "--rows", "0"], "--rows"),
        (["bench", "server", "--shape", "qwen2.5-0.5b", "--model", golden], "--shape"),
        (["bench", "load", "--port", "0x1"], "--port"),
    ])
    func `a mistake is one clear line and exit code 2`(arguments: [String], named: String) throws {
        let run = try Run(arguments)
        let lines = run.errors.split(separator: "\n").filter { $0.hasPrefix("linchpin: ") }
        #expect(run.status == 2, "\(run.errors)")
        #expect(lines.count == 1 && lines.allSatisfy { $0.contains(named) }, "\(run.errors)")
    }

    @Test func `bench model and bench kernels print what DESIGN names`() throws {
        let model = try Run(["bench", "model", "--workload", "tree", "--precision", "int8", "--rounds", "1", "--json"])
        #expect(model.status == 0, "\(model.errors)")
        let found = try JSONValue(parsing: Array(model.output.utf8.dropLast()))
        #expect(found["shape"] == "qwen2.5-0.5b" && found["precision"] == "int8" && found["workload"] == "tree")
        // A trunk of 100 and 32 branches of 25, each once, although 6,800 were sent.
        #expect(found["tokens_sent"] == 6800 && found["tokens_computed"] == 900)
        for key in [
            "tokens_per_second", "operations_per_second", "peak_operations_per_second", "share_of_peak", "peak_bytes",
            "time_over_unique",
        ] {
            #expect(try #require(found[key]?.double, "\(key)") > 0)
        }
        let kernels = try Run(["bench", "kernels", "--shape", "qwen2.5-0.5b", "--rows", "8", "--rounds", "1", "--json"])
        #expect(kernels.status == 0, "\(kernels.errors)")
        let list = try JSONValue(parsing: Array(kernels.output.utf8.dropLast()))["kernels"]?.array ?? []
        let names = ["projections", "output", "gate_up", "down", "attention"]
        #expect(list.compactMap { $0["name"]?.string } == names + names)
        #expect(list.allSatisfy { $0["share_of_peak"]?.double ?? 0 > 0 })
    }

    @Test func `bench server drives the model from another process and tells both sides`() throws {
        let run = try Run(["bench", "server", "--model", golden, "--clients", "4", "--seconds", "1", "--json"])
        #expect(run.status == 0, "\(run.errors)")
        let found = try JSONValue(parsing: Array(run.output.utf8.dropLast()))
        for key in ["requests_per_second", "tokens_per_second", "p50_seconds", "p99_seconds", "overhead_share"] {
            #expect(try #require(found[key]?.double, "\(key)") >= 0)
        }
        #expect(found["failures"] == 0)
    }
}
