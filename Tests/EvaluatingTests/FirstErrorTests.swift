// ProcessBench's score, worked by hand.
import Evaluating
import Fixtures
import Testing

@Suite struct FirstErrorTests {
    @Test(arguments: [
        ([0.9, 0.4, 0.1], 0.5, 1), ([0.9, 0.5, 0.6], 0.5, -1), ([0.9, 0.5], 0.6, 1), ([0.2], 0.5, 0), ([], 0.5, -1),
    ])
    func `the first step under the threshold is named, one on it is not`(
        rewards: [Double],
        threshold: Double,
        label: Int
    ) {
        #expect(chain(rewards, nil).predictedLabel(threshold: threshold) == label)
    }

    /// Erroneous: found, named too early, missed: 1/3. Correct: passed, passed, accused, passed: 3/4.
    private let worked = [
        chain([0.9, 0.2, 0.8], 1), chain([0.3, 0.2], 1), chain([0.9, 0.8], 0),
        chain([0.9], -1), chain([0.5, 0.7], -1), chain([0.9, 0.1], -1), chain([0.6, 0.6], -1), chain([0.0], nil),
    ]

    @Test func `F1 is the harmonic mean of the two accuracies`() {
        let score = FirstErrorScore(worked, threshold: 0.5)
        #expect(score.erroneousChains == 3 && score.foundErrors == 1)
        #expect(score.correctChains == 4 && score.passedChains == 3)
        #expect(near(score.accuracyErroneous, 1.0 / 3))
        #expect(near(score.accuracyCorrect, 0.75))
        // 2 x 1/3 x 3/4 / (1/3 + 3/4) = 1/2 x 12/13
        #expect(near(score.f1, 6.0 / 13))
    }

    @Test func `with one kind of chains alone there is no F1`() {
        let errors = FirstErrorScore([chain([0.1], 0)], threshold: 0.5)
        #expect(errors.accuracyErroneous == 1 && errors.accuracyCorrect == nil && errors.f1 == nil)
        let correct = FirstErrorScore([chain([0.1], -1)], threshold: 0.5)
        #expect(correct.accuracyErroneous == nil && correct.accuracyCorrect == 0 && correct.f1 == nil)
        #expect(FirstErrorScore([], threshold: 0.5).f1 == nil)
    }

    @Test func `naming nothing right is an F1 of 0`() {
        #expect(FirstErrorScore([chain([0.9], 0), chain([0.1], -1)], threshold: 0.5).f1 == 0)
    }
}

@Suite struct ThresholdTests {
    @Test func `the sweep says at any threshold what counting says`() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<50 {
            let chains = random.chains(40)
            let sweep = ThresholdSweep(chains)
            for step in -1...21 {
                let threshold = Double(step) / 20
                #expect(sweep.score(at: threshold) == FirstErrorScore(chains, threshold: threshold))
            }
        }
    }

    @Test func `no threshold of a fine grid is better than the best one`() throws {
        var random = SeededGenerator(seed: 2)
        for _ in 0..<50 {
            let chains = random.chains(30)
            let sweep = ThresholdSweep(chains)
            guard let best = sweep.best, let f1 = best.f1 else { continue }
            #expect(best == FirstErrorScore(chains, threshold: best.threshold))
            #expect(sweep.curve(over: -0.1...1.1, count: 481).allSatisfy { ($0.f1 ?? 0) <= f1 })
        }
    }

    @Test func `the best threshold is the middle of where it is best`() throws {
        // Right everywhere on (0.2, 0.7].
        let best = try #require(ThresholdSweep([chain([0.9, 0.2], 1), chain([0.7, 0.8], -1)]).best)
        #expect(near(best.threshold, 0.45) && best.f1 == 1)
    }

    @Test func `the best threshold may lie above every reward or between neighbours`() throws {
        let above = try #require(ThresholdSweep([chain([0.5], 0), chain([], -1)]).best)
        #expect(above.f1 == 1 && above.threshold > 0.5)
        let low = 0.5
        let tight = try #require(ThresholdSweep([chain([low], 0), chain([low.nextUp], -1)]).best)
        #expect(tight.f1 == 1 && tight.threshold == low.nextUp)
    }

    @Test func `nothing can be chosen with one kind of chains alone`() {
        #expect(ThresholdSweep([]).best == nil)
        #expect(ThresholdSweep([chain([0.1], 0)]).best == nil)
        #expect(ThresholdSweep([chain([0.1], -1)]).best == nil)
    }

    @Test func `a problem is on one side of the split, and always on the same`() {
        var random = SeededGenerator(seed: 3)
        let chains = random.chains(600)
        let split = ThresholdSplit(chains)
        #expect(split.tuning.count + split.held.count == 600)
        #expect(abs(split.tuning.count - 300) < 60)
        #expect(Set(split.tuning.map(\.group)).isDisjoint(with: split.held.map(\.group)))
        let sides = Set(ThresholdSplit(chains.reversed()).tuning.map(\.group))
        #expect(sides == Set(split.tuning.map(\.group)))
    }
}
