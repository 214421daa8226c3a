// What all handshakes share: versions, ciphers, certificate, key.
internal import COpenSSL

/// Where a server's certificate and key are, in PEM.
package struct TLSFiles: Sendable, Equatable {
    /// The server's certificate first, then what links it to its root.
    package var certificate: String
    /// Without a passphrase: nobody is there to type it.
    package var key: String
    /// Whose certificates a client must show one of; nil asks for none.
    package var clientAuthorities: String?

    package init(certificate: String, key: String, clientAuthorities: String? = nil) {
        self.certificate = certificate
        self.key = key
        self.clientAuthorities = clientAuthorities
    }
}

/// One server's side of TLS 1.2 and 1.3, checked when it is made.
///
/// OpenSSL counts the references itself and nothing else changes after `init`, which the compiler cannot see: hence
/// unchecked.
package final class TLSContext: @unchecked Sendable {
    let pointer: OpaquePointer

    package init(_ files: TLSFiles) throws(SocketError) {
        ERR_clear_error()
        guard let pointer = SSL_CTX_new(TLS_server_method()) else { throw .insecure(reason: TLSReason.first()) }
        self.pointer = pointer
        try setPolicy()
        try use(files)
        if let authorities = files.clientAuthorities { try askForCertificate(of: authorities) }
    }

    deinit { SSL_CTX_free(pointer) }

    /// Mozilla's profile "intermediate" 5.7 without finite-field Diffie-Hellman; TLS 1.3 has OpenSSL's own three suites.
    private func setPolicy() throws(SocketError) {
        // Keys and signatures of at least 112 bits, whatever openssl.cnf of the machine says.
        SSL_CTX_set_security_level(pointer, 2)
        SSL_CTX_set_options(pointer, linchpin_tls_options())
        // Stateless tickets of TLS 1.3 too: see `linchpin_tls_options`. Trainers keep their connections.
        SSL_CTX_set_num_tickets(pointer, 0)
        linchpin_tls_keep_no_sessions(pointer)
        linchpin_tls_release_buffers(pointer)
        SSL_CTX_set_alpn_select_cb(pointer, chooseProtocol, nil)
        // Where a key has a passphrase OpenSSL would ask for it at the terminal, and wait.
        SSL_CTX_set_default_passwd_cb(pointer) { _, _, _, _ in -1 }
        let ciphers = """
            ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
            ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305
            """
        guard linchpin_tls_set_least_version(pointer, TLS1_2_VERSION) == 1,
            linchpin_tls_set_groups(pointer, "X25519:P-256:P-384") == 1,
            SSL_CTX_set_cipher_list(pointer, ciphers) == 1
        else { throw .insecure(reason: TLSReason.first()) }
    }

    private func use(_ files: TLSFiles) throws(SocketError) {
        guard SSL_CTX_use_certificate_chain_file(pointer, files.certificate) == 1 else {
            throw .unusable(file: files.certificate, reason: TLSReason.first())
        }
        guard SSL_CTX_use_PrivateKey_file(pointer, files.key, SSL_FILETYPE_PEM) == 1 else {
            let code = ERR_peek_error()
            // A key of the certificate's kind is compared at once, one of another kind by the check below.
            if ERR_GET_LIB(code) == ERR_LIB_X509, ERR_GET_REASON(code) == X509_R_KEY_VALUES_MISMATCH {
                throw .strangeKey(file: files.key, certificate: files.certificate)
            }
            throw .unusable(file: files.key, reason: TLSReason.first())
        }
        guard SSL_CTX_check_private_key(pointer) == 1 else {
            throw .strangeKey(file: files.key, certificate: files.certificate)
        }
    }

    /// A client without a certificate of one of these authorities does not get through the handshake.
    private func askForCertificate(of authorities: String) throws(SocketError) {
        guard SSL_CTX_load_verify_locations(pointer, authorities, nil) == 1,
            let names = SSL_load_client_CA_file(authorities)
        else { throw .unusable(file: authorities, reason: TLSReason.first()) }
        // Told to the client, so that it can choose among its certificates; the context owns them from here on.
        SSL_CTX_set_client_CA_list(pointer, names)
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
    }
}

/// RFC 7301 3.2: a client that names protocols and not `http/1.1` is refused with `no_application_protocol`.
private let chooseProtocol: SSL_CTX_alpn_select_cb_func = { _, chosen, chosenLength, offered, offeredLength, _ in
    let http = StaticString("http/1.1")
    var rest = UnsafeBufferPointer(start: offered, count: Int(offeredLength))[...]
    while let length = rest.popFirst() {
        let name = rest.prefix(Int(length))
        if name.elementsEqual(UnsafeBufferPointer(start: http.utf8Start, count: http.utf8CodeUnitCount)) {
            // Into the client's own list, which OpenSSL allows.
            chosen?.pointee = offered?.advanced(by: name.startIndex)
            chosenLength?.pointee = length
            return SSL_TLSEXT_ERR_OK
        }
        rest = rest.dropFirst(Int(length))
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}

/// OpenSSL's own words for what failed last on this thread.
enum TLSReason {
    /// The first error is the cause, those after it say where it was met; takes them all away.
    static func first() -> String {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0 else { return "no reason given" }
        var text = [CChar](repeating: 0, count: 256)
        ERR_error_string_n(code, &text, text.count)
        // `error:0480006C:PEM routines::no start line`
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes.split(separator: UInt8(ascii: ":")).last ?? [], as: UTF8.self)
    }
}
