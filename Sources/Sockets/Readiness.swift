// Lets one task wait until a socket can be read or written.
internal import Dispatch

/// One direction of a socket, on which at most one task waits at a time.
///
/// All mutable state is touched on the loop's queue only, which the compiler cannot see: hence unchecked.
final class Readiness: @unchecked Sendable {
    /// Why a wait ended.
    enum Wake: Sendable {
        case ready
        case timedOut
        case cancelled
        case interrupted
        case closed

        /// Throws unless the socket is ready.
        func check() throws(SocketError) {
            switch self {
            case .ready: return
            case .timedOut: throw .timedOut
            case .cancelled: throw .cancelled
            case .interrupted: throw .interrupted
            case .closed: throw .closed
            }
        }
    }

    private struct Waiter {
        let ticket: UInt64
        let continuation: CheckedContinuation<Wake, Never>
    }

    /// What the kernel is asked for, in the words of epoll.
    let events: UInt32
    private let loop: SocketLoop
    private unowned let interest: Interest
    private var waiter: Waiter?
    private var tickets: UInt64 = 0
    private var isInterrupted = false
    private lazy var alarm = Alarm { [unowned self] in wake(.timedOut) }

    init(_ events: UInt32, of interest: Interest, on loop: SocketLoop) {
        self.events = events
        self.interest = interest
        self.loop = loop
    }

    /// Waits until the socket is ready, or for the first of the other reasons to stop.
    ///
    /// A caller tries the call itself before and after: what was ready may have been so for an earlier wait.
    func wait(until deadline: Instant?, isolation: isolated any Actor = #isolation) async -> Wake {
        guard !interest.isClosed else { return .closed }
        guard !isInterrupted else {
            isInterrupted = false
            return .interrupted
        }
        precondition(waiter == nil, "two tasks wait on one direction of a socket")
        tickets &+= 1
        let ticket = tickets
        return await withTaskCancellationHandler {
            // Only a closure that captures the isolation has it (SE-0420); without, this would leave the queue.
            _ = isolation
            return await withCheckedContinuation { continuation in
                loop.checkIsolated()
                waiter = Waiter(ticket: ticket, continuation: continuation)
                if let deadline { loop.set(alarm, to: deadline) }
                if !interest.ask(for: events) { wake(.closed) }
            }
        } onCancel: {
            // By ticket: a cancellation that comes late must not end the next wait.
            loop.queue.async { if self.waiter?.ticket == ticket { self.wake(.cancelled) } }
        }
    }

    /// Ends the present wait, or else the next one.
    func interrupt() {
        if waiter == nil { isInterrupted = true } else { wake(.interrupted) }
    }

    /// Ends the present wait, where there is one.
    func wake(_ wake: Wake) {
        guard let waiter else { return }
        self.waiter = nil
        loop.clear(alarm)
        waiter.continuation.resume(returning: wake)
    }
}
