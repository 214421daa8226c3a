// Takes connections from the kernel, and stops politely.
internal import Glibc
internal import Synchronization

/// Counts how often a listener, out of descriptors, had to wait.
package final class Pauses: Sendable {
    private let total = Atomic(0)

    package init() {}

    package var count: Int { total.load(ordering: .relaxed) }

    func note() { total.wrappingAdd(1, ordering: .relaxed) }
}

/// A listening socket.
package actor Listener {
    private let loop: SocketLoop
    private var socket: Descriptor?
    private let interest: Interest
    private let pauses: Pauses
    /// Set by `drain`: until when connections that the kernel has let in are waited for.
    private var lastCall: Instant?

    /// Where it listens, with the real port.
    package nonisolated let address: SocketAddress

    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// Binds and listens; port 0 lets the kernel choose one.
    /// - Parameter pauses: where it counts how often it had to wait for a descriptor.
    package init(
        host: String,
        port: UInt16,
        backlog: Int32,
        on loop: SocketLoop,
        pauses: Pauses = Pauses()
    ) throws(SocketError) {
        var reason = SocketError.unknownHost(host, code: 0)
        var bound: Descriptor?
        for candidate in try SocketAddress.resolve(host: host, port: port) where bound == nil {
            do throws(SocketError) { bound = try Self.listen(at: candidate, backlog: backlog) } catch { reason = error }
        }
        guard let bound else { throw reason }
        self.loop = loop
        self.pauses = pauses
        socket = bound
        address = try SocketAddress.local(of: bound)
        interest = Interest(in: bound, on: loop)
    }

    /// What the kernel takes of a response beyond what is on its way.
    private static let unsentBytes: Int32 = 128 * 1024

    private static func listen(at address: SocketAddress, backlog: Int32) throws(SocketError) -> Descriptor {
        let socket = try Descriptor.stream(address.family)
        try socket.set(SO_REUSEADDR, to: 1)
        // Accepted sockets inherit it: a small answer must not wait for the client's acknowledgement.
        try socket.set(TCP_NODELAY, at: Int32(IPPROTO_TCP), to: 1)
        // What a client does not read is to wait here: 500 such clients took 1.6 GB of the kernel's memory for TCP, which all
        // sockets of the machine share.
        try socket.set(TCP_NOTSENT_LOWAT, at: Int32(IPPROTO_TCP), to: Self.unsentBytes)
        let status = address.withSocketAddress { bind(socket.number, $0, $1) }
        guard status == 0 else { throw .failed(call: "bind", code: errno) }
        guard Glibc.listen(socket.number, backlog) == 0 else { throw .failed(call: "listen", code: errno) }
        return socket
    }

    /// The next connection; nil once the listener has drained or closed, or the task was cancelled.
    package func accept() async -> Descriptor? {
        while let socket {
            let number = Glibc.accept(socket.number, nil, nil)
            if number >= 0 {
                let accepted = Descriptor(number)
                accepted.neverBlock()
                return accepted
            }
            guard await shouldRetry(after: errno) else {
                close()
                return nil
            }
        }
        return nil
    }

    private func shouldRetry(after code: Int32) async -> Bool {
        switch code {
        case EAGAIN:
            if let lastCall, .now >= lastCall { return false }
            switch await interest.reading.wait(until: lastCall) {
            case .ready, .timedOut, .interrupted: return true
            case .cancelled, .closed: return false
            }
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
            // Out of descriptors: the connection stays in the kernel's queue, and trying again at once would spin.
            pauses.note()
            do { try await loop.sleep(for: .milliseconds(50)) } catch { return false }
            return true
        case EBADF, EINVAL, ENOTSOCK, EOPNOTSUPP, EFAULT:
            return false
        default:
            // accept(2): errors of the connection that was waiting, which the next call does not see.
            return true
        }
    }

    /// Lets no new connection begin; `accept` hands out those that have begun and then, after `grace`, returns nil.
    package func drain(grace: Duration) {
        guard let socket, lastCall == nil else { return }
        socket.refuseNewHandshakes()
        lastCall = .now + grace
        interest.reading.interrupt()
    }

    package func close() {
        interest.close()
        socket = nil
    }
}
