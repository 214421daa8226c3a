// A kernel that the test holds in its hand.

import Batching
import Testing

/// Answers each number with its negative; remembers its batches; stands still while it is held.
actor FakeKernel {
    enum Mood {
        case honest
        case throwing
        case answering(extra: Int)
    }

    struct Broken: Error, Equatable {}

    private(set) var batches: [[Int]] = []
    private(set) var isRunning = false
    private var isHeld: Bool
    private var mood = Mood.honest
    private var waiting: CheckedContinuation<Void, Never>?

    init(held: Bool = false) { isHeld = held }

    func run(_ works: [Int]) async throws -> [Int] {
        #expect(!isRunning, "one batch at a time")
        isRunning = true
        defer { isRunning = false }
        batches.append(works)
        if isHeld { await withCheckedContinuation { waiting = $0 } }
        switch mood {
        case .honest: return works.map { -$0 }
        case .throwing: throw Broken()
        case .answering(let extra): return [Int](repeating: 0, count: max(0, works.count + extra))
        }
    }

    func become(_ mood: Mood) { self.mood = mood }

    /// Lets the batch that stands still end, and the next one stand still in its turn.
    func step() {
        waiting?.resume()
        waiting = nil
    }

    /// Holds no batch from here on.
    func release() {
        isHeld = false
        step()
    }
}

/// A batcher over a fake kernel.
struct Bench {
    let kernel: FakeKernel
    let batcher: Batcher<Int, Int>

    init(held: Bool = false, batch: Int = 100, queue: Int = 1000) {
        let kernel = FakeKernel(held: held)
        self.kernel = kernel
        batcher = Batcher(limits: BatchLimits(maximumBatchTokens: batch, maximumQueueTokens: queue)) { works in
            try await kernel.run(works)
        }
    }

    /// Submits in a task of its own, and returns once the batcher has taken it.
    func send(_ works: [Int], tokens: Int = 1) async throws -> Task<[Int], any Error> {
        try await send(works.map { ($0, tokens) })
    }

    func send(_ items: [(Int, Int)]) async throws -> Task<[Int], any Error> {
        let before = await accepted
        let batcher = batcher
        let task = Task { try await batcher.submit(items.map { (work: $0.0, tokens: $0.1) }).map(\.answer) }
        let enough = before + items.count
        try await eventually { await accepted >= enough }
        return task
    }

    /// Occupies a held kernel with one item, so that what comes next waits.
    func occupy() async throws -> Task<[Int], any Error> {
        let task = try await send([0])
        try await eventually { await kernel.isRunning }
        return task
    }

    /// Items that the batcher ever took.
    private var accepted: Int {
        get async {
            let load = await batcher.load
            return load.queuedItems + load.runningItems + load.items + load.droppedItems
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
