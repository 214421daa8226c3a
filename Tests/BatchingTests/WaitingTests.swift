// Requests that wait until a full queue has room.

import Batching
import Testing

@Suite struct WaitingTests {
    @Test func `a full queue is waited for, in the order of arrival`() async throws {
        let bench = Bench(held: true, batch: 100, queue: 10)
        let first = try await bench.occupy()
        var tasks = [try await bench.send([1], tokens: 10)]
        for index in 2...4 { tasks.append(try await bench.send([index], tokens: 5, waits: true)) }
        var load = bench.batcher.load
        #expect(load.queuedTokens == 10 && load.waitingItems == 3 && load.waitingTokens == 15)
        await bench.kernel.release()
        #expect(try await first.value == [0])
        for (index, task) in tasks.enumerated() { #expect(try await task.value == [-Float(index + 1)]) }
        #expect(await bench.kernel.rounds == [[0], [1], [2, 3], [4]])
        load = bench.batcher.load
        #expect(load.waitingItems == 0 && load.waitingTokens == 0)
    }

    @Test func `nobody overtakes those that wait, and who would not wait is refused`() async throws {
        let bench = Bench(held: true, batch: 100, queue: 10)
        let first = try await bench.occupy()
        let large = try await bench.send([1], tokens: 9)
        let waiting = try await bench.send([2], tokens: 9, waits: true)
        // One token would still fit; the one that waits would never come in if such were let past.
        await #expect(throws: BatchError.queueFull(retryAfter: 1)) { try await bench.batcher.submit([sequence(3, 1)]) }
        await bench.kernel.release()
        _ = try await (first.value, large.value, waiting.value)
        #expect(await bench.kernel.rounds == [[0], [1], [2]])
    }

    @Test func `a request larger than the queue has its turn too`() async throws {
        let bench = Bench(held: true, batch: 100, queue: 10)
        let first = try await bench.occupy()
        let small = try await bench.send([1], tokens: 4)
        let huge = try await bench.send([2, 3, 4], tokens: 8, waits: true)
        await bench.kernel.release()
        _ = try await (first.value, small.value)
        #expect(try await huge.value == [-2, -3, -4])
    }

    @Test func `who leaves while waiting is dropped, and those behind move up`() async throws {
        let bench = Bench(held: true, batch: 100, queue: 10)
        let first = try await bench.occupy()
        let second = try await bench.send([1], tokens: 10)
        let leaving = try await bench.send([2, 3], tokens: 4, waits: true)
        let staying = try await bench.send([4], tokens: 4, waits: true)
        leaving.cancel()
        await #expect(throws: CancellationError.self) { try await leaving.value }
        let load = bench.batcher.load
        #expect(load.waitingItems == 1 && load.waitingTokens == 4 && load.droppedItems == 2)
        await bench.kernel.release()
        _ = try await (first.value, second.value)
        #expect(try await staying.value == [-4])
        #expect(await bench.kernel.rounds == [[0], [1], [4]])
    }

    @Test func `so many tokens may wait, and more than that where nobody else does`() async throws {
        let bench = Bench(held: true, batch: 100, queue: 10, line: 40)
        let first = try await bench.occupy()
        let queued = try await bench.send([1], tokens: 10)
        let huge = try await bench.send([2], tokens: 50, waits: true)
        await #expect(throws: BatchError.lineFull(retryAfter: 1)) {
            try await bench.batcher.submit([sequence(3, 1)], waits: true)
        }
        #expect(bench.batcher.load.isLineFull)
        huge.cancel()
        await #expect(throws: CancellationError.self) { try await huge.value }
        #expect(!bench.batcher.load.isLineFull)
        let waiting = try await bench.send([3], tokens: 40, waits: true)
        #expect(bench.batcher.load.isLineFull)
        await bench.kernel.release()
        _ = try await (first.value, queued.value, waiting.value)
        #expect(!bench.batcher.load.isLineFull && !bench.batcher.load.isFull)
    }

    @Test func `a queue that had no room stays closed until what it refused would fit`() {
        var plan = RoundPlan(limits: BatchLimits(maximumBatchTokens: 10, maximumQueueTokens: 160))
        #expect(plan.enqueue([sequence(0, 155)], at: 0) == .accepted(ticket: 0))
        // Nearly full, but nobody was refused yet.
        #expect(!plan.load.isFull)
        #expect(plan.enqueue([sequence(1, 30)], at: 0) == .full(retryAfter: 1))
        #expect(plan.load.isFull)
        while plan.load.queuedTokens > 110, let round = plan.nextRound(at: 0) {
            #expect(plan.load.isFull == (plan.load.queuedTokens > 130))
            plan.finished([Float](repeating: 0, count: round.reads), at: 1)
        }
        #expect(!plan.load.isFull)
        // What it refused before is forgotten.
        #expect(plan.enqueue([sequence(2, 50)], at: 1) == .accepted(ticket: 1))
        #expect(!plan.load.isFull)
        // One too large for what is left, where that is a quarter of the whole, is no reason to refuse others.
        plan.cancel(1)
        #expect(plan.enqueue([sequence(3, 100)], at: 1) != .accepted(ticket: 2) && !plan.load.isFull)
        #expect(plan.enqueue([sequence(4, 20)], at: 1) == .accepted(ticket: 2))
        #expect(plan.enqueue([sequence(5, 100)], at: 1) != .accepted(ticket: 3) && plan.load.isFull)
    }

    @Test func `draining answers those that wait`() async throws {
        let bench = Bench(held: true, batch: 100, queue: 10)
        let tasks = [
            try await bench.occupy(), try await bench.send([1], tokens: 10),
            try await bench.send([2], tokens: 10, waits: true), try await bench.send([3], tokens: 10, waits: true),
        ]
        let drained = Task { await bench.batcher.drain() }
        try await eventually {
            do {
                _ = try await bench.batcher.submit([sequence(9, 1)])
                return false
            } catch BatchError.closed {
                return true
            } catch BatchError.queueFull {
                return false
            }
        }
        await bench.kernel.release()
        await drained.value
        for (index, task) in tasks.enumerated() { #expect(try await task.value == [-Float(index)]) }
    }

    @Test func `what waits of what is computed already is answered without a round`() async throws {
        let bench = Bench(held: true, batch: 100, queue: 10, cached: 100)
        let first = try await bench.occupy()
        let second = try await bench.send([1], tokens: 10)
        let same = [
            try await bench.send([1], tokens: 10, waits: true), try await bench.send([1], tokens: 10, waits: true),
        ]
        await bench.kernel.release()
        _ = try await (first.value, second.value)
        for task in same { #expect(try await task.value == [-1]) }
        #expect(await bench.kernel.rounds == [[0], [1]])
    }
}
