// What a request's works count in the queue.

import Batching
import Testing

/// A rollout of 100 tokens with an answer of 2 after each 10 of them, as a language model is asked.
private func treeOfWorks(_ first: Int32) -> [TokenWork] {
    let trunk = [first] + (1..<100).map { Int32($0) }
    var works = [TokenWork(tokens: trunk, reads: Array(trunk.indices))]
    for end in stride(from: 10, through: 100, by: 10) {
        let prefix = trunk.prefix(end - 1).map { Token($0) }
        works.append(TokenWork(asking: prefix + [Token(trunk[end - 1], asked: 7), 7], from: end - 1, added: 2))
    }
    return works
}

@Suite struct SharedCountTests {
    @Test func `what a request shares with itself is counted once, and the pace is that of such tokens`() {
        var plan = RoundPlan(limits: BatchLimits(maximumBatchTokens: 1024, maximumQueueTokens: 240))
        guard case .accepted = plan.enqueue(treeOfWorks(0), at: 0) else { return }
        #expect(plan.load.queuedTokens == 120)
        guard case .accepted = plan.enqueue(treeOfWorks(1), at: 0) else {
            Issue.record("the queue has room for both")
            return
        }
        guard case .full = plan.enqueue([sequence(5)], at: 0) else {
            Issue.record("it has room for no more")
            return
        }
        var computed = 0
        while let round = plan.nextRound(at: 0) {
            computed += round.tokens
            plan.finished([Float](repeating: 0, count: round.reads), at: 1)
        }
        #expect(computed == 240 && plan.load.queuedTokens == 0)
        #expect(plan.load.tokensPerSecond == plan.load.computedTokensPerSecond)
    }

    @Test func `those that wait are bounded by what they hold, not by what they share`() {
        var limits = BatchLimits(maximumQueueTokens: 1)
        limits.maximumWaitingTokens = 1000
        var plan = RoundPlan(limits: limits)
        for first in 0..<3 {
            guard case .accepted = plan.enqueue(treeOfWorks(Int32(first)), waits: true, at: 0) else {
                // 100 of the rollout and 11 + 21 + ... + 101 of its branches are 660, so two would be too many.
                #expect(first == 2 && plan.load.waitingTokens == 120)
                return
            }
        }
        Issue.record("all of them wait")
    }

    /// A branch is short, its rollout long: the branches may be first to compute what the rollout counts.
    @Test(arguments: [4, 16, 40, 100])
    func `whoever computes what is shared, nothing is counted at the end`(batch: Int) {
        var plan = RoundPlan(limits: BatchLimits(maximumBatchTokens: batch))
        var memory = SlotMemory()
        let works = treeOfWorks(0)
        guard case .accepted = plan.enqueue(works, at: 0) else { return }
        var answered = 0
        while let round = plan.nextRound(at: 0) {
            plan.finished(memory.run(round), at: 0)
            #expect((0...120).contains(plan.load.queuedTokens))
            for case .answered(_, let index, let answer) in plan.takeOutcomes() {
                #expect(answer.rewards == SlotMemory.alone(works[index]))
                answered += 1
            }
        }
        #expect(answered == works.count && plan.load.queuedTokens == 0 && plan.load.tokens == 120)
    }
}
