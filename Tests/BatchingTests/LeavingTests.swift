// Callers that leave, kernels that fail, servers that stop.

import Batching
import Testing

@Suite struct LeavingTests {
    @Test func `work whose caller left is never computed`() async throws {
        let bench = Bench(held: true)
        let first = try await bench.occupy()
        let leaving = try await bench.send([1, 2])
        let staying = try await bench.send([3])
        leaving.cancel()
        await #expect(throws: CancellationError.self) { try await leaving.value }
        #expect(bench.batcher.load.droppedItems == 2)
        #expect(bench.batcher.load.queuedTokens == 1)
        await bench.kernel.release()
        #expect(try await first.value == [0])
        #expect(try await staying.value == [-3])
        #expect(await bench.kernel.rounds == [[0], [3]])
    }

    @Test func `a caller may leave while its work runs, and its neighbours are served`() async throws {
        let bench = Bench(held: true)
        let first = try await bench.occupy()
        let leaving = try await bench.send([1])
        let staying = try await bench.send([2])
        await bench.kernel.step()
        #expect(try await first.value == [0])
        try await eventually { await bench.kernel.rounds.count == 2 }
        leaving.cancel()
        // The kernel still stands: the caller does not wait for it.
        await #expect(throws: CancellationError.self) { try await leaving.value }
        #expect(bench.batcher.load.runningItems == 2)
        await bench.kernel.release()
        #expect(try await staying.value == [-2])
        #expect(await bench.kernel.rounds == [[0], [1, 2]])
        #expect(bench.batcher.load.droppedItems == 0)
    }

    @Test func `of a request that runs in part, the rest is dropped`() async throws {
        let bench = Bench(held: true, batch: 2)
        let leaving = try await bench.send([1, 2, 3, 4, 5])
        try await eventually { await bench.kernel.isRunning }
        let staying = try await bench.send([6])
        leaving.cancel()
        await #expect(throws: CancellationError.self) { try await leaving.value }
        await bench.kernel.release()
        #expect(try await staying.value == [-6])
        #expect(await bench.kernel.rounds == [[1, 2], [6]])
        #expect(bench.batcher.load.droppedItems == 3)
    }

    @Test func `a caller that left before it came is not admitted`() async throws {
        let bench = Bench()
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await bench.batcher.submit([sequence(1, 1)]).flatMap(\.rewards)
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(await bench.kernel.rounds.isEmpty)
    }

    @Test func `leaving makes room in the queue`() async throws {
        let bench = Bench(held: true, queue: 10)
        let first = try await bench.occupy()
        let leaving = try await bench.send([1], tokens: 10)
        leaving.cancel()
        _ = await leaving.result
        let second = try await bench.send([2], tokens: 10)
        await bench.kernel.release()
        #expect(try await first.value == [0])
        #expect(try await second.value == [-2])
    }

    @Test func `a kernel that throws fails its batch and no other`() async throws {
        let bench = Bench(held: true, batch: 2)
        let first = try await bench.occupy()
        let failing = [try await bench.send([1]), try await bench.send([2, 3, 4])]
        let fine = try await bench.send([5])
        await bench.kernel.step()
        #expect(try await first.value == [0])
        try await eventually { await bench.kernel.rounds.count == 2 }
        await bench.kernel.become(.throwing)
        await bench.kernel.step()
        for task in failing { await #expect(throws: FakeKernel.Broken()) { try await task.value } }
        await bench.kernel.become(.honest)
        await bench.kernel.release()
        #expect(try await fine.value == [-5])
        // The rest of the second request has no one to answer to.
        #expect(await bench.kernel.rounds == [[0], [1, 2], [5]])
        #expect(bench.batcher.load.droppedItems == 2)
    }

    @Test(arguments: [-1, 1, -3])
    func `another number of answers is an error, never a mix-up`(extra: Int) async throws {
        let bench = Bench()
        await bench.kernel.become(.answering(extra: extra))
        await #expect(throws: BatchError.answerCount(expected: 3, received: 3 + extra)) {
            try await bench.batcher.submit([sequence(1, 1), sequence(2, 1), sequence(3, 1)])
        }
        await bench.kernel.become(.honest)
        #expect(try await bench.batcher.submit([sequence(4, 1)]).flatMap(\.rewards) == [-4])
    }

    @Test func `draining refuses new work and answers the old`() async throws {
        let bench = Bench(held: true, batch: 2)
        let tasks = [try await bench.occupy(), try await bench.send([1, 2, 3]), try await bench.send([4])]
        let drained = Task { await bench.batcher.drain() }
        try await eventually {
            do {
                _ = try await bench.batcher.submit([sequence(9, 1000)])
                return false
            } catch BatchError.queueFull {
                return false
            } catch BatchError.closed {
                return true
            }
        }
        await bench.kernel.release()
        await drained.value
        let load = bench.batcher.load
        #expect(load.queuedItems == 0 && load.runningItems == 0 && load.items == 5)
        #expect(try await tasks[1].value == [-1, -2, -3])
        #expect(try await tasks[2].value == [-4])
        await bench.batcher.drain()
        await #expect(throws: BatchError.closed) { try await bench.batcher.submit([sequence(5, 1)]) }
    }

    @Test func `an idle batcher drains at once`() async throws {
        let bench = Bench()
        await bench.batcher.drain()
        await #expect(throws: BatchError.closed) { try await bench.batcher.submit([sequence(1, 1)]) }
        #expect(await bench.kernel.rounds.isEmpty)
    }
}
