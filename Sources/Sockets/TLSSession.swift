// One connection's TLS: bytes in, bytes out, no socket.
internal import COpenSSL

/// The state of one server's connection; records go in by `feed` and come out by `takeSealed`.
///
/// Over two memory buffers, not over the descriptor: so no call waits for the network or has to be repeated with the
/// same bytes, a reader and a writer share it, every byte is sent with MSG_NOSIGNAL (OpenSSL's own `write` would raise
/// SIGPIPE), and what a hostile peer makes OpenSSL do in one turn is bounded by what it was fed. The price is one copy
/// of the sealed bytes.
final class TLSSession {
    private let ssl: OpaquePointer
    /// After a fatal error OpenSSL must not be asked for more (SSL_shutdown(3)).
    private var isBroken = false

    /// What a read of the network should take at most: one record of the largest size and a bit.
    static let feedBytes = 20 * 1024

    /// nil where there is no memory left.
    init?(_ context: TLSContext) {
        guard let ssl = SSL_new(context.pointer) else { return nil }
        self.ssl = ssl
        SSL_set_accept_state(ssl)
        guard let incoming = BIO_new(BIO_s_mem()) else { return nil }
        SSL_set0_rbio(ssl, incoming)
        guard let outgoing = BIO_new(BIO_s_mem()) else { return nil }
        SSL_set0_wbio(ssl, outgoing)
    }

    deinit { SSL_free(ssl) }

    /// Goes on with the handshake as far as what was fed allows; whether it is complete.
    ///
    /// Where it throws, `takeSealed` has the alert that tells the peer why.
    func handshake() throws(SocketError) -> Bool {
        ERR_clear_error()
        let status = SSL_do_handshake(ssl)
        if status == 1 { return true }
        return try answer(to: status, ended: false, needsMore: false)
    }

    func feed(_ sealed: [UInt8]) {
        guard !sealed.isEmpty else { return }
        // A memory buffer takes everything or, without memory, nothing: then the peer's next record does not verify.
        _ = sealed.withUnsafeBytes { BIO_write(SSL_get_rbio(ssl), $0.baseAddress, Int32(clamping: $0.count)) }
    }

    /// Of one record, at most `count` bytes; nil where more must be fed first, empty after the peer's `close_notify`.
    func read(atMost count: Int) throws(SocketError) -> [UInt8]? {
        ERR_clear_error()
        var status: Int32 = 0
        let room = max(1, min(count, Self.recordBytes))
        let bytes = [UInt8](unsafeUninitializedCapacity: room) { buffer, initialized in
            status = SSL_read_ex(ssl, buffer.baseAddress, room, &initialized)
            if status != 1 { initialized = 0 }
        }
        if status == 1 { return bytes }
        return try answer(to: status, ended: [], needsMore: nil)
    }

    /// The most that one record holds (RFC 8446 5.1).
    private static let recordBytes = 16 * 1024

    /// Seals all of it.
    func write(_ bytes: ArraySlice<UInt8>) throws(SocketError) {
        guard !bytes.isEmpty else { return }
        ERR_clear_error()
        var written = 0
        let status = bytes.withUnsafeBytes { SSL_write_ex(ssl, $0.baseAddress, $0.count, &written) }
        guard status == 1, written == bytes.count else {
            isBroken = true
            throw .insecure(reason: TLSReason.first())
        }
    }

    /// Seals a `close_notify`, once: nothing more is written.
    func finish() {
        guard !isBroken, SSL_is_init_finished(ssl) == 1 else { return }
        ERR_clear_error()
        if SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN == 0 { _ = SSL_shutdown(ssl) }
    }

    /// What has to go out, taken away with the memory that it was in.
    func takeSealed() -> [UInt8] {
        let outgoing = SSL_get_wbio(ssl)
        let count = BIO_ctrl_pending(outgoing)
        guard count > 0 else { return [] }
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = max(0, Int(BIO_read(outgoing, buffer.baseAddress, Int32(clamping: count))))
        }
        // Such a buffer never shrinks, and thousands of connections are idle.
        if let fresh = BIO_new(BIO_s_mem()) { SSL_set0_wbio(ssl, fresh) }
        return bytes
    }

    /// Gives the memory of what was fed back, for a reader that is going to wait.
    func rest() {
        guard BIO_ctrl_pending(SSL_get_rbio(ssl)) == 0, let fresh = BIO_new(BIO_s_mem()) else { return }
        SSL_set0_rbio(ssl, fresh)
    }

    /// What a call that did not succeed means.
    private func answer<Value>(to status: Int32, ended: Value, needsMore: Value) throws(SocketError) -> Value {
        switch SSL_get_error(ssl, status) {
        case SSL_ERROR_WANT_READ: return needsMore
        case SSL_ERROR_ZERO_RETURN: return ended
        default:
            isBroken = true
            throw .insecure(reason: TLSReason.first())
        }
    }
}
