// SHA-256 (FIPS 180-4), by OpenSSL.
internal import COpenSSL

/// Why a digest could not be had.
package enum DigestError: Error, Sendable, Equatable {
    /// OpenSSL has no memory for it, or was built without it.
    case unavailable
}

/// The digest of bytes that come in pieces.
package struct SHA256: ~Copyable {
    private let context: OpaquePointer

    package init() throws(DigestError) {
        guard let context = EVP_MD_CTX_new() else { throw .unavailable }
        guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            EVP_MD_CTX_free(context)
            throw .unavailable
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    package mutating func add(_ bytes: UnsafeRawBufferPointer) throws(DigestError) {
        guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else { throw .unavailable }
    }

    /// The 32 bytes of it; nothing can be added afterwards.
    package consuming func finish() throws(DigestError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        guard EVP_DigestFinal_ex(context, &digest, nil) == 1 else { throw .unavailable }
        return digest
    }
}

extension SHA256 {
    /// The 32 bytes of the digest of `bytes`.
    package static func digest(of bytes: [UInt8]) throws(DigestError) -> [UInt8] {
        var hash = try SHA256()
        // The closure's error is untyped: what it may throw comes out as a result.
        let outcome = bytes.withUnsafeBytes { buffer in
            Result { () throws(DigestError) in try hash.add(buffer) }
        }
        try outcome.get()
        return try hash.finish()
    }
}

/// The digits of `bytes`, two each, as `sha256sum` writes them.
package func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return String(decoding: text, as: UTF8.self)
}

/// Whether two digests are the same, in a time that does not tell where they differ.
package func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
}
