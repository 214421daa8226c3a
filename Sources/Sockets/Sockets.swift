// What the room gives away first: how a socket can fail.
// Files, in reading order: SocketLoop (where everything runs), Readiness (how a task waits), InterestList (how it learns
// that it need not), ByteStream (what Serving sees), PlainStream, TLSIdentity, TLSContext, TLSSession, TLSStream,
// Listener. A `Descriptor` is closed exactly once, when the last thing that may touch it lets go.

/// Why a socket could not be made, or why reading or writing on one stopped.
package enum SocketError: Error, Sendable, Equatable {
    /// The host has no address; `code` is getaddrinfo's.
    case unknownHost(String, code: Int32)
    /// A system call that makes a socket failed; `code` is its errno.
    case failed(call: String, code: Int32)
    /// The peer or the network broke the connection; `code` is the errno.
    case lost(code: Int32)
    /// The peer ended TCP without a word of TLS: what came before may not be all.
    case truncated
    /// A handshake or a record was refused, by this side or by the peer; `reason` is OpenSSL's.
    case insecure(reason: String)
    /// A file of `TLSFiles` cannot be used; `reason` is OpenSSL's.
    case unusable(file: String, reason: String)
    /// The key is not that of the certificate.
    case strangeKey(file: String, certificate: String)
    /// The deadline passed first.
    case timedOut
    /// The waiting task was cancelled.
    case cancelled
    /// `interrupt()` ended the wait.
    case interrupted
    /// This side has closed the stream.
    case closed
}

/// The clock of every deadline: monotonic, so that a wall clock that jumps moves none.
package typealias Instant = ContinuousClock.Instant
