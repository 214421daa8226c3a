// Chains of reasoning that anyone can check by hand.
//
// The arithmetic of the built-in model: problems, right and wrong chains, and where a wrong one goes wrong. The same
// seed gives the same bytes on every machine, so nothing here uses the standard library's generators.
import JSON

/// One chain of steps that answers a problem, with what is known about it.
package struct Demonstration: Sendable, Equatable {
    package let id: String
    package let prompt: String
    package let steps: [String]
    /// Index of the first wrong step, -1 where none is wrong.
    package let label: Int
    /// Whether the final answer is right; here it is so exactly where no step is wrong.
    package let isCorrect: Bool
    /// Chains of one group answer the same problem.
    package let group: String

    /// One line of JSON without its newline: ProcessBench's keys for `eval`, `correct` and `group` for `train`.
    package var line: [UInt8] {
        var writer = JSONWriter(reservingCapacity: 512)
        writer.openObject()
        writer.key("id")
        writer.string(id)
        writer.key("prompt")
        writer.string(prompt)
        writer.key("steps")
        writer.openArray()
        for step in steps { writer.string(step) }
        writer.closeArray()
        writer.key("final_answer_correct")
        writer.bool(isCorrect)
        writer.key("label")
        writer.number(label)
        writer.key("correct")
        writer.bool(isCorrect)
        writer.key("group")
        writer.string(group)
        writer.closeObject()
        return writer.bytes
    }
}

/// Demonstrations without end, the same ones for the same task and seed; a longer run begins with the shorter one.
package struct ArithmeticDemonstrations: Sequence, IteratorProtocol, Sendable {
    package let task: ArithmeticTask
    package let seed: UInt64
    private var chance: SplitMix64
    private var made = 0
    /// Chains of the current problem that have not been given out, the next one last.
    private var waiting: [(prompt: String, chain: WrittenChain)] = []

    package init(task: ArithmeticTask, seed: UInt64) {
        self.task = task
        self.seed = seed
        chance = SplitMix64(seed: seed)
    }

    package mutating func next() -> Demonstration? {
        if waiting.isEmpty { waiting = task.problem(&chance).reversed() }
        guard let (prompt, chain) = waiting.popLast() else { return nil }
        defer { made += 1 }
        return Demonstration(
            id: "arith-\(seed)-\(made)",
            prompt: prompt,
            steps: chain.steps,
            label: chain.label,
            isCorrect: chain.label < 0,
            group: "arith-\(seed)-p\(made / task.chainsPerProblem)"
        )
    }
}
