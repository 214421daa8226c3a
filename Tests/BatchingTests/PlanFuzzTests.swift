// Random trees through random budgets: every answer is the one a sequence has alone.

import Batching
import Fixtures
import Testing

/// A plan, a kernel, and everything that was ever asked of them.
private struct Trial {
    let limits: BatchLimits
    var plan: RoundPlan
    var memory: SlotMemory
    var chance: SeededGenerator
    var now = 0.0
    var running: Round?
    var rounds = 0
    /// Requests without their last outcome.
    var open: [Int: (works: [TokenWork], answered: Set<Int>)] = [:]
    var past: [TokenWork] = []
    var computed = 0
    var ownTokens = 0

    /// - Parameters:
    ///   - queueTokens: where it is small, most requests wait until the queue has room.
    ///   - asks: whether tokens are asked something of their own, and answered with two numbers.
    init(seed: UInt64, cachedTokens: Int, queueTokens: Int = 2000, asks: Bool = false) {
        memory = SlotMemory(width: asks ? 2 : 1)
        chance = SeededGenerator(seed: seed)
        limits = BatchLimits(
            maximumBatchTokens: Int.random(in: 1...60, using: &chance),
            maximumQueueTokens: queueTokens,
            cachedTokens: cachedTokens
        )
        plan = RoundPlan(limits: limits, answerWidth: memory.width)
    }

    /// - Parameter trouble: whether callers leave and rounds fail.
    mutating func step(trouble: Bool) throws {
        now += 0.125
        switch Int.random(in: 0..<100, using: &chance) {
        case 0..<35: enqueue()
        case 35..<65: start()
        case 65..<(trouble ? 90 : 100): finish(fails: false)
        case 90..<94: finish(fails: true)
        default:
            guard let ticket = open.keys.sorted().randomElement(using: &chance) else { break }
            plan.cancel(ticket)
            open[ticket] = nil
        }
        try settle()
        #expect(plan.load.queuedTokens >= 0)
        if Int.random(in: 0..<8, using: &chance) == 0 { plan.checkInvariants(cachedTokens: limits.cachedTokens) }
    }

    /// Plays on without new work until nothing is left.
    mutating func drain() throws {
        plan.close()
        #expect(plan.enqueue([sequence(1)], at: now) == .closed)
        finish(fails: false)
        try settle()
        while start() {
            finish(fails: false)
            try settle()
        }
        try settle()
        plan.checkInvariants(cachedTokens: limits.cachedTokens)
        #expect(open.isEmpty && plan.items.isEmpty)
        let load = plan.load
        #expect(load.queuedItems == 0 && load.queuedTokens == 0 && load.runningItems == 0 && load.runningTokens == 0)
        #expect(load.waitingItems == 0 && load.waitingTokens == 0)
        #expect(load.slotsInUse == load.slotsKept && load.slotsInUse <= limits.cachedTokens)
        #expect(load.tokens == computed)
    }

    private mutating func enqueue() {
        var works = (0..<Int.random(in: 1...4, using: &chance)).map { _ in work() }
        if memory.width > 1 { works = trunkAndBranches(works) }
        let before = plan.load
        switch plan.enqueue(works, waits: Int.random(in: 0..<4, using: &chance) > 0, at: now) {
        case .accepted(let ticket):
            open[ticket] = (works, [])
            past += works
        case .full(let retryAfter):
            let tokens = works.reduce(0) { $0 + $1.addedTokens }
            #expect(before.waitingItems > 0 || before.queuedTokens + tokens > limits.maximumQueueTokens)
            #expect((1...60).contains(retryAfter))
        case .lineFull(let retryAfter):
            let tokens = works.reduce(0) { $0 + $1.tokens.count }
            #expect(before.waitingTokens > 0 && before.waitingTokens + tokens > limits.maximumWaitingTokens)
            #expect((1...60).contains(retryAfter))
        case .closed: Issue.record("it is not closed")
        }
    }

