// What two precisions are told to differ in.
import Evaluating
import JSON
import Testing

@Suite struct AgreementTests {
    @Test func `rewards that are the same agree in everything`() {
        let rewards: [[Double?]] = [[0.9, 0.2, nil], [0.4]]
        let same = Agreement(rewards, rewards, threshold: 0.5)
        #expect(same.rollouts == 2 && same.steps == 3)
        #expect(same.largestDifference == 0 && same.meanDifference == 0)
        #expect(same.rankCorrelation == 1)
        #expect(same.verdictFlips == 0 && same.firstErrorFlips == 0)
    }

    @Test func `differences, flips and first errors are counted where they are`() throws {
        // The second step of the first rollout falls under the threshold, and so the first error moves there from the
        // third; in the second rollout one verdict flips behind the first error, which stays.
        let first: [[Double?]] = [[0.9, 0.55, 0.1], [0.2, 0.6], [0.8]]
        let second: [[Double?]] = [[0.9, 0.45, 0.1], [0.2, 0.4], [0.8]]
        let found = Agreement(first, second, threshold: 0.5)
        #expect(abs(found.largestDifference - 0.2) < 1e-12)
        #expect(abs(found.meanDifference - 0.3 / 6) < 1e-12)
        #expect(found.verdictFlips == 2)
        #expect(found.firstErrorFlips == 1)
        #expect(found.object["verdict_flips"]?.integer == 2)
        #expect(found.text.contains("first wrong steps that move: 1 of 3"))
    }

    @Test(
        arguments: [
            ([1, 2, 3, 4], [10, 20, 30, 40], 1.0), ([1, 2, 3, 4], [4, 3, 2, 1], -1),
            // By hand: ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5).
            ([1, 2, 2, 4], [1, 2, 3, 4], 0.948683298),
        ] as [([Double?], [Double?], Double)]
    )
    func `ranks correlate as Spearman has it, ties sharing the middle`(
        first: [Double?],
        second: [Double?],
        rho: Double
    ) throws {
        let found = try #require(Agreement([first], [second], threshold: 0.5).rankCorrelation)
        #expect(abs(found - rho) < 1e-8)
    }

    @Test func `where nothing varies there is no correlation`() {
        #expect(Agreement([[0.5, 0.5]], [[0.1, 0.9]], threshold: 0.5).rankCorrelation == nil)
        #expect(Agreement([], [], threshold: 0.5).rankCorrelation == nil)
    }
}
