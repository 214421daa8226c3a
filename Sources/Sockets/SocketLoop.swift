// Runs actors on one Dispatch queue and rings their alarms.
// A stream and the connection above it share one loop, so an `await` between them never changes the thread.
internal import Dispatch

/// One serial queue on which sockets and the actors that own them live.
///
/// All mutable state is touched on `queue` only, which the compiler cannot see: hence unchecked.
package final class SocketLoop: SerialExecutor, @unchecked Sendable {
    let queue: DispatchQueue
    let interests: InterestList
    private let timer: any DispatchSourceTimer
    private var alarms = AlarmHeap()
    /// When the timer is going to fire, if it is set.
    private var timerDue: Instant?

    package init(label: String = "sockets") {
        queue = DispatchQueue(label: label)
        interests = InterestList(on: queue)
        timer = DispatchSource.makeTimerSource(queue: queue)
        timer.setEventHandler { [weak self] in self?.ring() }
        // Dispatch opens the timer's descriptor when it is first set, and traps without one: so now, not in need.
        timer.schedule(deadline: .now() + .seconds(86_400))
        timer.activate()
    }

    deinit { timer.cancel() }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    /// Takes a turn among whatever else runs here.
    package func perform(_ work: @escaping @Sendable () -> Void) { queue.async(execute: work) }

    package func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }

    /// Lets `alarm` ring at `due`, in the place of an earlier wish.
    func set(_ alarm: Alarm, to due: Instant) {
        alarms.remove(alarm)
        alarms.insert(alarm, due: due)
        setTimer()
    }

    func clear(_ alarm: Alarm) { alarms.remove(alarm) }

    /// A timer that fires too early costs one look; so it is moved only when something is due sooner.
    private func setTimer() {
        guard let due = alarms.firstDue, timerDue.map({ due < $0 }) ?? true else { return }
        timerDue = due
        let wait = max(Duration.zero, Instant.now.duration(to: due))
        timer.schedule(deadline: .now() + wait.dispatchInterval, leeway: .milliseconds(1))
    }

    private func ring() {
        timerDue = nil
        let now = Instant.now
        while let alarm = alarms.removeFirst(dueBy: now) { alarm.ring() }
        setTimer()
    }
}

extension Duration {
    /// Rounded up, so that a timer never fires just before its time; capped at a day.
    fileprivate var dispatchInterval: DispatchTimeInterval {
        let (seconds, attoseconds) = components
        guard seconds < 86_400 else { return .seconds(86_400) }
        return .nanoseconds(Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000) + 1)
    }
}
