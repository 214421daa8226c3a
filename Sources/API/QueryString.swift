// The pairs of a URL's query, out of their percent-encoding.
// Written by hand because Foundation's URLComponents is not imported here and takes "+" and bad escapes for text.

/// Names and values in the order of the URL; each name once.
struct QueryString: Sendable {
    let pairs: [(name: String, value: String)]

    /// - Throws: `wrongField` for what is not percent-encoded UTF-8, `conflictingFields` for a name that comes twice.
    init(_ query: String?) throws(APIError) {
        var pairs: [(name: String, value: String)] = []
        for piece in (query ?? "").utf8.split(separator: UInt8(ascii: "&")) {
            let halves = piece.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(halves[0]) else {
                throw .wrongField("The URL", expected: "percent-encoded UTF-8 behind the question mark")
            }
            guard let value = halves.count == 2 ? Self.decoded(halves[1]) : "" else {
                throw .wrongField("?\(name.fieldName)", expected: "percent-encoded UTF-8")
            }
            if pairs.contains(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
                throw .conflictingFields("?\(name.fieldName)", "?\(name.fieldName)")
            }
            pairs.append((name, value))
        }
        self.pairs = pairs
    }

    subscript(_ name: String) -> String? { pairs.first { $0.name.utf8.elementsEqual(name.utf8) }?.value }

    /// Forms write a space as "+", and Python's urlencode does too; nil for a bad escape or bytes that are no UTF-8.
    private static func decoded(_ text: some Collection<UInt8>) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
