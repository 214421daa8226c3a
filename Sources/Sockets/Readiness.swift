// Lets one task wait until a socket can be read or written.
internal import Dispatch

/// One direction of a socket, on which at most one task waits at a time.
///
/// All mutable state is touched on the loop's queue only, which the compiler cannot see: hence unchecked.
final class Readiness: @unchecked Sendable {
    enum Direction {
        case reading
        case writing
    }

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

    private let loop: SocketLoop
    private let direction: Direction
    /// Nil once closed.
    private var descriptor: Descriptor?
    /// Made for the first wait, and running only while a task waits: what is ready would fire for ever otherwise.
    private var source: (any DispatchSourceProtocol)?
    private var waiter: Waiter?
    private var tickets: UInt64 = 0
    private var isInterrupted = false
    private lazy var alarm = Alarm { [unowned self] in wake(.timedOut) }

    init(_ direction: Direction, of descriptor: Descriptor, on loop: SocketLoop) {
        self.direction = direction
        self.descriptor = descriptor
        self.loop = loop
    }

    /// Waits until the socket is ready, or for the first of the other reasons to stop.
    ///
    /// A caller first tries the call itself: a socket that hung up is reported once and never again.
    func wait(until deadline: Instant?, isolation: isolated any Actor = #isolation) async -> Wake {
        guard let descriptor else { return .closed }
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
                if let source { source.resume() } else { makeSource(for: descriptor) }
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

    /// Ends the present wait and every later one, and lets go of the descriptor.
    func close() {
        wake(.closed)
        rest()
        descriptor = nil
    }

    /// Gives back what a wait needs, where the next is not soon; nobody waits now.
    func rest() {
        source?.cancel()
        // A suspended source would neither run its cancel handler nor may it be released.
        source?.resume()
        source = nil
    }

    private func wake(_ wake: Wake) {
        guard let waiter else { return }
        self.waiter = nil
        loop.clear(alarm)
        source?.suspend()
        waiter.continuation.resume(returning: wake)
    }

    private func makeSource(for descriptor: Descriptor) {
        let source: any DispatchSourceProtocol
        let watched: Descriptor
        switch direction {
        case .reading:
            watched = descriptor
            source = DispatchSource.makeReadSource(fileDescriptor: watched.number, queue: loop.queue)
        case .writing:
            // Never two sources on one number: when the peer hangs up, Dispatch on Linux forgets the number, and a source
            // that is just being added to it would never fire.
            guard let twin = descriptor.duplicated() else { return wake(.closed) }
            watched = twin
            source = DispatchSource.makeWriteSource(fileDescriptor: watched.number, queue: loop.queue)
        }
        source.setEventHandler { [weak self] in self?.wake(.ready) }
        // Dispatch may look at the descriptor until the cancel handler has run: it must stay open until then.
        source.setCancelHandler { withExtendedLifetime(watched) {} }
        source.activate()
        self.source = source
    }

    deinit {
        // For an owner that went without closing.
        rest()
    }
}
