// The seam between HTTP and the network: plain or TLS.

/// Bytes both ways over one connection, with deadlines.
///
/// At most one task reads and one task writes at a time. Whoever holds a stream closes it.
package protocol ByteStream: Actor {
    /// Agrees with the peer on what protects the bytes, before the first of them; at once where nothing does.
    ///
    /// After `interrupted` it may be called again and goes on.
    func handshake(until deadline: Instant) async throws(SocketError)

    /// The next bytes, at most `count`; empty when the peer has finished sending.
    func read(atMost count: Int, until deadline: Instant?) async throws(SocketError) -> [UInt8]

    /// Writes everything; gives up with `timedOut` when the peer takes nothing for the length of `stall`, or when not all is
    /// taken by `deadline`.
    func write(_ bytes: [UInt8], stall: Duration, until deadline: Instant?) async throws(SocketError)

    /// Returns when the peer has gone, without reading what it sent before; for a reader whose buffer is full.
    func waitForHangUp() async throws(SocketError) -> HangUp

    /// Ends a waiting read or handshake, or else the next one, with `interrupted`.
    func interrupt()

    /// Says that nothing more is written; reading goes on.
    func finish() async

    /// Lets go of the connection. Waiting reads and writes end with `closed`.
    func close()

    /// Closes with a reset, so that the peer knows at once.
    func abort()
}

extension Instant {
    /// When the next wait of a write ends that may stall for `stall` and must be done by `deadline`.
    static func next(stall: Duration, until deadline: Instant?) -> Instant {
        let end = Instant.now + stall
        return deadline.map { min($0, end) } ?? end
    }
}

/// How a peer has gone.
package enum HangUp: Sendable, Equatable {
    /// It sends nothing more, and may still read.
    case finished
    /// The connection is dead both ways.
    case lost
}
