// The plan against one that is too simple to be wrong.

import Batching
import Fixtures
import Testing

/// The same rules over one flat list of items.
private struct NaivePlan {
    struct Item: Equatable {
        let ticket: Int
        let index: Int
        let tokens: Int
        let arrived: Double
    }

    let limits: BatchLimits
    var line: [Item] = []
    var running: [Item] = []
    var tickets = 0
    var dropped = 0
    var isClosed = false

    var queued: Int { line.reduce(0) { $0 + $1.tokens } }

    /// The ticket, or nil where it is refused.
    mutating func enqueue(_ tokens: [Int], at now: Double) -> Int? {
        if isClosed { return nil }
        if !line.isEmpty && queued + tokens.reduce(0, +) > limits.maximumQueueTokens { return nil }
        for (index, cost) in tokens.enumerated() {
            line.append(Item(ticket: tickets, index: index, tokens: cost, arrived: now))
        }
        tickets += 1
        return tickets - 1
    }

    mutating func nextBatch() -> [Item] {
        guard running.isEmpty else { return [] }
        while let item = line.first,
            running.isEmpty || running.reduce(0, { $0 + $1.tokens }) + item.tokens <= limits.maximumBatchTokens
        {
            running.append(line.removeFirst())
        }
        return running
    }

    mutating func cancel(_ ticket: Int) -> Int {
        let before = line.count
        line.removeAll { $0.ticket == ticket }
        dropped += before - line.count
        return before - line.count
    }
}

/// Both plans side by side.
private struct Pair {
    var plan: BatchPlan
    var naive: NaivePlan
    var chance: SeededGenerator
    var now = 0.0

    init(seed: UInt64) {
        chance = SeededGenerator(seed: seed)
        let limits = BatchLimits(
            maximumBatchTokens: Int.random(in: 1...30, using: &chance),
            maximumQueueTokens: Int.random(in: 1...200, using: &chance)
        )
        plan = BatchPlan(limits: limits)
        naive = NaivePlan(limits: limits)
    }

    mutating func step() throws {
        now += 0.125
        switch Int.random(in: 0..<100, using: &chance) {
        case 0..<45:
            let tokens = (0..<Int.random(in: 1...5, using: &chance)).map { _ in Int.random(in: 1...20, using: &chance) }
            let ticket = naive.enqueue(tokens, at: now)
            switch plan.enqueue(tokens, at: now) {
            case .accepted(let given): #expect(given == ticket)
            case .full(let retryAfter): #expect(ticket == nil && !naive.isClosed && (1...60).contains(retryAfter))
            case .closed: #expect(ticket == nil && naive.isClosed)
            }
        case 45..<70:
            let busy = !naive.running.isEmpty
            let batch = plan.nextBatch(at: now)
            try compare(batch, busy ? [] : naive.nextBatch())
        case 70..<85:
            plan.finished(seconds: Double.random(in: 0...1, using: &chance))
            naive.running = []
        default:
            // Any ticket that was ever given, and some that never were.
            let ticket = Int.random(in: 0...naive.tickets + 2, using: &chance)
            #expect(plan.cancel(ticket) == naive.cancel(ticket))
        }
        let load = plan.load
        #expect(load.queuedItems == naive.line.count && load.queuedTokens == naive.queued)
        #expect(load.runningItems == naive.running.count && load.droppedItems == naive.dropped)
        #expect(load.runningTokens == naive.running.reduce(0) { $0 + $1.tokens })
    }

    private func compare(_ batch: BatchPlan.Batch?, _ items: [NaivePlan.Item]) throws {
        guard let batch else {
            #expect(items.isEmpty)
            return
        }
        let flat = batch.shares.flatMap { share in share.items.map { (share.ticket, $0, share.queueSeconds) } }
        #expect(batch.items == items.count && batch.tokens == items.reduce(0) { $0 + $1.tokens })
        try #require(flat.count == items.count)
        for ((ticket, index, seconds), item) in zip(flat, items) {
            #expect(ticket == item.ticket && index == item.index && seconds == now - item.arrived)
        }
        #expect(Set(batch.shares.map(\.ticket)).count == batch.shares.count)
    }
}

@Suite struct BatchPlanTests {
    @Test(arguments: 0..<40)
    func `it decides as the simple plan does`(seed: UInt64) throws {
        var pair = Pair(seed: seed)
        for _ in 0..<1000 { try pair.step() }
        pair.plan.close()
        pair.naive.isClosed = true
        for _ in 0..<200 { try pair.step() }
    }

