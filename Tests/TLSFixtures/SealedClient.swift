// A TLS client whose every byte on the wire a test can hold.
import COpenSSL
package import Sockets

/// What a client asks for, as a browser, a trainer or an attacker would.
package struct ClientWishes: Sendable {
    /// TLS1_2_VERSION is 0x0303.
    package var least: Int32 = 0x0303
    package var most: Int32 = 0x0304
    /// For ALPN; empty sends none.
    package var protocols: [String] = []
    /// The name of its certificate and key among `Certificates`.
    package var certificate: String?

    package init(
        least: Int32 = 0x0303,
        most: Int32 = 0x0304,
        protocols: [String] = [],
        certificate: String? = nil
    ) {
        self.least = least
        self.most = most
        self.protocols = protocols
        self.certificate = certificate
    }
}

/// One side of a connection, which trusts the tests' authority only; used by one task at a time.
package actor SealedClient {
    package enum Failure: Error, Equatable {
        /// OpenSSL's reason, such as `tlsv1 alert no application protocol`.
        case refused(String)
        /// TCP ended and TLS did not.
        case truncated
        case unprepared
    }

    package nonisolated let stream: PlainStream
    private nonisolated(unsafe) let context: OpaquePointer
    private nonisolated(unsafe) let ssl: OpaquePointer

    package init(_ stream: PlainStream, _ wishes: ClientWishes = ClientWishes()) throws {
        let certificates = try Certificates.made.get()
        guard let context = SSL_CTX_new(TLS_client_method()), let ssl = Self.session(context, wishes, certificates)
        else { throw Failure.unprepared }
        self.stream = stream
        self.context = context
        self.ssl = ssl
    }

    deinit {
        SSL_free(ssl)
        SSL_CTX_free(context)
    }

    private static func session(
        _ context: OpaquePointer,
        _ wishes: ClientWishes,
        _ certificates: Certificates
    ) -> OpaquePointer? {
        // Level 0, so that it can ask for what a server must refuse.
        SSL_CTX_set_security_level(context, 0)
        SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(wishes.least), nil)
        SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(wishes.most), nil)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        guard SSL_CTX_load_verify_locations(context, certificates.path("authority.pem"), nil) == 1 else { return nil }
        if let name = wishes.certificate {
            guard SSL_CTX_use_certificate_file(context, certificates.path("\(name).pem"), SSL_FILETYPE_PEM) == 1,
                SSL_CTX_use_PrivateKey_file(context, certificates.path("\(name).key"), SSL_FILETYPE_PEM) == 1
            else { return nil }
        }
        let list = wishes.protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        if !list.isEmpty { SSL_CTX_set_alpn_protos(context, list, UInt32(list.count)) }
        guard let ssl = SSL_new(context) else { return nil }
        SSL_set_connect_state(ssl)
        SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()))
        return ssl
    }

    /// - Parameter piece: how many bytes are sent at a time.
    package func handshake(inPieces piece: Int = .max, within time: Duration = .seconds(60)) async throws {
        let deadline = Instant.now + time
        while true {
            ERR_clear_error()
            let status = SSL_do_handshake(ssl)
            let failure = failure(of: status)
            try await send(takeSealed(), inPieces: piece)
            if status == 1 { return }
            if let failure { throw failure }
            try await takeIn(until: deadline)
        }
    }

    package func write(_ text: String) async throws { try await write(Array(text.utf8)) }

    package func write(_ bytes: [UInt8], inPieces piece: Int = .max) async throws {
        try await send(try seal(bytes), inPieces: piece)
    }

    /// The records of `bytes`, for a test that sends them itself.
    package func seal(_ bytes: [UInt8]) throws -> [UInt8] {
        ERR_clear_error()
        var written = 0
        guard SSL_write_ex(ssl, bytes, bytes.count, &written) == 1 else {
            throw failure(of: 0) ?? Failure.unprepared
        }
        return takeSealed()
    }

    /// The next bytes; empty after the server's `close_notify`.
    package func read(within time: Duration = .seconds(60)) async throws -> [UInt8] {
        let deadline = Instant.now + time
        while true {
            ERR_clear_error()
            var status: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, initialized in
                status = SSL_read_ex(ssl, buffer.baseAddress, 65_536, &initialized)
                if status != 1 { initialized = 0 }
            }
            if status == 1 { return bytes }
            if SSL_get_error(ssl, status) == SSL_ERROR_ZERO_RETURN { return [] }
            if let failure = failure(of: status) { throw failure }
            try await send(takeSealed(), inPieces: .max)
            try await takeIn(until: deadline)
        }
    }

    /// Everything until the server has finished.
    package func readAll(within time: Duration = .seconds(60)) async throws -> [UInt8] {
        var all: [UInt8] = []
        while case let bytes = try await read(within: time), !bytes.isEmpty { all += bytes }
        return all
    }

    /// Sends `close_notify`, and nothing more.
    package func finish() async throws {
        SSL_shutdown(ssl)
        try await send(takeSealed(), inPieces: .max)
    }

    package func close() async { await stream.close() }

    /// Asks for new keys, as a client of TLS 1.3 may at any time.
    package func updateKeys() { SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) }

    /// Begins a handshake within the connection, which TLS 1.2 knows.
    package func renegotiate() async throws {
        SSL_renegotiate(ssl)
        try await handshake()
    }

    /// Such as `TLSv1.3`.
    package var version: String { SSL_get_version(ssl).map { String(cString: $0) } ?? "" }

    package var cipher: String {
        SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)).map { String(cString: $0) } ?? ""
    }

    /// What ALPN chose, empty for nothing.
    package var chosenProtocol: String {
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &length)
        return String(decoding: UnsafeBufferPointer(start: name, count: Int(length)), as: UTF8.self)
    }

    /// The common name in the server's certificate.
    package var peer: String {
        guard let certificate = SSL_get1_peer_certificate(ssl) else { return "" }
        defer { X509_free(certificate) }
        var name = [CChar](repeating: 0, count: 64)
        let count = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, &name, 64)
        return String(decoding: name.prefix(Int(max(0, count))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether a later connection could go on with these keys.
    package var canResume: Bool { SSL_SESSION_is_resumable(SSL_get_session(ssl)) == 1 }

    private func takeIn(until deadline: Instant) async throws {
        let bytes = try await stream.read(atMost: 65_536, until: deadline)
        guard !bytes.isEmpty else { throw Failure.truncated }
        BIO_write(SSL_get_rbio(ssl), bytes, Int32(bytes.count))
    }

    private func takeSealed() -> [UInt8] {
        let outgoing = SSL_get_wbio(ssl)
        let count = BIO_ctrl_pending(outgoing)
        guard count > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: count)
        BIO_read(outgoing, &bytes, Int32(count))
        return bytes
    }

    private func send(_ bytes: [UInt8], inPieces piece: Int) async throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let next = rest.prefix(piece)
            try await stream.write(Array(next), stall: .seconds(20), until: nil)
            rest = rest.dropFirst(next.count)
        }
    }

    private func failure(of status: Int32) -> Failure? {
        guard status != 1, SSL_get_error(ssl, status) != SSL_ERROR_WANT_READ else { return nil }
        let code = ERR_get_error()
        return .refused(ERR_reason_error_string(code).map { String(cString: $0) } ?? "")
    }
}
