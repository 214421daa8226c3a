// Rollouts with outcomes, a line at a time.
import API
import Scoring
import Testing

@Suite struct LabelledLineTests {
    private static func read(_ line: String) throws -> LabelledRollout { try LabelledRollout(line: Array(line.utf8)) }

    @Test func `a line of the arithmetic data is a rollout, an outcome, a problem and a label`() throws {
        let read = try Self.read(
            #"{"id":"a","prompt":"q","steps":["x","y"],"final_answer_correct":false,"label":1,"correct":false,"group":"g"}"#
        )
        #expect(read.rollout == Rollout(prompt: .text("q"), source: .list(["x", "y"])))
        #expect(!read.correct && read.label == 1 && read.problem == "group g")
    }

    @Test func `ProcessBench's own outcome is taken, and the prompt names the problem`() throws {
        let one = try Self.read(#"{"prompt":"q","steps":["x"],"final_answer_correct":true}"#)
        let two = try Self.read(#"{"prompt":"q","completions":["z"],"correct":false}"#)
        #expect(one.correct && !two.correct && one.problem == two.problem && one.label == nil)
    }

    @Test(arguments: [
        ("{", "valid JSON"), (#"{"prompt":"q","steps":["x"]}"#, "correct is missing"),
        (#"{"steps":["x"],"correct":true}"#, "prompt is missing"),
        (#"{"prompt":"q","steps":["x"],"correct":1}"#, "correct must be true or false"),
        (#"{"prompt":"q","steps":["x"],"correct":true,"label":-2}"#, "label must be"),
    ])
    func `a line that is none says why`(_ line: String, _ words: String) {
        let error = #expect(throws: LineRefusal.self) { _ = try Self.read(line) }
        #expect(error?.message.contains(words) == true)
    }
}
