// Runs an actor on a thread that may block.
internal import Dispatch

/// A serial executor over one dispatch queue, so that seconds of arithmetic never hold a thread of the cooperative pool.
///
/// Our own, since `DispatchSerialQueue`, which is an executor by itself, does not exist on Linux.
package final class BlockingExecutor: SerialExecutor {
    private let queue: DispatchQueue

    /// - Parameter label: what a debugger calls its thread.
    package init(label: String) {
        queue = DispatchQueue(label: label)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    package func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }
}
