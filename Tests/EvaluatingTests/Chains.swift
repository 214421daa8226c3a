// Chains for hand-worked cases, and random ones.
import Evaluating
import Fixtures

func chain(_ rewards: [Double], _ label: Int?, group: String? = nil) -> JudgedChain {
    JudgedChain(rewards: rewards, label: label, group: group, trajectory: rewards.min() ?? 0)
}

func outcome(_ value: Double, _ correct: Bool?, group: String? = nil) -> JudgedChain {
    JudgedChain(rewards: [value], correct: correct, group: group, trajectory: value)
}

func near(_ one: Double?, _ other: Double, within tolerance: Double = 1e-12) -> Bool {
    one.map { abs($0 - other) <= tolerance } ?? false
}

extension SeededGenerator {
    /// Labelled chains of 1 to 6 steps whose rewards have many ties.
    mutating func chains(_ count: Int) -> [JudgedChain] {
        (0..<count).map { place in
            let rewards = (0..<Int.random(in: 1...6, using: &self)).map { _ in
                Double(Int.random(in: 0...10, using: &self)) / 10
            }
            let label = Int.random(in: -1..<rewards.count, using: &self)
            return JudgedChain(
                rewards: rewards,
                label: label,
                correct: label < 0,
                group: "g\(place / 3)",
                trajectory: rewards.min() ?? 0,
                tokens: 10 * rewards.count + place % 7
            )
        }
    }
}