    @Test(arguments: [(0, 1.0), (20, 1), (50, 1), (450, 5), (5_950, 60), (5_951, 60), (1_000_000, 60)])
    func `a refused caller is told when the queue has run dry`(waiting: Int, seconds: Double) {
        var plan = BatchPlan(limits: BatchLimits(maximumBatchTokens: 50, maximumQueueTokens: 0))
        // 50 tokens in half a second, five times: 100 tokens a second.
        for _ in 0..<5 {
            _ = plan.enqueue([50], at: 0)
            _ = plan.nextBatch(at: 0)
            plan.finished(seconds: 0.5)
        }
        #expect(abs(plan.load.tokensPerSecond - 100) < 1e-9)
        _ = plan.enqueue([50], at: 0)
        _ = plan.nextBatch(at: 0)
        _ = plan.enqueue([max(1, waiting)], at: 0)
        guard case .full(let retryAfter) = plan.enqueue([1], at: 0) else {
            Issue.record("it was accepted")
            return
        }
        #expect(abs(retryAfter - seconds) < 1e-9)
    }

    @Test func `a refused caller waits a second where nothing was measured`() {
        var plan = BatchPlan(limits: BatchLimits(maximumBatchTokens: 10, maximumQueueTokens: 10))
        #expect(plan.enqueue([1_000_000], at: 0) == .accepted(ticket: 0))
        #expect(plan.enqueue([1], at: 0) == .full(retryAfter: 1))
    }

    @Test func `an item costs a token at least, and no claim overflows`() {
        var plan = BatchPlan(limits: BatchLimits(maximumBatchTokens: 2, maximumQueueTokens: 3))
        #expect(plan.enqueue([0, -5, .min], at: 0) == .accepted(ticket: 0))
        #expect(plan.load.queuedTokens == 3)
        let batch = plan.nextBatch(at: 0)
        #expect(batch?.items == 2)
        plan.cancel(0)
        #expect(plan.enqueue([.max, .max, .max], at: 0) == .accepted(ticket: 1))
        #expect(plan.enqueue([.max], at: 0) == .full(retryAfter: 1))
        for _ in 0..<3 {
            plan.finished(seconds: 1)
            let batch = plan.nextBatch(at: 0)
            #expect(batch?.items == 1)
        }
    }

    @Test func `time that runs backwards makes no negative wait`() {
        var plan = BatchPlan(limits: BatchLimits())
        _ = plan.enqueue([1], at: 5)
        let batch = plan.nextBatch(at: 4)
        #expect(batch?.shares.map(\.queueSeconds) == [0])
        plan.finished(seconds: -1)
        #expect(plan.load.tokensPerSecond == 0)
    }

    /// Half a million operations on a long line; were one of them linear in the line, this would take hours.
    @Test(.timeLimit(.minutes(1)))
    func `a long line costs no more than a short one`() {
        var chance = SeededGenerator(seed: 3)
        var plan = BatchPlan(limits: BatchLimits(maximumBatchTokens: 64, maximumQueueTokens: .max))
        let callers = 200_000
        for _ in 0..<callers { _ = plan.enqueue([1], at: 0) }
        for ticket in (0..<callers).shuffled(using: &chance).prefix(callers / 2) { #expect(plan.cancel(ticket) == 1) }
        #expect(plan.load.queuedItems == callers / 2)
        var served = 0
        while let batch = plan.nextBatch(at: 0) {
            served += batch.items
            plan.finished(seconds: 1)
        }
        #expect(served == callers / 2)
    }

    @Test func `those who left take no room behind one who stays`() {
        var line = WaitingLine()
        line.append(ticket: 0, arrived: 0, tokens: [1, 1], total: 2)
        for ticket in 1...10_000 {
            line.append(ticket: ticket, arrived: 0, tokens: [1], total: 1)
            let left = line.leave(ticket)
            #expect(left == 1 && line.room <= 40)
        }
        for ticket in 10_001...11_000 { line.append(ticket: ticket, arrived: 0, tokens: [1], total: 1) }
        while !line.isEmpty {
            _ = line.take(budget: 10)
            #expect(line.room <= 2 * line.items + 40)
        }
    }
}
