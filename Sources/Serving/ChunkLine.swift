// Reads the line before a chunk: its size and extensions.

/// A chunk's size, and how many bytes of extension came with it (RFC 9112 7.1).
struct ChunkLine: Sendable {
    let size: Int
    /// All that follows the size, which has no meaning here but must be well formed.
    let extensionBytes: Int

    /// The longest size in digits: 64 bits.
    static let sizeDigits = 16

    init(parsing line: ArraySlice<UInt8>) throws(Refusal) {
        let digits = line.prefix { $0.hexDigit != nil }
        guard (1...Self.sizeDigits).contains(digits.count) else { throw .malformed(.chunkSize) }
        let value = digits.reduce(UInt64(0)) { $0 << 4 | ($1.hexDigit ?? 0) }
        guard let size = Int(exactly: value) else { throw .malformed(.chunkSize) }
        var rest = line[digits.endIndex...]
        extensionBytes = rest.count
        // No blank between size and semicolon: some readers end the size there and some do not.
        guard rest.isEmpty || rest.first == UInt8(ascii: ";") else { throw .malformed(.chunkSize) }
        self.size = size
        while !rest.isEmpty { try Self.skipExtension(&rest) }
    }

    /// RFC 9112 7.1.1: `;` name, or `;` name `=` value, where a value is a token or a quoted string.
    private static func skipExtension(_ rest: inout ArraySlice<UInt8>) throws(Refusal) {
        guard rest.popFirst() == UInt8(ascii: ";") else { throw .malformed(.chunkExtension) }
        skipBlanks(&rest)
        try skipToken(&rest)
        skipBlanks(&rest)
        guard rest.first == UInt8(ascii: "=") else { return }
        rest = rest.dropFirst()
        skipBlanks(&rest)
        if rest.first == UInt8(ascii: "\"") { try skipQuoted(&rest) } else { try skipToken(&rest) }
        skipBlanks(&rest)
    }

    private static func skipBlanks(_ rest: inout ArraySlice<UInt8>) { rest = rest.drop(while: \.isBlank) }

    private static func skipToken(_ rest: inout ArraySlice<UInt8>) throws(Refusal) {
        guard rest.first?.isTokenByte == true else { throw .malformed(.chunkExtension) }
        rest = rest.drop(while: \.isTokenByte)
    }

    private static func skipQuoted(_ rest: inout ArraySlice<UInt8>) throws(Refusal) {
        rest = rest.dropFirst()
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") { return }
            if byte == UInt8(ascii: "\\") { rest = rest.dropFirst() }
        }
        throw .malformed(.chunkExtension)
    }
}
