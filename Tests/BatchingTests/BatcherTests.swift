// The batcher over a kernel that can be stopped.

import Batching
import Testing

@Suite struct BatcherTests {
    @Test func `an idle batcher starts at once`() async throws {
        let bench = Bench(held: true)
        let answer = try await bench.occupy()
        #expect(await bench.kernel.batches == [[0]])
        #expect(await bench.batcher.load.runningItems == 1)
        await bench.kernel.release()
        #expect(try await answer.value == [0])
    }

    @Test func `work gathers while the kernel is busy, in order of arrival`() async throws {
        let bench = Bench(held: true)
        var answers = [try await bench.occupy()]
        for work in 1...5 { answers.append(try await bench.send([work, 10 * work])) }
        await bench.kernel.release()
        for (work, answer) in answers.enumerated().dropFirst() {
            #expect(try await answer.value == [-work, -10 * work])
        }
        #expect(await bench.kernel.batches == [[0], [1, 10, 2, 20, 3, 30, 4, 40, 5, 50]])
    }

    @Test func `a batch holds no more than its budget`() async throws {
        let bench = Bench(held: true, batch: 10)
        let first = try await bench.occupy()
        let second = try await bench.send([1, 2, 3, 4, 5], tokens: 4)
        await bench.kernel.release()
        #expect(try await first.value == [0])
        #expect(try await second.value == [-1, -2, -3, -4, -5])
        #expect(await bench.kernel.batches == [[0], [1, 2], [3, 4], [5]])
    }

    @Test func `what does not fit waits at the front and is not overtaken`() async throws {
        let bench = Bench(held: true, batch: 10)
        let tasks = [
            try await bench.occupy(), try await bench.send([3], tokens: 3), try await bench.send([8], tokens: 8),
            try await bench.send([1], tokens: 1), try await bench.send([2], tokens: 2),
        ]
        await bench.kernel.release()
        for task in tasks { _ = try await task.value }
        #expect(await bench.kernel.batches == [[0], [3], [8, 1], [2]])
    }

    @Test func `an item larger than the budget goes alone`() async throws {
        let bench = Bench(held: true, batch: 10)
        let first = try await bench.occupy()
        let second = try await bench.send([(1, 2), (2, 11), (3, 1), (4, 500)])
        await bench.kernel.release()
        #expect(try await first.value == [0])
        #expect(try await second.value == [-1, -2, -3, -4])
        #expect(await bench.kernel.batches == [[0], [1], [2], [3], [4]])
    }

    @Test func `an answer says what it cost`() async throws {
        let bench = Bench(batch: 10)
        let answered = try await bench.batcher.submit([(1, 4), (2, 5), (3, 6)])
        #expect(answered.map(\.batchTokens) == [9, 9, 6])
        #expect(answered.map(\.batchItems) == [2, 2, 1])
        #expect(answered.allSatisfy { $0.queueSeconds >= 0 && $0.runSeconds >= 0 })
        #expect(answered[2].queueSeconds >= answered[0].queueSeconds + answered[0].runSeconds)
        let load = await bench.batcher.load
        #expect(load.batches == 2 && load.tokens == 15 && load.items == 3 && load.droppedItems == 0)
    }

    @Test func `no items are answered by no answers`() async throws {
        let bench = Bench()
        #expect(try await bench.batcher.submit([]).isEmpty)
        #expect(await bench.kernel.batches.isEmpty)
    }

    @Test func `the queue takes its bound and not one token more`() async throws {
        let bench = Bench(held: true, batch: 10, queue: 20)
        let tasks = [
            try await bench.occupy(), try await bench.send([1], tokens: 15), try await bench.send([2], tokens: 5),
        ]
        for refused in [[(3, 1)], [(3, 1), (4, 1)]] {
            await #expect(throws: BatchError.queueFull(retryAfter: 1)) {
                try await bench.batcher.submit(refused.map { (work: $0.0, tokens: $0.1) })
            }
        }
        #expect(await bench.batcher.load.queuedTokens == 20)
        await bench.kernel.release()
        for task in tasks { _ = try await task.value }
        #expect(await bench.kernel.batches.flatMap { $0 } == [0, 1, 2])
    }

    @Test func `a request is admitted whole or not at all`() async throws {
        let bench = Bench(held: true, queue: 20)
        let first = try await bench.occupy()
        let second = try await bench.send([1], tokens: 19)
        await #expect(throws: BatchError.queueFull(retryAfter: 1)) { try await bench.batcher.submit([(2, 1), (3, 1)]) }
        let third = try await bench.send([4], tokens: 1)
        await bench.kernel.release()
        for task in [first, second, third] { _ = try await task.value }
        #expect(await bench.kernel.batches == [[0], [1, 4]])
    }

    @Test func `a request larger than the queue is taken when nothing waits`() async throws {
        let bench = Bench(held: true, batch: 10, queue: 20)
        let first = try await bench.occupy()
        let large = try await bench.send([1, 2, 3], tokens: 10)
        await #expect(throws: BatchError.queueFull(retryAfter: 1)) { try await bench.batcher.submit([(4, 1)]) }
        await bench.kernel.release()
        #expect(try await first.value == [0])
        #expect(try await large.value == [-1, -2, -3])
    }
}
