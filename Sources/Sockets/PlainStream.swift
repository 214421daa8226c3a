// A TCP connection without encryption.
internal import Glibc

/// A connected socket whose bytes go over the wire as they are.
package actor PlainStream: ByteStream {
    private let loop: SocketLoop
    private var socket: Descriptor?
    private let reading: Readiness
    private let writing: Readiness

    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// Takes over a connected socket.
    package init(_ socket: Descriptor, on loop: SocketLoop) {
        self.loop = loop
        self.socket = socket
        reading = Readiness(.reading, of: socket, on: loop)
        writing = Readiness(.writing, of: socket, on: loop)
    }

    /// Opens a connection, for tests, benchmarks and clients.
    package static func connect(
        to address: SocketAddress,
        on loop: SocketLoop,
        until deadline: Instant? = nil
    ) async throws(SocketError) -> PlainStream {
        let socket = try Descriptor.stream(address.family)
        try socket.set(TCP_NODELAY, at: Int32(IPPROTO_TCP), to: 1)
        let status = address.withSocketAddress { Glibc.connect(socket.number, $0, $1) }
        guard status == 0 || errno == EINPROGRESS else { throw .failed(call: "connect", code: errno) }
        let stream = PlainStream(socket, on: loop)
        try await stream.connected(until: deadline)
        return stream
    }

    private func connected(until deadline: Instant?) async throws(SocketError) {
        guard let socket else { throw .closed }
        do throws(SocketError) {
            try check(await writing.wait(until: deadline))
            let code = socket.takePendingError()
            guard code == 0 else { throw .failed(call: "connect", code: code) }
            writing.rest()
        } catch {
            close()
            throw error
        }
    }

    package func read(atMost count: Int, until deadline: Instant?) async throws(SocketError) -> [UInt8] {
        while true {
            if let bytes = try receive(atMost: count) { return bytes }
            let wake = await reading.wait(until: deadline)
            // What came in the very moment of the deadline still counts.
            if case .timedOut = wake, let bytes = try receive(atMost: count) { return bytes }
            try check(wake)
        }
    }

    /// What is there, or nil where there is nothing yet.
    private func receive(atMost count: Int) throws(SocketError) -> [UInt8]? {
        guard let socket else { throw .closed }
        while true {
            var received = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                received = recv(socket.number, buffer.baseAddress, count, Int32(MSG_DONTWAIT))
                initialized = max(0, received)
            }
            guard received < 0 else { return bytes }
            switch errno {
            case EINTR: continue
            case EAGAIN: return nil
            case let code: throw .lost(code: code)
            }
        }
    }

    package func write(_ bytes: [UInt8], stall: Duration) async throws(SocketError) {
        var sent = try send(bytes, from: 0)
        guard sent < bytes.count else { return }
        while sent < bytes.count {
            try check(await writing.wait(until: .now + stall))
            sent += try send(bytes, from: sent)
        }
        writing.rest()
    }

    /// How many bytes the kernel took; 0 where it has no room.
    private func send(_ bytes: [UInt8], from start: Int) throws(SocketError) -> Int {
        guard let socket else { throw .closed }
        while true {
            let count = bytes.withUnsafeBytes { buffer in
                let rest = UnsafeRawBufferPointer(rebasing: buffer[start...])
                // Without MSG_NOSIGNAL a peer that left would end the process by SIGPIPE.
                let flags = MSG_DONTWAIT | MSG_NOSIGNAL
                return Glibc.send(socket.number, rest.baseAddress, rest.count, Int32(flags))
            }
            guard count < 0 else { return count }
            switch errno {
            case EINTR: continue
            case EAGAIN: return 0
            case let code: throw .lost(code: code)
            }
        }
    }

    package func waitForHangUp() async throws(SocketError) -> HangUp {
        // Dispatch reports readiness only, and here unread bytes are always ready: so this looks now and then.
        let pause = Duration.milliseconds(50)
        while true {
            guard let socket else { throw .closed }
            var look = pollfd(fd: socket.number, events: Int16(truncatingIfNeeded: pollPeerFinished), revents: 0)
            if poll(&look, 1, 0) > 0 {
                let dead = Int16(truncatingIfNeeded: POLLHUP | POLLERR | POLLNVAL)
                return look.revents & dead != 0 ? .lost : .finished
            }
            try await loop.sleep(for: pause)
        }
    }

    package func interrupt() { reading.interrupt() }

    package func finish() {
        if let socket { _ = shutdown(socket.number, Int32(SHUT_WR)) }
    }

    package func close() {
        reading.close()
        writing.close()
        socket = nil
    }

    package func abort() {
        socket?.resetWhenClosed()
        close()
    }

    private func check(_ wake: Readiness.Wake) throws(SocketError) {
        switch wake {
        case .ready: return
        case .timedOut: throw .timedOut
        case .cancelled: throw .cancelled
        case .interrupted: throw .interrupted
        case .closed: throw .closed
        }
    }
}

/// POLLRDHUP of Linux, which Glibc shows only to _GNU_SOURCE.
private let pollPeerFinished: Int32 = 0x2000
