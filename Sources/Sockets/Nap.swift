// Lets a task sleep on a loop.
// Not `Task.sleep`: Dispatch opens a descriptor for the first sleep, and ends the process when there is none left.
internal import Dispatch

/// One sleep of one task.
///
/// All mutable state is touched on the loop's queue only, which the compiler cannot see: hence unchecked.
private final class Nap: @unchecked Sendable {
    private let loop: SocketLoop
    private var continuation: CheckedContinuation<Bool, Never>?
    private var isCancelled = false
    private lazy var alarm = Alarm { [unowned self] in end(inTime: true) }

    init(on loop: SocketLoop) { self.loop = loop }

    func begin(until due: Instant, _ continuation: CheckedContinuation<Bool, Never>) {
        self.continuation = continuation
        if isCancelled { end(inTime: false) } else { loop.set(alarm, to: due) }
    }

    func cancel() {
        isCancelled = true
        end(inTime: false)
    }

    private func end(inTime: Bool) {
        loop.clear(alarm)
        continuation?.resume(returning: inTime)
        continuation = nil
    }
}

extension SocketLoop {
    /// Returns after `duration`; throws `cancelled` as soon as the task is.
    package func sleep(for duration: Duration) async throws(SocketError) {
        let due = Instant.now + duration
        let nap = Nap(on: self)
        let inTime = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in queue.async { nap.begin(until: due, continuation) } }
        } onCancel: {
            queue.async { nap.cancel() }
        }
        guard inTime else { throw .cancelled }
    }
}
