// Actors whose thread may block.
import Executors
import Fixtures
import Glibc
import Testing

@Suite(.timeLimit(.minutes(5))) struct `An actor on an executor of its own` {
    private actor Worker {
        private let executor = BlockingExecutor(label: "linchpin.test")
        private var count = 0

        nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

        /// Holds its thread, as arithmetic does.
        func block() { usleep(100_000) }

        /// Between the two nobody else may count.
        func increment() {
            let before = count
            sched_yield()
            count = before + 1
        }

        /// What code that the compiler does not see as the actor's asks, C callbacks for one.
        nonisolated func isolatedCount() -> Int { assumeIsolated { $0.count } }

        func countFromInside() -> Int { isolatedCount() }
    }

    @Test func `holds up nobody else, however many block`() async {
        let workers = (0..<64).map { _ in Worker() }
        let clock = ContinuousClock()
        await withTaskGroup(of: Void.self) { group in
            for worker in workers { group.addTask { await worker.block() } }
            // Sixty-four times a tenth of a second on the pool's threads would be over before another task had its turn.
            let other = await clock.measure { await Task.detached {}.value }
            #expect(other < .seconds(1), "\(other)")
        }
    }

    @Test func `does one thing at a time, and knows that it is there`() async {
        let worker = Worker()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<1000 { group.addTask { await worker.increment() } }
        }
        #expect(await worker.countFromInside() == 1000)
    }
}
