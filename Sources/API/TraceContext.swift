// The trace that a request belongs to, as W3C writes it.
import HTTPTypes

/// A valid `traceparent` (W3C Trace Context, section 3.2): version, trace, span and flags in lower-case hexadecimal.
struct TraceContext: Equatable {
    /// As it came, to be sent back.
    let text: String
    /// 32 digits.
    let trace: Substring
    /// The caller's span, 16 digits.
    let span: Substring

    /// Nil for what is malformed, which is ignored: a trace is the caller's affair.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts.prefix(4).map(\.utf8.count) == [2, 32, 16, 2],
            parts.prefix(4).allSatisfy({ $0.utf8.allSatisfy(Self.isDigit) }),
            parts[0] != "ff", parts[0] != "00" || parts.count == 4,
            text.utf8.count <= 256, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            parts[1].utf8.contains(where: { $0 != UInt8(ascii: "0") }),
            parts[2].utf8.contains(where: { $0 != UInt8(ascii: "0") })
        else { return nil }
        self.text = text
        trace = parts[1]
        span = parts[2]
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}

extension HTTPField.Name {
    static let traceParent = HTTPField.Name.known("traceparent")
}
