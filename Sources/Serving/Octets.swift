// Sorts bytes into the classes of RFC 9110 and RFC 9112.
// Bytes only: to Swift CRLF is one Character, `Int("+5")` is 5, and the Kelvin sign lowercases to `k`.

extension UInt8 {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20

    var isDigit: Bool { (0x30...0x39).contains(self) }

    var isLetter: Bool { (0x61...0x7A).contains(self | 0x20) }

    /// Printable ASCII without the space: VCHAR of RFC 5234.
    var isVisible: Bool { (0x21...0x7E).contains(self) }

    var isBlank: Bool { self == .space || self == .tab }

    /// What a header line or a chunk line may consist of: field-content of RFC 9110 5.5, obs-text included.
    var isFieldContent: Bool { isVisible || isBlank || self >= 0x80 }

    /// tchar of RFC 9110 5.6.2.
    var isTokenByte: Bool { isDigit || isLetter || "!#$%&'*+-.^_`|~".utf8.contains(self) }

    var hexDigit: UInt64? {
        switch self {
        case 0x30...0x39: UInt64(self - 0x30)
        case 0x41...0x46: UInt64(self - 0x37)
        case 0x61...0x66: UInt64(self - 0x57)
        default: nil
        }
    }

    var lowercasedASCII: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }
}

extension Collection where Element == UInt8 {
    var isToken: Bool { !isEmpty && allSatisfy(\.isTokenByte) }

    /// Equal to lower-case ASCII `text`, whatever the case of its own letters.
    func equals(ignoringCase text: StaticString) -> Bool {
        text.withUTF8Buffer { count == $0.count && zip(self, $0).allSatisfy { $0.lowercasedASCII == $1 } }
    }
}

extension ArraySlice where Element == UInt8 {
    /// Without the optional white space around a field value: OWS of RFC 9110 5.6.3.
    var trimmed: Self {
        guard let first = firstIndex(where: { !$0.isBlank }), let last = lastIndex(where: { !$0.isBlank }) else {
            return self[endIndex...]
        }
        return self[first...last]
    }
}
