// A kernel that the test holds in its hand.

import Batching
import Testing

/// Answers each read with the negative of its sequence's first token; remembers its rounds; stands still while held.
actor FakeKernel {
    enum Mood {
        case honest
        case throwing
        case answering(extra: Int)
    }

    struct Broken: Error, Equatable {}

    /// First tokens of the sequences of each round.
    private(set) var rounds: [[Int32]] = []
    private(set) var isRunning = false
    private var slots: [Int32: Int32] = [:]
    private var isHeld: Bool
    private var mood = Mood.honest
    private var waiting: CheckedContinuation<Void, Never>?

    init(held: Bool = false) { isHeld = held }

    func run(_ round: Round) async throws -> [Float] {
        #expect(!isRunning, "one round at a time")
        isRunning = true
        defer { isRunning = false }
        for piece in round.pieces where piece.path.count == piece.tokens.count {
            slots[piece.path[0]] = piece.tokens[0].id
        }
        let firsts = round.pieces.map { slots[$0.path[0]] ?? .max }
        rounds.append(firsts)
        if isHeld { await withCheckedContinuation { waiting = $0 } }
        let answers = zip(round.pieces, firsts).flatMap { piece, first in piece.reads.map { _ in -Float(first) } }
        switch mood {
        case .honest: return answers
        case .throwing: throw Broken()
        case .answering(let extra): return [Float](repeating: 0, count: max(0, answers.count + extra))
        }
    }

    func become(_ mood: Mood) { self.mood = mood }

    /// Lets the round that stands still end, and the next one stand still in its turn.
    func step() {
        waiting?.resume()
        waiting = nil
    }

    /// Holds no round from here on.
    func release() {
        isHeld = false
        step()
    }
}

/// A batcher over a fake kernel.
struct Bench {
    let kernel: FakeKernel
    let batcher: Batcher

    init(held: Bool = false, batch: Int = 100, queue: Int = 1000, line: Int = 1_000_000, cached: Int = 0) {
        let kernel = FakeKernel(held: held)
        self.kernel = kernel
        var limits = BatchLimits(maximumBatchTokens: batch, maximumQueueTokens: queue, cachedTokens: cached)
        limits.maximumWaitingTokens = line
        batcher = Batcher(limits: limits) { try await kernel.run($0) }
    }

    /// Submits in a task of its own, and returns once the batcher has taken it.
    func send(_ works: [Int], tokens: Int = 1, waits: Bool = false) async throws -> Task<[Float], any Error> {
        try await send(works.map { sequence($0, tokens) }, waits: waits)
    }

    func send(_ works: [TokenWork], waits: Bool = false) async throws -> Task<[Float], any Error> {
        let before = await accepted
        let batcher = batcher
        let task = Task { try await batcher.submit(works, waits: waits).flatMap(\.rewards) }
        let enough = before + works.count
        try await eventually { await accepted >= enough }
        return task
    }

    /// Occupies a held kernel with one item, so that what comes next waits.
    func occupy() async throws -> Task<[Float], any Error> {
        let task = try await send([0])
        try await eventually { await kernel.isRunning }
        return task
    }

    /// Items that the batcher ever took.
    private var accepted: Int {
        get async {
            let load = batcher.load
            return load.waitingItems + load.queuedItems + load.runningItems + load.items + load.droppedItems
        }
    }
}

/// Waits until `condition` holds; an issue if it does not within 20 seconds.
func eventually(_ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(20)
    while try await !condition() {
        try #require(ContinuousClock.now < end, "it never came true")
        await Task.yield()
    }
}
