// The same seed gives the same bytes, and the form of a line.
import Demonstrations
import Foundation
import JSON
import Testing

private func lines(_ count: Int, seed: UInt64, _ change: (inout ArithmeticTask) -> Void = { _ in }) -> [String] {
    var task = ArithmeticTask()
    change(&task)
    return ArithmeticDemonstrations(task: task, seed: seed).prefix(count).map {
        String(decoding: $0.line, as: UTF8.self)
    }
}

/// `golden-7.jsonl` beside this file.
private func golden() throws -> String {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    return try String(contentsOf: folder.appendingPathComponent("golden-7.jsonl"), encoding: .utf8)
}

@Suite struct GoldenTests {
    @Test func `the chains of seed 7 are these bytes`() throws {
        #expect(try lines(6, seed: 7).map { $0 + "\n" }.joined() == golden())
    }

    @Test func `a longer run begins with the shorter one`() {
        #expect(Array(lines(200, seed: 3).prefix(31)) == lines(31, seed: 3))
        #expect(lines(20, seed: 3) != lines(20, seed: 4))
    }

    @Test func `a line has the keys of eval and train in order`() throws {
        for text in lines(50, seed: 5) {
            let object = try #require(JSONValue(parsing: Array(text.utf8)).object)
            #expect(
                object.keys == ["id", "prompt", "steps", "final_answer_correct", "label", "correct", "group"]
            )
            #expect(object["correct"] == object["final_answer_correct"])
            #expect(object["correct"]?.bool == (object["label"] == -1))
        }
    }

    @Test(arguments: [1, 2, 3])
    func `a group is the chains of one problem`(size: Int) {
        var task = ArithmeticTask()
        task.chainsPerProblem = size
        let made = Array(ArithmeticDemonstrations(task: task, seed: 11).prefix(300))
        let groups = Dictionary(grouping: made, by: \.group)
        #expect(groups.count == 300 / size && groups.values.allSatisfy { $0.count == size })
        #expect(groups.values.allSatisfy { Set($0.map(\.prompt)).count == 1 })
        #expect(made.map(\.id) == (0..<300).map { "arith-11-\($0)" })
    }

    @Test(arguments: [1...1, 2...3, 8...8, 16...16])
    func `chains have as many steps as asked`(steps: ClosedRange<Int>) {
        var task = ArithmeticTask()
        task.steps = steps
        let counts = Set(ArithmeticDemonstrations(task: task, seed: 1).prefix(100).map(\.steps.count))
        #expect(counts == Set(steps))
    }
}
