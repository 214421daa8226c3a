// A TCP connection without encryption.
internal import Glibc

/// A connected socket whose bytes go over the wire as they are.
package actor PlainStream: ByteStream {
    private let loop: SocketLoop
    private var socket: Descriptor?
    private let interest: Interest

    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// Takes over a connected socket.
    package init(_ socket: Descriptor, on loop: SocketLoop) {
        self.loop = loop
        self.socket = socket
        interest = Interest(in: socket, on: loop)
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
            try await interest.writing.wait(until: deadline).check()
            let code = socket.takePendingError()
            guard code == 0 else { throw .failed(call: "connect", code: code) }
        } catch {
            close()
            throw error
        }
    }

    package func handshake(until deadline: Instant) {}

    package func read(atMost count: Int, until deadline: Instant?) async throws(SocketError) -> [UInt8] {
        while true {
            if let bytes = try receive(atMost: count) { return bytes }
            let wake = await interest.reading.wait(until: deadline)
            // What came in the very moment of the deadline still counts.
            if case .timedOut = wake, let bytes = try receive(atMost: count) { return bytes }
            try wake.check()
        }
    }

    private func receive(atMost count: Int) throws(SocketError) -> [UInt8]? {
        guard let socket else { throw .closed }
        return try socket.receive(atMost: count)
    }

    package func write(_ bytes: [UInt8], stall: Duration, until deadline: Instant?) async throws(SocketError) {
        var sent = try send(bytes, from: 0)
        guard sent < bytes.count else { return }
        while sent < bytes.count {
            try await interest.writing.wait(until: .next(stall: stall, until: deadline)).check()
            sent += try send(bytes, from: sent)
        }
    }

    private func send(_ bytes: [UInt8], from start: Int) throws(SocketError) -> Int {
        guard let socket else { throw .closed }
        return try socket.send(bytes, from: start)
    }

    package func waitForHangUp() async throws(SocketError) -> HangUp {
        while true {
            guard let socket else { throw .closed }
            if let hangUp = socket.hangUp { return hangUp }
            try await interest.leaving.wait(until: nil).check()
        }
    }

    package func interrupt() { interest.reading.interrupt() }

    package func finish() { socket?.finishSending() }

    package func close() {
        interest.close()
        socket = nil
    }

    package func abort() {
        socket?.resetWhenClosed()
        close()
    }
}
