// A TCP connection under TLS, as a server has it.

/// A connected socket whose bytes are sealed by a `TLSSession`.
package actor TLSStream: ByteStream {
    private let loop: SocketLoop
    private var socket: Descriptor?
    private var session: TLSSession?
    private let interest: Interest
    /// Records on their way out, from `sent` on; the reader's answers and the writer's bytes in their order.
    private var sealed: [UInt8] = []
    private var sent = 0

    /// One turn of sealing: large enough to keep the network busy, small enough to hold for thousands of slow readers.
    private static let turnBytes = 64 * 1024
    /// What may wait to go out. Past a turn only a peer gets that makes us answer and never reads (RFC 5746 4.4: each
    /// request to renegotiate is answered).
    private static let sealedLimit = 4 * turnBytes
    /// How long a `close_notify` may wait for the kernel to have room.
    private static let goodbye = Duration.seconds(2)
    /// How long and how much a client whose handshake failed may go on sending, so that it gets to read the alert.
    private static let parting = Duration.milliseconds(500)
    private static let partingBytes = 256 * 1024

    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// Takes over a connected socket; nil where there is no memory left.
    package init?(_ socket: Descriptor, _ context: TLSContext, on loop: SocketLoop) {
        guard let session = TLSSession(context) else { return nil }
        self.loop = loop
        self.socket = socket
        self.session = session
        interest = Interest(in: socket, on: loop)
    }

    package func handshake(until deadline: Instant) async throws(SocketError) {
        while true {
            let isComplete: Bool
            do throws(SocketError) {
                isComplete = try open().handshake()
            } catch {
                await part()
                throw error
            }
            while try !sendSealed() { try await interest.writing.wait(until: deadline).check() }
            if isComplete { return }
            if try takeIn() {
                try await giveWay(until: deadline)
            } else {
                try await interest.reading.wait(until: deadline).check()
            }
        }
    }

    package func read(atMost count: Int, until deadline: Instant?) async throws(SocketError) -> [UInt8] {
        while true {
            if let bytes = try unsealed(atMost: count) { return bytes }
            if try takeIn() {
                if let bytes = try unsealed(atMost: count) { return bytes }
                try await giveWay(until: deadline)
            } else {
                session?.rest()
                let wake = await interest.reading.wait(until: deadline)
                // What came in the very moment of the deadline still counts.
                if case .timedOut = wake, try takeIn(), let bytes = try unsealed(atMost: count) { return bytes }
                try wake.check()
            }
        }
    }

    package func write(_ bytes: [UInt8], stall: Duration, until deadline: Instant?) async throws(SocketError) {
        var start = 0
        while start < bytes.count {
            let end = min(start + Self.turnBytes, bytes.count)
            try open().write(bytes[start..<end])
            while try !sendSealed() {
                try await interest.writing.wait(until: .next(stall: stall, until: deadline)).check()
            }
            start = end
        }
    }

    package func waitForHangUp() async throws(SocketError) -> HangUp {
        while true {
            guard let socket else { throw .closed }
            if let hangUp = socket.hangUp { return hangUp }
            try await interest.leaving.wait(until: nil).check()
        }
    }

    package func interrupt() { interest.reading.interrupt() }

    package func finish() async {
        session?.finish()
        let deadline = Instant.now + Self.goodbye
        do throws(SocketError) {
            while try !sendSealed() { try await interest.writing.wait(until: deadline).check() }
        } catch {}
        socket?.finishSending()
    }

    package func close() {
        // RFC 8446 6.1: a connection that ends without it looks cut off.
        session?.finish()
        _ = try? sendSealed()
        letGo()
    }

    package func abort() {
        socket?.resetWhenClosed()
        letGo()
    }

    private func letGo() {
        interest.close()
        session = nil
        socket = nil
        sealed = []
        sent = 0
    }

    private func open() throws(SocketError) -> TLSSession {
        guard let session else { throw .closed }
        return session
    }

    /// Feeds what the kernel has, one turn of it; false where it has nothing.
    private func takeIn() throws(SocketError) -> Bool {
        guard let socket else { throw .closed }
        guard let bytes = try socket.receive(atMost: TLSSession.feedBytes) else { return false }
        // RFC 8446 6.1: only `close_notify` says that this was all, and after one nothing more is fed.
        guard !bytes.isEmpty else { throw .truncated }
        try open().feed(bytes)
        return true
    }

    /// What has been fed and unsealed; alerts that come of it go out at once.
    private func unsealed(atMost count: Int) throws(SocketError) -> [UInt8]? {
        let session = try open()
        do throws(SocketError) {
            let bytes = try session.read(atMost: count)
            _ = try? sendSealed()
            guard sealed.count - sent <= Self.sealedLimit else { throw .insecure(reason: "too many answers unread") }
            return bytes
        } catch {
            _ = try? sendSealed()
            throw error
        }
    }

    /// Records need not hold anything for us: so others on the loop take their turn, and the deadline holds.
    private func giveWay(until deadline: Instant?) async throws(SocketError) {
        await Task.yield()
        if Task.isCancelled { throw .cancelled }
        if let deadline, .now >= deadline { throw .timedOut }
    }

    /// Hands the kernel what it takes; whether that was all.
    private func sendSealed() throws(SocketError) -> Bool {
        guard let socket else { throw .closed }
        let fresh = try open().takeSealed()
        if sent == sealed.count {
            sealed = fresh
            sent = 0
        } else {
            sealed += fresh
        }
        while sent < sealed.count {
            let count = try socket.send(sealed, from: sent)
            if count == 0 { return false }
            sent += count
        }
        sealed = []
        sent = 0
        return true
    }

    /// Lets the peer read the alert: a reset, which unread bytes would make of the close, could take it away.
    private func part() async {
        _ = try? sendSealed()
        socket?.finishSending()
        let deadline = Instant.now + Self.parting
        var budget = Self.partingBytes
        while budget > 0, let socket {
            do throws(SocketError) {
                if let bytes = try socket.receive(atMost: TLSSession.feedBytes) {
                    if bytes.isEmpty { return }
                    budget -= bytes.count
                } else {
                    try await interest.reading.wait(until: deadline).check()
                }
            } catch { return }
        }
    }
}
