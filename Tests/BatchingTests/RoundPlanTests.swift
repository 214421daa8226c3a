// Who is admitted, whose turn it is, and what a round holds.

import Batching
import Fixtures
import Testing

/// A plan played round by round over a kernel that cannot be late.
private struct Table {
    var plan: RoundPlan
    var memory = SlotMemory()
    /// Rounds so far.
    var rounds: [Round] = []
    /// By ticket, the round after which a request of one work was answered.
    var ends: [Int: Int] = [:]
    var answers: [Int: Answered] = [:]
    var now = 0.0

    init(batch: Int, queue: Int = .max, seconds: Double = .infinity, cached: Int = 0) {
        let limits = BatchLimits(
            maximumBatchTokens: batch,
            maximumQueueTokens: queue,
            maximumQueueSeconds: seconds,
            cachedTokens: cached
        )
        plan = RoundPlan(limits: limits)
    }

    @discardableResult
    mutating func enqueue(_ works: TokenWork...) -> Int {
        guard case .accepted(let ticket) = plan.enqueue(works, at: now) else { return -1 }
        settle()
        return ticket
    }

    /// Plans a round and leaves it running.
    @discardableResult
    mutating func start() -> Bool {
        guard let round = plan.nextRound(at: now) else { return false }
        rounds.append(round)
        settle()
        return true
    }

    mutating func finish(fails: Bool = false, seconds: Double = 0.5) {
        now += seconds
        plan.finished(fails ? nil : rounds.last.map { memory.run($0) }, at: now)
        settle()
    }

    mutating func play() {
        while start() { finish() }
    }

    private mutating func settle() {
        for outcome in plan.takeOutcomes() {
            switch outcome {
            case .answered(let ticket, _, let answered):
                ends[ticket] = rounds.count
                answers[ticket] = answered
            case .failed(let ticket): plan.cancel(ticket)
            }
        }
    }

    var sizes: [Int] { rounds.map(\.tokens) }
}

@Suite struct RoundPlanTests {
    @Test func `a lone sequence waits for nothing`() {
        var table = Table(batch: 10)
        table.enqueue(sequence(1, 3))
        table.play()
        #expect(table.sizes == [3] && table.answers[0]?.queueSeconds == 0 && table.answers[0]?.runSeconds == 0.5)
    }

    @Test func `a group's prompt is computed once, and a full round ends between two of its rollouts`() {
        let prompt = [Int32](repeating: 7, count: 200)
        let group = (0..<8).map { index in sequence(prompt + [Int32](repeating: Int32(10 + index), count: 150)) }
        var table = Table(batch: 1024)
        _ = table.plan.enqueue(group, at: 0)
        table.play()
        #expect(table.sizes == [200 + 5 * 150, 3 * 150])
        #expect(table.rounds[0].pieces.map(\.tokens.count) == [350, 150, 150, 150, 150])
        #expect(table.plan.load.cachedTokens == 7 * 200)
    }

    @Test(arguments: [(cached: 1000, tokens: [20, 10, 10, 10]), (0, [20, 30, 40, 50]), (25, [20, 10, 15, 25])])
    func `a rollout sent again with one more step costs what of it is not kept`(cached: Int, tokens: [Int]) {
        var table = Table(batch: 200, cached: cached)
        let rollout = (0..<50).map { Int32($0) }
        for length in [20, 30, 40, 50] {
            table.enqueue(sequence(Array(rollout.prefix(length)), reads: Array(stride(from: 9, to: length, by: 10))))
            table.play()
        }
        #expect(table.sizes == tokens)
        #expect(table.answers[3]?.rewards == SlotMemory.alone(sequence(rollout, reads: [9, 19, 29, 39, 49])))
        #expect(table.answers[3]?.cachedTokens == 50 - tokens[3])
    }

    @Test(arguments: [2, 3, 7, 64, 1024, 4096, 10_000])
    func `a long sequence is cut anywhere, and answered as if it were not`(batch: Int) {
        var table = Table(batch: batch)
        let long = sequence((0..<4096).map { Int32($0 % 5) }, reads: Array(stride(from: 0, to: 4096, by: 13)))
        table.enqueue(long)
        table.play()
        #expect(table.sizes.dropLast().allSatisfy { $0 == batch / 2 } && table.sizes.reduce(0, +) == 4096)
        #expect(table.answers[0]?.rewards == SlotMemory.alone(long))
    }

