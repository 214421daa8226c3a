// How full rounds are is counted a round.
import Batching
import Testing

@Suite struct RoundFillTests {
    @Test func `each round counts once, by the part of the budget that it used`() {
        var plan = RoundPlan(limits: BatchLimits(maximumBatchTokens: 100))
        var now = 0.0
        for tokens in [5, 10, 50, 50] {
            let ids = (0..<Int32(tokens)).map { $0 + Int32(1000 * now) }
            _ = plan.enqueue([TokenWork(tokens: ids, reads: [tokens - 1])], at: now)
            #expect(plan.nextRound(at: now)?.tokens == tokens)
            plan.finished([0], at: now + 0.5)
            now += 1
        }
        let fill = plan.load.fill
        // Up to 0.05, 0.1, 0.2, 0.3, 0.4, 0.5: a bound is part of its bucket.
        #expect(fill.counts == [1, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0] && RoundFill.bounds.count == fill.counts.count)
        #expect(abs(fill.sum - 1.15) < 1e-12)
        // 115 tokens in 2 s, the older rounds counting for less.
        #expect(plan.load.computedTokensPerSecond > 2 * 115 / 4 && plan.load.computedTokensPerSecond < 100)
    }

    @Test func `requests are counted where their rollouts are`() {
        var plan = RoundPlan(limits: BatchLimits(maximumBatchTokens: 8, maximumQueueTokens: 4))
        func works(_ seed: Int32) -> [TokenWork] {
            [TokenWork(tokens: [seed, 1], reads: [1]), TokenWork(tokens: [seed, 2], reads: [1])]
        }
        _ = plan.enqueue(works(7), at: 0)
        _ = plan.enqueue(works(8), waits: true, at: 0)
        #expect(plan.load.openRequests == 1 && plan.load.waitingRequests == 1)
        let round = plan.nextRound(at: 0)
        #expect(plan.load.openRequests == 1)
        plan.finished([Float](repeating: 0, count: round?.reads ?? 0), at: 1)
        #expect(plan.load.openRequests == 0 && plan.load.waitingRequests == 1)
        _ = plan.nextRound(at: 1)
        #expect(plan.load.openRequests == 1 && plan.load.waitingRequests == 0)
    }
}
