// Runs an actor on a thread that may block.
import Dispatch

/// A serial executor over one dispatch queue, so that minutes of arithmetic never hold a thread of the cooperative
/// pool.
///
/// `DispatchSerialQueue`, which is an executor by itself, does not exist on Linux.
final class ComputeQueue: SerialExecutor {
    private let queue = DispatchQueue(label: "linchpin.model")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }
}
