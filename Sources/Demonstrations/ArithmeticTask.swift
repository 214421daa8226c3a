// The numbers of the arithmetic task, in one place.

/// What problems look like and how chains go wrong; the built-in model is trained on the standard values.
package struct ArithmeticTask: Sendable, Equatable {
    /// How many steps a problem has; the built-in model is trained on 1 to 8.
    package var steps = 1...8
    /// Chains that answer one problem; they make up a group.
    package var chainsPerProblem = 2

    /// The largest value that a chain may pass through, wrong ones too.
    package var largest = 50
    /// The number a problem starts from.
    var start: ClosedRange<Int> { 1...largest }
    var values: ClosedRange<Int> { 0...largest }
    /// What is added or taken away, and what is multiplied or divided by.
    var addends: ClosedRange<Int> { 1...largest * 2 / 5 }
    let factors = 2...5
    var addWeight = 35
    var subtractWeight = 35
    var multiplyWeight = 15
    var divideWeight = 15

    /// Of a hundred chains, how many have a wrong step; of a hundred steps after it, how many are wrong again.
    var wrongPercent = 50
    var wrongAgainPercent = 15
    /// How often a wrong step has a wrong result, starts from another number than the one found, or does something
    /// else than the problem says.
    package var mistakes = MistakeWeights()

    /// Longer chains hardly ever stay within `values` once they are wrong, so that drawing them would take for ever.
    package static let longest = 16
    /// Values of `largest`: with fewer numbers some wrong chains cannot be, and beyond two digits nobody checks by heart.
    package static let sizes = 10...99

    package init() {}

    /// A problem's prompt and chains; where one of the chains cannot be, the problem is drawn again.
    func problem(_ chance: inout SplitMix64) -> [(prompt: String, chain: WrittenChain)] {
        let count = chance.within(steps)
        let firstWrong = (0..<chainsPerProblem).map { _ in
            chance.happens(wrongPercent) ? chance.below(count) : -1
        }
        while true {
            let problem = ArithmeticProblem(self, count: count, &chance)
            let chains = firstWrong.compactMap { problem.chain(self, firstWrong: $0, &chance) }
            guard chains.count == firstWrong.count else { continue }
            let prompt = problem.prompt(&chance)
            return zip(chains, firstWrong).map { chain, label in
                (prompt, WrittenChain(steps: written(chain, &chance), label: label))
            }
        }
    }
}

/// A chain in words.
struct WrittenChain: Sendable {
    let steps: [String]
    let label: Int
}

/// How often each kind of mistake is made, relative to one another.
package struct MistakeWeights: Sendable, Equatable {
    var result = 70
    var carry = 15
    var operation = 15

    package init() {}

    /// Nil unless there are three, none negative or above 1000, with wrong results among them: the other two cannot be
    /// made everywhere.
    package init?(_ weights: [Int]) {
        guard weights.count == 3, weights.allSatisfy((0...1000).contains), weights[0] > 0 else { return nil }
        (result, carry, operation) = (weights[0], weights[1], weights[2])
    }
}
