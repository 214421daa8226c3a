// Lets a socket's tasks hear what the kernel says of it.
internal import CEpoll
internal import Dispatch
internal import Glibc

/// One socket on the list of its loop.
///
/// All mutable state is touched on the loop's queue only, which the compiler cannot see: hence unchecked.
final class Interest: @unchecked Sendable {
    private let loop: SocketLoop
    /// Nil once closed.
    private var socket: Descriptor?
    /// Nil until a task first waits: most writes and many sockets never do.
    private var key: UInt64?
    /// What the kernel has been asked for and has not yet reported.
    private var pending: UInt32 = 0

    private(set) lazy var reading = Readiness(EPOLLIN.rawValue, of: self, on: loop)
    private(set) lazy var writing = Readiness(EPOLLOUT.rawValue, of: self, on: loop)
    /// Ready when the peer has finished sending, whatever of it is unread.
    private(set) lazy var leaving = Readiness(EPOLLRDHUP.rawValue, of: self, on: loop)

    init(in socket: Descriptor, on loop: SocketLoop) {
        self.socket = socket
        self.loop = loop
    }

    var isClosed: Bool { socket == nil }

    /// Lets the readiness that waits for `events` hear of them once; false where that is impossible.
    func ask(for events: UInt32) -> Bool {
        guard let socket else { return false }
        // What an earlier wait asked for and did not stay to hear is still asked for.
        guard key == nil || pending & events != events else { return true }
        return watch(socket, for: pending | events)
    }

    private func watch(_ socket: Descriptor, for events: UInt32) -> Bool {
        let isNew = key == nil
        let key = self.key ?? loop.interests.insert(self)
        guard loop.interests.watch(socket, for: events, as: key, isNew: isNew) else {
            if isNew { loop.interests.forget(key) }
            return false
        }
        self.key = key
        pending = events
        return true
    }

    /// Takes one report, which the kernel does not repeat unasked.
    func hear(_ events: UInt32) {
        let isDead = events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0
        let heard = isDead ? pending : pending & events
        pending &= ~heard
        if pending != 0, let socket, !watch(socket, for: pending) {
            // The kernel has no memory for it: nobody would ever hear of these.
            let lost = pending
            pending = 0
            wake(lost, .closed)
        }
        wake(heard, .ready)
    }

    /// Only those that wait have been made.
    private func wake(_ events: UInt32, _ reason: Readiness.Wake) {
        if events & EPOLLIN.rawValue != 0 { reading.wake(reason) }
        if events & EPOLLOUT.rawValue != 0 { writing.wake(reason) }
        if events & EPOLLRDHUP.rawValue != 0 { leaving.wake(reason) }
    }

    /// Ends every wait, now and later, and lets go of the socket.
    func close() {
        guard let socket else { return }
        self.socket = nil
        wake(pending, .closed)
        if let key { loop.interests.remove(key, socket) }
        key = nil
    }

    deinit {
        // For an owner that went without closing, on whatever thread.
        guard let socket, let key else { return }
        loop.queue.async { [loop] in loop.interests.remove(key, socket) }
    }
}
