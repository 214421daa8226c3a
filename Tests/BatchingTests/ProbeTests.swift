// A probe goes the way of every round and leaves nothing behind.

import Batching
import Testing

@Suite struct ProbeTests {
    @Test func `an idle batcher computes a probe anew each time, and counts none`() async throws {
        let bench = Bench(cached: 1000)
        _ = try await bench.send([7], tokens: 5).value
        let before = bench.batcher.load
        for _ in 0..<3 { #expect(try await bench.batcher.probe(sequence(7, 5)) == [-7]) }
        // Once for the work, and once a probe, although its tokens are kept.
        #expect(await bench.kernel.rounds == [[7], [7], [7], [7]])
        #expect(bench.batcher.load == before)
    }

    @Test func `a probe with a full cache gives its slots back`() async throws {
        let bench = Bench(cached: 8)
        _ = try await bench.send([7], tokens: 8).value
        for _ in 0..<5 { _ = try await bench.batcher.probe(sequence(3, 4)) }
        let load = bench.batcher.load
        #expect(load.slotsInUse == 4 && load.slotsKept == 4)
    }

    @Test func `where rounds run there is no probe, and nobody waits for it`() async throws {
        let bench = Bench(held: true)
        let answer = try await bench.occupy()
        #expect(try await bench.batcher.probe(sequence(1)) == nil)
        await bench.kernel.release()
        #expect(try await answer.value == [0])
        #expect(await bench.kernel.rounds == [[0]])
    }

    @Test func `work that comes during a probe is computed after it`() async throws {
        let bench = Bench(held: true)
        let batcher = bench.batcher
        let probe = Task { try await batcher.probe(sequence(5)) }
        try await eventually { await bench.kernel.isRunning }
        let answer = try await bench.send([6])
        await bench.kernel.release()
        #expect(try await probe.value == [-5])
        #expect(try await answer.value == [-6])
        #expect(await bench.kernel.rounds == [[5], [6]])
    }

    @Test func `a probe that fails says so, and the next one works`() async throws {
        let bench = Bench()
        await bench.kernel.become(.throwing)
        let ended = bench.batcher.pulse.now.ended
        await #expect(throws: FakeKernel.Broken()) { try await bench.batcher.probe(sequence(5)) }
        #expect(bench.batcher.pulse.now.ended == ended, "what failed is no sign of life")
        await bench.kernel.become(.honest)
        #expect(try await bench.batcher.probe(sequence(5)) == [-5])
        #expect(bench.batcher.pulse.now.ended > ended)
    }

    @Test func `the pulse tells what runs, and when the last round ended`() async throws {
        let bench = Bench(held: true)
        let pulse = bench.batcher.pulse
        let before = pulse.now
        #expect(before.running == nil)
        let answer = try await bench.occupy()
        #expect(pulse.now.running?.tokens == 1)
        #expect(pulse.now.ended == before.ended)
        await bench.kernel.release()
        _ = try await answer.value
        #expect(pulse.now.running == nil && pulse.now.ended > before.ended)
    }
}
