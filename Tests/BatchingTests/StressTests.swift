// Many callers at once; run it under ThreadSanitizer too.

import Batching
import Synchronization
import Testing

/// Checks every round and answers it; yields at times, so that work gathers and cancellations meet running rounds.
private final class CountingKernel: Sendable {
    struct Seen {
        var memory = SlotMemory()
        var tokens = 0
        var running = 0
        var isFine = true
    }

    private let state = Mutex(Seen())

    var seen: Seen {
        state.withLock { $0 }
    }

    func run(_ round: Round) async -> [Float] {
        state.withLock { seen in
            seen.running += 1
            seen.isFine = seen.isFine && seen.running == 1 && round.tokens <= 6
        }
        for _ in 0..<round.pieces.count % 3 { await Task.yield() }
        return state.withLock { seen in
            seen.running -= 1
            seen.tokens += round.tokens
            return seen.memory.run(round)
        }
    }
}

/// One to eight tokens, their beginnings shared by many callers; the largest are long ones in a round of 6.
private func rollout(_ work: Int) -> TokenWork {
    let tokens = (0..<1 + work % 8).map { Int32((work >> $0) % 3) } + (work % 5 == 0 ? [] : [Int32(work)])
    return TokenWork(tokens: tokens, reads: tokens.indices.filter { $0 % 2 == 1 })
}

private struct Tally {
    var answered = 0
    var left = 0
    var refused = 0
}

/// One caller of two items: what it got must be its own.
private func call(_ batcher: Batcher, _ work: Int) async -> Tally {
    do {
        let works = [rollout(work), rollout(work + 1)]
        let answers = try await batcher.submit(works)
        #expect(answers.map(\.rewards) == works.map(SlotMemory.alone))
        return Tally(answered: 1)
    } catch is CancellationError {
        return Tally(left: 1)
    } catch BatchError.queueFull {
        return Tally(refused: 1)
    } catch {
        Issue.record(error)
        return Tally()
    }
}

@Suite struct StressTests {
    @Test(.timeLimit(.minutes(5)), arguments: [Int.max, 2000], [0, 500])
    func `ten thousand callers, some of whom leave, each get their own answer once`(
        queue: Int,
        cached: Int
    ) async throws {
        let kernel = CountingKernel()
        let limits = BatchLimits(maximumBatchTokens: 6, maximumQueueTokens: queue, cachedTokens: cached)
        let batcher = Batcher(limits: limits) { await kernel.run($0) }
        let total = await withTaskGroup(of: Tally.self) { group in
            for work in 0..<10_000 {
                group.addTask {
                    let caller = Task { await call(batcher, work * 2) }
                    if work % 3 == 0 {
                        for _ in 0..<work % 17 { await Task.yield() }
                        caller.cancel()
                    }
                    return await caller.value
                }
            }
            return await group.reduce(into: Tally()) { sum, one in
                sum.answered += one.answered
                sum.left += one.left
                sum.refused += one.refused
            }
        }
        await batcher.drain()
        let load = batcher.load
        #expect(total.answered + total.left + total.refused == 10_000)
        #expect(total.answered >= 6_000 || queue < .max)
        #expect(kernel.seen.isFine)
        #expect(load.tokens == kernel.seen.tokens)
        #expect(load.slotsInUse == load.slotsKept && load.slotsKept <= cached)
        #expect(load.items + load.droppedItems <= 2 * (total.answered + total.left))
        #expect(load.items >= 2 * total.answered)
        #expect(load.queuedItems == 0 && load.queuedTokens == 0 && load.runningItems == 0)
        // Whoever asks later is refused, not forgotten.
        await #expect(throws: BatchError.closed) { try await batcher.submit([sequence(1)]) }
    }

    @Test(.timeLimit(.minutes(2)), arguments: 0..<20)
    func `draining under load answers what was accepted and refuses the rest`(round: Int) async throws {
        let kernel = CountingKernel()
        let limits = BatchLimits(maximumBatchTokens: 6, maximumQueueTokens: .max)
        let batcher = Batcher(limits: limits) { await kernel.run($0) }
        let accepted = await withTaskGroup(of: Bool.self) { group in
            for work in 0..<200 {
                group.addTask {
                    do {
                        let answers = try await batcher.submit([rollout(work)])
                        #expect(answers.map(\.rewards) == [SlotMemory.alone(rollout(work))])
                        return true
                    } catch {
                        #expect(error as? BatchError == .closed)
                        return false
                    }
                }
            }
            group.addTask {
                for _ in 0..<round { await Task.yield() }
                await batcher.drain()
                let load = batcher.load
                #expect(load.queuedItems == 0 && load.runningItems == 0)
                return false
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        let items = batcher.load.items
        #expect(items == accepted)
    }
}
