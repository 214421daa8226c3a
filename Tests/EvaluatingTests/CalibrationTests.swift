// Reliability and breakdowns, worked by hand.
import Evaluating
import Fixtures
import Testing

private func samples(_ pairs: [(Double, Bool)]) -> [StepSample] {
    pairs.flatMap { reward, isRight in isRight ? chain([reward], -1).samples : chain([reward], 0).samples }
}

@Suite struct CalibrationTests {
    @Test func `the expected error is the mean gap of the bins by their size`() throws {
        // (0.8, 0.9]: mean 0.85, right 1 of 2, gap 0.35. (0, 0.1]: 0.1, right 0 of 1, gap 0.1. (0.9, 1]: 1.0, right, 0.
        let calibration = try #require(Calibration(samples([(0.84, true), (0.86, false), (0.1, false), (1, true)])))
        #expect(near(calibration.expectedError, 0.5 * 0.35 + 0.25 * 0.1))
        #expect(calibration.count == 4)
        #expect(calibration.bins.map(\.count) == [1, 0, 0, 0, 0, 0, 0, 0, 2, 1])
        #expect(calibration.bins[1].accuracy == nil && calibration.bins[1].confidence == nil)
        #expect(near(calibration.bins[8].confidence, 0.85) && calibration.bins[8].accuracy == 0.5)
    }

    @Test(arguments: [(0.0, 0), (0.1, 0), (0.1.nextUp, 1), (0.3, 2), (0.7, 6), (0.9, 8), (1.0, 9)])
    func `a bin has its upper edge, the first one also 0`(reward: Double, bin: Int) throws {
        let calibration = try #require(Calibration(samples([(reward, true)])))
        #expect(calibration.bins.firstIndex { $0.count == 1 } == bin)
    }

    @Test func `margins are read as probabilities, raw numbers not at all`() throws {
        let margin = try #require(Calibration(samples([(0.6, true), (-1, false)]), on: .margin))
        #expect(near(margin.expectedError, 0.5 * 0.2))
        #expect(Calibration(samples([(0.6, true)]), on: .raw) == nil)
        #expect(Calibration(samples([(1.5, true)])) == nil)
        #expect(Calibration([]) == nil)
    }
}

@Suite struct BreakdownTests {
    @Test func `few sizes have a row each`() {
        let chains = [chain([0.9], -1), chain([0.1], 0), chain([0.9, 0.1], 1), chain([0.9, 0.9, 0.9], nil)]
        let rows = breakdown(chains, by: .steps, threshold: 0.5, limit: 12)
        #expect(rows.map(\.sizes) == [1...1, 2...2] && rows.map(\.chains) == [2, 1])
        #expect(rows[0].score.f1 == 1 && rows[1].score.f1 == nil && rows[1].score.accuracyErroneous == 1)
        #expect(rows[0].stepAUROC == 1)
        #expect(breakdown(chains, by: .tokens, threshold: 0.5, limit: 4).isEmpty)
        #expect(breakdown([], by: .steps, threshold: 0.5, limit: 4).isEmpty)
    }

    @Test(arguments: [1, 2, 3, 4, 7])
    func `many sizes are put into ranges that hold every chain once`(limit: Int) {
        var random = SeededGenerator(seed: 6)
        for _ in 0..<30 {
            let chains = random.chains(50)
            let rows = breakdown(chains, by: .tokens, threshold: 0.5, limit: limit)
            #expect(rows.count <= limit && rows.reduce(0) { $0 + $1.chains } == 50)
            for (one, next) in zip(rows, rows.dropFirst()) { #expect(one.sizes.upperBound < next.sizes.lowerBound) }
        }
    }
}