    /// Mostly a branch of something older; few different tokens, so that chance makes more of them.
    private mutating func work() -> TokenWork {
        var tokens: [Token] = []
        if let trunk = past.suffix(40).randomElement(using: &chance), Int.random(in: 0..<5, using: &chance) > 0 {
            tokens += trunk.tokens.prefix(Int.random(in: 0...trunk.tokens.count, using: &chance))
        }
        let longest = Int.random(in: 0..<10, using: &chance) == 0 ? 150 : 12
        let more = Int.random(in: 0...max(0, min(longest, 300 - tokens.count)), using: &chance)
        for _ in 0..<more {
            let asked = memory.width == 1 ? Token.nothing : Int32.random(in: -1...1, using: &chance)
            tokens.append(Token(Int32.random(in: 0...3, using: &chance), asked: asked))
        }
        guard memory.width == 1 else { return TokenWork(asking: tokens) }
        // Most callers read at the same tokens, as callers of one model do; some read anywhere.
        let isUsual = Int.random(in: 0..<4, using: &chance) > 0
        let reads = tokens.indices.filter { isUsual ? tokens[$0] == 3 : Int.random(in: 0..<6, using: &chance) == 0 }
        return TokenWork(tokens: tokens.map(\.id), reads: reads)
    }

    /// Each says what it adds to those before it, and the numbers of its first tokens are theirs to answer, as a language
    /// model's works do.
    private mutating func trunkAndBranches(_ works: [TokenWork]) -> [TokenWork] {
        works.indices.map { index in
            let tokens = works[index].tokens
            let known = works[..<index].map { zip($0.tokens, tokens).prefix { $0 == $1 }.count }.max() ?? 0
            let first = Int.random(in: 0...known, using: &chance)
            return TokenWork(asking: tokens, from: first, added: tokens.count - known)
        }
    }

    @discardableResult
    private mutating func start() -> Bool {
        let round = plan.nextRound(at: now)
        guard running == nil else {
            #expect(round == nil, "one round at a time")
            return true
        }
        running = round
        guard let round else { return false }
        rounds += 1
        computed += round.tokens
        #expect(round.tokens > 0 && round.tokens <= max(2, limits.maximumBatchTokens))
        #expect(plan.load.runningTokens == round.tokens)
        return true
    }

    private mutating func finish(fails: Bool) {
        guard let round = running else { return }
        running = nil
        plan.finished(fails ? nil : memory.run(round), at: now)
    }

    private mutating func settle() throws {
        for outcome in plan.takeOutcomes() {
            switch outcome {
            case .answered(let ticket, let index, let answered):
                guard var request = open[ticket] else { continue }
                #expect(answered.rewards == SlotMemory.alone(request.works[index], width: memory.width))
                #expect(answered.queueSeconds >= 0 && answered.runSeconds >= 0)
                #expect((0...request.works[index].tokens.count).contains(answered.cachedTokens))
                ownTokens += request.works[index].tokens.count - answered.cachedTokens
                #expect(request.answered.insert(index).inserted)
                open[ticket] = request.answered.count == request.works.count ? nil : request
            case .failed(let ticket):
                plan.cancel(ticket)
                open[ticket] = nil
            }
        }
    }
}

@Suite struct PlanFuzzTests {
    @Test(arguments: [0, 25, 200, 100_000], 0..<16)
    func `whatever is shared, kept, evicted, cut, dropped or failed, answers are those of the sequence alone`(
        cachedTokens: Int,
        seed: UInt64
    ) throws {
        var trial = Trial(seed: seed, cachedTokens: cachedTokens)
        for _ in 0..<400 { try trial.step(trouble: true) }
        try trial.drain()
        #expect(trial.rounds > 60)
    }

    @Test(arguments: [0, 25, 200, 100_000], 300..<308)
    func `tokens that are asked something have both numbers of the sequence alone`(
        cachedTokens: Int,
        seed: UInt64
    ) throws {
        var trial = Trial(seed: seed, cachedTokens: cachedTokens, asks: true)
        for _ in 0..<400 { try trial.step(trouble: true) }
        try trial.drain()
        #expect(trial.rounds > 60)
    }

    @Test(arguments: [1, 40, 300], 200..<216)
    func `those that wait for a full queue are all answered, whoever leaves`(queueTokens: Int, seed: UInt64) throws {
        var trial = Trial(seed: seed, cachedTokens: 100, queueTokens: queueTokens)
        var mostWaiting = 0
        for _ in 0..<400 {
            try trial.step(trouble: true)
            mostWaiting = max(mostWaiting, trial.plan.load.waitingItems)
        }
        #expect(mostWaiting > 0)
        try trial.drain()
    }

    @Test(arguments: [0, 25, 200, 100_000], 100..<106)
    func `each computed token is one item's own, and all others are cached`(cachedTokens: Int, seed: UInt64) throws {
        var trial = Trial(seed: seed, cachedTokens: cachedTokens)
        for _ in 0..<400 { try trial.step(trouble: false) }
        try trial.drain()
        #expect(trial.ownTokens == trial.computed)
        #expect(trial.plan.load.cachedTokens > 0)
    }
}
