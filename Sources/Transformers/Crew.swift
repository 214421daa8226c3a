// Threads that wait for work, and claim it task by task.
//
// Own code, because `concurrentPerform` costs tens of microseconds a call, and one batch makes hundreds of calls: here a
// thread that ran out of tasks looks for the next job for some microseconds before it sleeps. Between requests all sleep.
import CKernels
import Glibc
import Synchronization

/// What one call of `Workers.run` shares; it lives on the caller's stack until all tasks are done.
private struct Job {
    let tasks: Int
    let task: (_ index: Int, _ worker: Int) -> Void
}

/// The threads beside the caller's. A late thread never holds a job up: it is waited for only while it has a task.
// Unchecked because of the raw mutex and condition, which are what makes it safe to share.
final class Crew: @unchecked Sendable {
    /// Upper half: the job's number; lower half: its tasks that nobody has claimed. One word, so that a claim fails as
    /// soon as the job is another one.
    private let unclaimed = Atomic<UInt64>(0)
    private let job = Atomic<UInt>(0)
    private let done = Atomic<Int>(0)
    private let sleepers = Atomic<Int>(0)
    private let isDismissed = Atomic<Bool>(false)
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    /// Looks at an empty job list before a thread sleeps: some 50 microseconds, longer than any gap within a batch.
    private static let patience = 1_000

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Starts threads that call themselves 1, 2, ...; fewer where the system has no more.
    func hire(_ count: Int) -> [pthread_t] {
        (0..<count).compactMap { number in
            final class Start {
                let crew: Crew
                let worker: Int
                init(crew: Crew, worker: Int) {
                    self.crew = crew
                    self.worker = worker
                }
            }
            let start = Unmanaged.passRetained(Start(crew: self, worker: number + 1))
            var thread = pthread_t()
            let status = pthread_create(
                &thread,
                nil,
                { argument in
                    guard let argument else { return nil }
                    let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                    start.crew.serve(as: start.worker)
                    return nil
                },
                start.toOpaque()
            )
            guard status == 0 else {
                start.release()
                return nil
            }
            return thread
        }
    }

    /// Sends the threads home; they end soon after.
    func dismiss() {
        isDismissed.store(true, ordering: .releasing)
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// Runs all tasks, on the calling thread too, and returns when the last has ended. One caller at a time.
    func run(_ tasks: Int, _ task: (_ index: Int, _ worker: Int) -> Void) {
        withoutActuallyEscaping(task) { task in
            withUnsafePointer(to: Job(tasks: tasks, task: task)) { job in
                done.store(0, ordering: .relaxed)
                self.job.store(UInt(bitPattern: job), ordering: .relaxed)
                let number = (unclaimed.load(ordering: .relaxed) >> 32) &+ 1
                // Sequentially consistent with the counting of sleepers: either we see one, or it sees the job.
                unclaimed.store(number << 32 | UInt64(tasks), ordering: .sequentiallyConsistent)
                if sleepers.load(ordering: .sequentiallyConsistent) > 0 { wake() }
                while takePart(as: 0) {}
                var looks = 0
                while done.load(ordering: .acquiring) < tasks {
                    lp_pause()
                    looks += 1
                    // The thread that holds the last task may have lost its core: ours may be the one it needs.
                    if looks.isMultiple(of: 256) { sched_yield() }
                }
            }
        }
    }

    /// Claims one task and runs it; false where none is left.
    private func takePart(as worker: Int) -> Bool {
        var word = unclaimed.load(ordering: .acquiring)
        while true {
            let left = Int(word & 0xFFFF_FFFF)
            guard left > 0 else { return false }
            let (taken, now) = unclaimed.weakCompareExchange(
                expected: word,
                desired: word &- 1,
                ordering: .acquiringAndReleasing
            )
            guard taken else {
                word = now
                continue
            }
            // The job cannot end before this task has, so the pointer is good from here on.
            guard let job = UnsafePointer<Job>(bitPattern: job.load(ordering: .relaxed)) else { return false }
            job.pointee.task(job.pointee.tasks - left, worker)
            done.wrappingAdd(1, ordering: .releasing)
            return true
        }
    }

    private func serve(as worker: Int) {
        var looks = 0
        while !isDismissed.load(ordering: .acquiring) {
            if takePart(as: worker) {
                looks = 0
            } else if looks < Self.patience {
                looks += 1
                lp_pause()
            } else {
                sleep()
                looks = 0
            }
        }
    }

    private func sleep() {
        pthread_mutex_lock(mutex)
        sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
        while unclaimed.load(ordering: .sequentiallyConsistent) & 0xFFFF_FFFF == 0,
            !isDismissed.load(ordering: .acquiring)
        {
            pthread_cond_wait(condition, mutex)
        }
        sleepers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(mutex)
    }

    private func wake() {
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }
}