    /// Three short ones come in every round, while a long one, then another, is computed.
    @Test func `short sequences are answered in the round after they came, whatever long ones run`() {
        var table = Table(batch: 1024)
        var came: [Int: Int] = [:]
        let long = [sequence(-1, 4096), sequence(-2, 4096)].map { table.enqueue($0) }
        for round in 1...20 {
            table.start()
            for index in 0..<3 { came[table.enqueue(sequence(round * 10 + index, 100))] = round }
            table.finish()
        }
        table.play()
        for (ticket, round) in came { #expect((table.ends[ticket] ?? .max) <= round + 1) }
        // Alone the long one has half of a round, beside 300 short tokens a quarter.
        #expect(table.rounds[0].tokens == 512 && table.rounds[1].tokens == 256 + 300)
        #expect((table.ends[long[0]] ?? .max) <= 1 + 14 && (table.ends[long[1]] ?? .max) <= 1 + 26)
    }

    /// Seven short ones come in every round: more than a round holds.
    @Test func `a stream of short sequences starves no long one`() {
        var table = Table(batch: 1024)
        for index in 0..<20 { table.enqueue(sequence(index + 1, 100)) }
        let long = table.enqueue(sequence(-1, 4096))
        for round in 1...20 {
            table.start()
            for index in 0..<7 { table.enqueue(sequence(round * 100 + index, 100)) }
            table.finish()
        }
        #expect(table.ends[long] == 16)
        // And short ones have the rest meanwhile, in order of arrival.
        let expected = [1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3]
        #expect((0..<20).compactMap { table.ends[$0] } == expected)
    }

    @Test func `a long sequence goes on behind a short one that went further on its path`() {
        var table = Table(batch: 20)
        let trunk = (100..<140).map { Int32($0) }
        let older = table.enqueue(sequence(1, 27))
        table.start()
        let long = table.enqueue(sequence(trunk))
        let short = table.enqueue(sequence(Array(trunk.prefix(8)) + [0]))
        table.finish()
        table.start()
        // Beside the short one the oldest long one goes on; the younger has not begun.
        #expect(table.rounds[1].pieces.map(\.tokens.count) == [5, 9])
        #expect(table.rounds[1].pieces.map(\.path.count) == [15, 9])
        table.finish()
        table.play()
        #expect(table.answers[older]?.rewards == SlotMemory.alone(sequence(1, 27)))
        #expect(table.answers[long]?.rewards == SlotMemory.alone(sequence(trunk)))
        #expect(table.answers[long]?.cachedTokens == 8 && table.answers[short]?.cachedTokens == 0)
    }

    @Test func `a failed round fails those who took part, and others have it computed anew`() {
        var table = Table(batch: 20)
        let trunk: [Int32] = [1, 2, 3, 4]
        let failing = [table.enqueue(sequence(trunk + [5])), table.enqueue(sequence(trunk + [6]))]
        table.start()
        let other = table.enqueue(sequence(trunk + [7]))
        table.finish(fails: true)
        table.play()
        #expect(table.sizes == [6, 5] && failing.allSatisfy { table.answers[$0] == nil })
        #expect(table.answers[other]?.rewards == SlotMemory.alone(sequence(trunk + [7])))
        #expect(table.plan.load.slotsInUse == 0 && table.plan.load.items == 3)
    }

    @Test func `what a failed round made long again gets its turn beside long ones`() {
        var table = Table(batch: 10)
        let trunk = (0..<8).map { Int32($0) }
        table.enqueue(sequence(trunk))
        table.start()
        let short = table.enqueue(sequence(trunk + [8, 9]))
        let long = table.enqueue(sequence(-1, 40))
        table.finish(fails: true)
        table.play()
        #expect(table.ends[short] == 3 && table.ends[long] != nil)
    }

    @Test(arguments: [0, 100])
    func `a caller that leaves in the middle takes what waits, and leaves what is computed`(cached: Int) {
        var table = Table(batch: 10, cached: cached)
        let ticket = table.enqueue(sequence(1, 25))
        table.start()
        table.plan.cancel(ticket)
        #expect(table.plan.load.queuedTokens == 0 && table.plan.load.runningItems == 1)
        table.finish()
        #expect(table.plan.load.droppedItems == 1 && table.plan.load.slotsInUse == min(cached, 5))
        table.enqueue(sequence(1, 25))
        table.play()
        #expect(table.sizes == Array(repeating: 5, count: cached > 0 ? 5 : 6))
    }

    @Test(arguments: [(0, 1.0), (20, 1), (50, 1), (450, 5), (5_950, 60), (5_951, 60), (1_000_000, 60)])
    func `a refused caller is told when the queue has run dry`(waiting: Int, seconds: Double) {
        var table = Table(batch: 100, queue: 0)
        // 50 tokens in half a second, five times: 100 tokens a second.
        for number in 0..<5 {
            table.enqueue(sequence(number, 50))
            table.play()
        }
        #expect(abs(table.plan.load.tokensPerSecond - 100) < 1e-9)
        table.enqueue(sequence(1, 50))
        table.start()
        table.enqueue(sequence(2, max(1, waiting)))
        guard case .full(let retryAfter) = table.plan.enqueue([sequence(3)], at: table.now) else {
            Issue.record("it was accepted")
            return
        }
        #expect(abs(retryAfter - seconds) < 1e-9)
    }

    /// At 100 tokens a second, in rounds of 10: at least a round may wait, and never more than the limit in tokens.
    @Test(arguments: [(0.01, 10), (0.1, 10), (0.25, 25), (6, 600), (10, 600), (.infinity, 600)])
    func `no more waits than can be computed in the seconds allowed`(seconds: Double, tokens: Int) {
        var table = Table(batch: 10, queue: 600, seconds: seconds)
        // Nothing is measured yet: only the tokens are bounded.
        #expect(table.enqueue(sequence(5, 1)) >= 0)
        #expect(table.enqueue(sequence(6, 599)) >= 0)
        #expect(table.enqueue(sequence(7, 1)) < 0)
        while table.start() { table.finish(seconds: Double(table.sizes.last ?? 0) / 100) }
        #expect(abs(table.plan.load.tokensPerSecond - 100) < 1e-9)
        // One runs, and the rest waits.
        table.enqueue(sequence(1, 5))
        table.start()
        #expect(table.enqueue(sequence(2, tokens - 2)) >= 0)
        #expect(table.enqueue(sequence(3, 3)) < 0)
        #expect(table.enqueue(sequence(3, 2)) >= 0)
        #expect(table.enqueue(sequence(4, 1)) < 0)
    }

    @Test func `a refused caller waits a second where nothing was measured`() {
        var table = Table(batch: 10, queue: 10)
        #expect(table.enqueue(sequence(1, 1_000_000)) == 0)
        #expect(table.plan.enqueue([sequence(2)], at: 0) == .full(retryAfter: 1))
    }

    @Test func `time that runs backwards makes no negative wait`() {
        var plan = RoundPlan(limits: BatchLimits())
        _ = plan.enqueue([sequence(1)], at: 5)
        _ = plan.nextRound(at: 4)
        plan.finished([0], at: 3)
        guard case .answered(_, _, let answered)? = plan.takeOutcomes().first else { return }
        #expect(answered.queueSeconds == 0 && answered.runSeconds == 0 && plan.load.tokensPerSecond == 0)
    }

    /// Were one step of it linear in the line or in the tree, this would take hours.
    @Test(.timeLimit(.minutes(2)))
    func `a hundred thousand sequences of a million tokens cost no more each than a few`() {
        var chance = SeededGenerator(seed: 3)
        var plan = RoundPlan(limits: BatchLimits(maximumQueueTokens: .max, cachedTokens: 50_000))
        for _ in 0..<100_000 {
            let tokens = (0..<10).map { _ in Int32.random(in: 0...2, using: &chance) }
            _ = plan.enqueue([sequence(tokens)], at: 0)
        }
        for ticket in 0..<100_000 where ticket % 3 == 0 { plan.cancel(ticket) }
        var answered = 0
        while let round = plan.nextRound(at: 0) {
            plan.finished([Float](repeating: 0, count: round.reads), at: 0)
            answered += plan.takeOutcomes().count
        }
        #expect(answered == 66_666 && plan.load.tokens < 100_000 && plan.load.slotsInUse == 50_000)
    }

    @Test(.timeLimit(.minutes(2)))
    func `a chain of thousands of spans is walked, not climbed down`() {
        var table = Table(batch: 1024)
        let tokens = [Int32](repeating: 1, count: 3000)
        for length in (1...3000).reversed() { table.enqueue(sequence(Array(tokens.prefix(length)))) }
        table.play()
        #expect(table.sizes.reduce(0, +) == 3000 && table.ends.count == 3000)
    }
}
