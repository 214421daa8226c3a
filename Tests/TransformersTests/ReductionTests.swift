// Logits to rewards, at both ends of the range.
import Fixtures
import Testing
import Transformers

@Suite struct ReductionTests {
    private func reward(_ reduction: Reduction, _ logits: [Float]) -> Float {
        logits.withUnsafeBufferPointer { reduction.reward($0) }
    }

    @Test(
        arguments: [
            (.sum([1, 2]), [1, 1, 1], 2 / 3), (.sum([2, 0]), [0, 1, 3], 0.885805), (.sum([0]), [0, 2], 0.119203),
            (.sum([1, 0]), [-7, 9], 1), (.softmax(0), [0, 0], 0.5), (.softmax(1), [1, 3], 0.880797),
            (.softmax(2), [1, 1, 1], 1 / 3),
            (.margin, [0, 0], 0), (.margin, [3, 1], -0.761594), (.sigmoid, [0], 0.5), (.sigmoid, [2], 0.880797),
            (.sigmoid, [-2], 0.119203), (.identity, [-7.25], -7.25),
        ] as [(Reduction, [Float], Double)]
    )
    func `worked by hand`(reduction: Reduction, logits: [Float], expected: Double) {
        #expect(abs(Double(reward(reduction, logits)) - expected) < 1e-6)
    }

    @Test func `large logits neither overflow nor lose their small side`() {
        #expect(reward(.softmax(1), [-1000, 1000]) == 1)
        #expect(reward(.softmax(0), [-1000, 1000]) == 0)
        #expect(reward(.margin, [1e38, -1e38]) == -1)
        #expect(reward(.sigmoid, [1000]) == 1)
        #expect(reward(.sigmoid, [-1000]) == 0)
        #expect(abs(reward(.sigmoid, [-80]) / 1.804_851e-35 - 1) < 1e-5)
    }

    @Test func `what is not a number stays so`() {
        #expect(reward(.softmax(1), [.nan, 0]).isNaN)
        #expect(reward(.softmax(1), [0, .infinity]).isNaN)
        #expect(reward(.margin, [0, .nan]).isNaN)
        #expect(reward(.sigmoid, [.nan]).isNaN)
        #expect(reward(.identity, [.infinity]) == .infinity)
    }

    @Test func `a sum of probabilities never exceeds one`() {
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<10_000 {
            let logits = (0..<6).map { _ in Float.random(in: -12...12, using: &generator) }
            let order = [0, 1, 2, 3, 4, 5].shuffled(using: &generator)
            for count in 1...6 {
                let value = reward(.sum(Array(order.prefix(count))), logits)
                #expect(value >= 0 && value <= 1)
            }
            #expect(reward(.sum(order), logits) == 1)
        }
    }

    @Test func `class counts that fit`() {
        #expect(Reduction.sum([1, 2]).accepts(classCount: 3) && Reduction.sum([0]).accepts(classCount: 1))
        for wrong in [[], [3], [-1], [1, 1]] { #expect(!Reduction.sum(wrong).accepts(classCount: 3)) }
        #expect(Reduction.softmax(1).accepts(classCount: 2) && Reduction.softmax(0).accepts(classCount: 1))
        #expect(!Reduction.softmax(2).accepts(classCount: 2) && !Reduction.softmax(-1).accepts(classCount: 2))
        #expect(Reduction.margin.accepts(classCount: 2) && !Reduction.margin.accepts(classCount: 3))
        for one in [Reduction.sigmoid, .identity] { #expect(one.accepts(classCount: 1) && !one.accepts(classCount: 2)) }
    }
}
