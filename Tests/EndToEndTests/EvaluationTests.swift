// linchpin data and linchpin eval as scripts use them.
import Fixtures
import Foundation
import JSON
import Testing

private let golden = Shared.checkout.appendingPathComponent("Tests/Goldens/tiny-trl").path

private func object(_ text: String) throws -> JSONValue {
    try JSONValue(parsing: Array(text.utf8.split(separator: UInt8(ascii: "\n")).first ?? []))
}

@Suite struct EvaluationTests {
    @Test func `what data makes, eval judges, as JSON and as a page`() throws {
        let data = try Run(["data", "arithmetic", "--count", "60", "--seed", "3", "--steps", "1-3"])
        #expect(data.status == 0 && data.errors.isEmpty)
        #expect(data.output.split(separator: "\n").count == 60)
        let folder = try TemporaryFolder()
        let page = folder.url.appendingPathComponent("out.html").path
        let arguments = ["eval", "--model", golden, "-", "--json", "--html", page]
        let run = try Run(arguments, input: Array(data.output.utf8))
        #expect(run.status == 0)
        let found = try object(run.output)
        for key in ["f1", "accuracy_erroneous", "accuracy_correct", "step_auroc", "outcome_accuracy"] {
            let value = try #require(found[key]?.double, "\(key)")
            #expect((0...1).contains(value))
        }
        #expect(found["threshold"] == 0.5 && found["chains"] == 60 && found["bad_lines"] == 0)
        #expect(found["best_of_n"]?.array?.count == 2)
        let html = try String(contentsOfFile: page, encoding: .utf8)
        #expect(html.hasPrefix("<!DOCTYPE html>") && html.contains("<svg") && !html.contains("<script"))
    }

    @Test func `a bad line is named and left out, and the exit code is 1`() throws {
        let lines = [
            #"{"id":"a","problem":"What is 2+3?","steps":["2 + 3 = 5"],"final_answer_correct":true,"label":-1}"#,
            #"{"problem":"p","steps":["s"],"label":1}"#, #"{"problem":"p"}"#, "{",
            #"{"problem":"p","steps":["s"],"correct":true,"final_answer_correct":false}"#,
        ]
        let run = try Run(["eval", "--model", golden, "-", "--json"], input: Array(lines.joined(separator: "\n").utf8))
        #expect(run.status == 1)
        #expect(try object(run.output)["chains"] == 1 && object(run.output)["bad_lines"] == 4)
        for (index, word) in [(1, "label"), (2, "steps"), (3, "JSON"), (4, "correct")] {
            let named = run.errors.split(separator: "\n").filter { $0.contains("line[\(index)]: ") }
            #expect(named.count == 1 && named.allSatisfy { $0.contains(word) }, "\(run.errors)")
        }
    }

    @Test func `without labels the table says so`() throws {
        let line = #"{"prompt":"What is 2+3?","steps":["2 + 3 = 5"],"correct":true}"#
        let run = try Run(["eval", "--model", golden, "-"], input: Array(line.utf8))
        #expect(run.status == 0 && run.output.contains("No chain has a label"))
        #expect(run.output.contains("Final answers"))
    }

    @Test(arguments: [
        (["eval", "--model", golden, "--threshold", "0.3", "--choose-threshold", "-"], "--choose-threshold"),
        (["eval", "--model", golden, "--choose-threshold", "-"], "--choose-threshold"),
        (["eval", "--model", golden, "--threshold", "nan", "-"], "--threshold"),
        (["eval", "--model", golden, "/nowhere.jsonl"], "/nowhere.jsonl"),
        (["data", "arithmetic", "--count", "-1", "--seed", "1"], "--count"),
        (["data", "arithmetic", "--count", "1"], "--seed"),
        (["data", "arithmetic", "--count", "1", "--seed", "1", "--steps", "0-3"], "--steps"),
        (["data", "arithmetic", "--count", "1", "--seed", "1", "--steps", "3-2"], "--steps"),
        (["data", "arithmetic", "--count", "1", "--seed", "1", "--chains-per-problem", "0"], "--chains-per-problem"),
    ])
    func `a mistake is one clear line and exit code 2`(arguments: [String], named: String) throws {
        let run = try Run(arguments)
        let lines = run.errors.split(separator: "\n").filter { $0.hasPrefix("linchpin: ") }
        #expect(run.status == 2)
        #expect(lines.count == 1 && lines.allSatisfy { $0.contains(named) }, "\(run.errors)")
    }
}
