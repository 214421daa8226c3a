// Learns from the kernel which of a loop's sockets are ready.
// By hand and not a Dispatch source a socket: when a peer hangs up, Dispatch on Linux frees what it knows of the source on
// one thread while another still reads it (swift-corelibs-libdispatch, issue 949), and the process ends by SIGSEGV. So
// Dispatch watches one descriptor a loop, an epoll instance, which never hangs up.
internal import CEpoll
internal import Dispatch
internal import Glibc

/// The sockets of one loop that tasks may wait for.
///
/// All mutable state is touched on the loop's queue only, which the compiler cannot see: hence unchecked.
final class InterestList: @unchecked Sendable {
    private struct Entry {
        weak var interest: Interest?
    }

    private let instance: Descriptor
    private let source: any DispatchSourceRead
    /// By a number that is never used again: what the kernel says of a socket that has gone must not reach the next.
    private var entries: [UInt64: Entry] = [:]
    private var nextKey: UInt64 = 0

    /// How many sockets may be served before others on the loop take their turn.
    private static let turn = 256

    init(on queue: DispatchQueue) {
        let number = epoll_create1(Int32(EPOLL_CLOEXEC))
        precondition(number >= 0, "no descriptor is left to begin with")
        let instance = Descriptor(number)
        self.instance = instance
        source = DispatchSource.makeReadSource(fileDescriptor: number, queue: queue)
        source.setEventHandler { [weak self] in self?.takeTurn() }
        // Dispatch may look at the descriptor until the cancel handler has run: it must stay open until then.
        source.setCancelHandler { withExtendedLifetime(instance) {} }
        source.activate()
    }

    deinit { source.cancel() }

    func insert(_ interest: Interest) -> UInt64 {
        nextKey &+= 1
        entries[nextKey] = Entry(interest: interest)
        return nextKey
    }

    /// Wants one report of the next of `events`; false where the kernel has no memory for it.
    func watch(_ socket: Descriptor, for events: UInt32, as key: UInt64, isNew: Bool) -> Bool {
        var event = epoll_event()
        event.events = events | EPOLLONESHOT.rawValue
        event.data.u64 = key
        return epoll_ctl(instance.number, isNew ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket.number, &event) == 0
    }

    func forget(_ key: UInt64) { entries[key] = nil }

    func remove(_ key: UInt64, _ socket: Descriptor) {
        forget(key)
        var event = epoll_event()
        _ = epoll_ctl(instance.number, EPOLL_CTL_DEL, socket.number, &event)
    }

    private func takeTurn() {
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.turn) { events in
            // What does not fit, or comes after a signal, is still ready: Dispatch calls again.
            let count = epoll_wait(instance.number, events.baseAddress, Int32(Self.turn), 0)
            for event in events.prefix(max(0, Int(count))) {
                entries[event.data.u64]?.interest?.hear(event.events)
            }
        }
    }
}
