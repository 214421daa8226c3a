// The batcher over a kernel that can be stopped.

import Batching
import Testing

@Suite struct BatcherTests {
    @Test func `an idle batcher starts at once`() async throws {
        let bench = Bench(held: true)
        let answer = try await bench.occupy()
        #expect(await bench.kernel.rounds == [[0]])
        #expect(bench.batcher.load.runningItems == 1)
        await bench.kernel.release()
        #expect(try await answer.value == [0])
    }

    @Test func `work gathers while the kernel is busy, in order of arrival`() async throws {
        let bench = Bench(held: true)
        var answers = [try await bench.occupy()]
        for work in 1...5 { answers.append(try await bench.send([work, 10 * work])) }
        await bench.kernel.release()
        for (work, answer) in answers.enumerated().dropFirst() {
            #expect(try await answer.value == [-Float(work), -10 * Float(work)])
        }
        #expect(await bench.kernel.rounds == [[0], [1, 10, 2, 20, 3, 30, 4, 40, 5, 50]])
    }

    @Test func `a batch holds no more than its budget`() async throws {
        let bench = Bench(held: true, batch: 10)
        let first = try await bench.occupy()
        let second = try await bench.send([1, 2, 3, 4, 5], tokens: 4)
        await bench.kernel.release()
        #expect(try await first.value == [0])
        #expect(try await second.value == [-1, -2, -3, -4, -5])
        #expect(await bench.kernel.rounds == [[0], [1, 2], [3, 4], [5]])
    }

    @Test func `what does not fit waits at the front and is not overtaken`() async throws {
        let bench = Bench(held: true, batch: 10)
        let tasks = [
            try await bench.occupy(), try await bench.send([3], tokens: 3), try await bench.send([5], tokens: 5),
            try await bench.send([4], tokens: 4), try await bench.send([1], tokens: 1),
        ]
        await bench.kernel.release()
        for task in tasks { _ = try await task.value }
        #expect(await bench.kernel.rounds == [[0], [3, 5], [4, 1]])
    }

    @Test func `a long sequence runs in pieces, between which short ones get their turn`() async throws {
        let bench = Bench(held: true, batch: 10)
        let first = try await bench.occupy()
        let long = try await bench.send([7], tokens: 27)
        let short = try await bench.send([1, 2, 3], tokens: 4)
        await bench.kernel.release()
        #expect(try await first.value == [0])
        #expect(try await short.value == [-1, -2, -3])
        #expect(try await long.value == [-7])
        // Of its tokens 2 and 2 beside short ones, then 5 at a time.
        #expect(await bench.kernel.rounds == [[0], [7, 1, 2], [7, 3], [7], [7], [7], [7], [7]])
    }

    @Test func `an answer says what it cost`() async throws {
        let bench = Bench(held: true, batch: 10)
        let first = try await bench.occupy()
        let batcher = bench.batcher
        let task = Task { try await batcher.submit([sequence(1, 4), sequence(2, 5), sequence(2, 5), sequence(3, 5)]) }
        try await eventually { batcher.load.queuedItems == 4 }
        await bench.kernel.release()
        _ = try await first.value
        let answered = try await task.value
        #expect(answered.map(\.batchTokens) == [9, 9, 9, 5])
        #expect(answered.map(\.batchItems) == [3, 3, 3, 1])
        #expect(answered.map(\.cachedTokens) == [0, 0, 5, 0])
        #expect(answered.allSatisfy { $0.queueSeconds >= 0 && $0.runSeconds >= 0 })
        #expect(answered[3].queueSeconds >= answered[0].queueSeconds + answered[0].runSeconds)
        let load = batcher.load
        #expect(load.batches == 3 && load.tokens == 15 && load.items == 5 && load.droppedItems == 0)
        #expect(load.cachedTokens == 5 && load.slotsInUse == 0)
    }

    @Test func `what is kept is answered at once, though the kernel is busy`() async throws {
        let bench = Bench(held: true, cached: 100)
        let first = try await bench.occupy()
        await bench.kernel.step()
        #expect(try await first.value == [0])
        _ = try await bench.send([1])
        let again = try await bench.batcher.submit([sequence(0, 1)])
        #expect(again.map(\.rewards) == [[0]] && again.map(\.cachedTokens) == [1])
        #expect(again.map(\.batchItems) == [0] && again.map(\.runSeconds) == [0])
        await bench.kernel.release()
        await bench.batcher.drain()
        #expect(await bench.kernel.rounds == [[0], [1]])
        #expect(bench.batcher.load.slotsKept == 2)
    }

    @Test func `an empty sequence and one without reads are answered too`() async throws {
        let bench = Bench()
        let works = [sequence([]), sequence([4, 5], reads: [])]
        #expect(try await bench.batcher.submit(works).map(\.rewards) == [[], []])
        #expect(await bench.kernel.rounds == [[4]])
    }

    @Test func `no items are answered by no answers`() async throws {
        let bench = Bench()
        #expect(try await bench.batcher.submit([]).isEmpty)
        #expect(await bench.kernel.rounds.isEmpty)
    }

    @Test func `the queue takes its bound and not one token more`() async throws {
        let bench = Bench(held: true, batch: 10, queue: 20)
        let tasks = [
            try await bench.occupy(), try await bench.send([1, 2, 3], tokens: 5), try await bench.send([4], tokens: 5),
        ]
        for refused in [[5], [5, 6]] {
            await #expect(throws: BatchError.queueFull(retryAfter: 1)) {
                try await bench.batcher.submit(refused.map { sequence($0) })
            }
        }
        #expect(bench.batcher.load.queuedTokens == 20)
        await bench.kernel.release()
        for task in tasks { _ = try await task.value }
        #expect(await bench.kernel.rounds.flatMap { $0 } == [0, 1, 2, 3, 4])
    }

    @Test func `a request is admitted whole or not at all`() async throws {
        let bench = Bench(held: true, queue: 20)
        let first = try await bench.occupy()
        let second = try await bench.send([1], tokens: 19)
        await #expect(throws: BatchError.queueFull(retryAfter: 1)) {
            try await bench.batcher.submit([sequence(2), sequence(3)])
        }
        let third = try await bench.send([4], tokens: 1)
        await bench.kernel.release()
        for task in [first, second, third] { _ = try await task.value }
        #expect(await bench.kernel.rounds == [[0], [1, 4]])
    }

    @Test func `a request larger than the queue is taken when nothing waits`() async throws {
        let bench = Bench(held: true, batch: 10, queue: 20)
        let first = try await bench.occupy()
        let large = try await bench.send([1, 2, 3], tokens: 10)
        await #expect(throws: BatchError.queueFull(retryAfter: 1)) { try await bench.batcher.submit([sequence(4, 1)]) }
        await bench.kernel.release()
        #expect(try await first.value == [0])
        #expect(try await large.value == [-1, -2, -3])
    }
}
