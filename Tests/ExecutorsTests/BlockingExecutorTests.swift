// Actors whose thread may block.
import Dispatch
import Executors
import Fixtures
import Glibc
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct `An actor on an executor of its own` {
    /// Holds the threads of those who come until it is opened.
    private final class Door: Sendable {
        let waiting = Atomic(0)
        private let semaphore = DispatchSemaphore(value: 0)

        func wait() {
            waiting.wrappingAdd(1, ordering: .relaxed)
            semaphore.wait()
        }

        func open(for count: Int) { for _ in 0..<count { semaphore.signal() } }
    }

    private actor Worker {
        private let executor = BlockingExecutor(label: "linchpin.test")
        private var count = 0

        nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

        func block(at door: Door) { door.wait() }

        /// Between the two nobody else may count.
        func increment() {
            let before = count
            sched_yield()
            count = before + 1
        }

        /// What code asks that the compiler does not see as the actor's.
        nonisolated func isolatedCount() -> Int { assumeIsolated { $0.count } }

        func countFromInside() -> Int { isolatedCount() }
    }

    @Test func `holds up nobody else, however many block`() async {
        // More than the cooperative pool has threads, on most machines: there they would wait for one another for good.
        let (door, count) = (Door(), 64)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<count { group.addTask { await Worker().block(at: door) } }
            #expect(await eventually { door.waiting.load(ordering: .relaxed) == count })
            door.open(for: count)
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
