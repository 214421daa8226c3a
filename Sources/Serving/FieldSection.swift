// Collects the header lines of a request and its trailer.
internal import HTTPTypes

/// The fields of a head as they come in, with the few that decide about the message kept as bytes.
struct FieldSection: Sendable {
    private(set) var fields = HTTPFields()
    private(set) var hosts: [[UInt8]] = []
    private(set) var contentLengths: [[UInt8]] = []
    private(set) var transferEncodings: [[UInt8]] = []
    private(set) var contentCodings: [[UInt8]] = []
    private(set) var expectations: [[UInt8]] = []
    private(set) var connectionOptions: [[UInt8]] = []
    private(set) var contentTypes = 0
    /// `Transfer_Encoding`, which a gateway may have turned into the real one.
    private(set) var hasUnderscoredCoding = false

    mutating func add(_ line: ArraySlice<UInt8>) throws(Refusal) {
        let (name, value) = try Self.field(line)
        switch name.canonicalName {
        case "host": hosts.append(Array(value))
        case "content-length": contentLengths.append(Array(value))
        case "transfer-encoding": transferEncodings.append(Array(value))
        case "transfer_encoding": hasUnderscoredCoding = true
        case "content-encoding": contentCodings.append(Array(value))
        case "expect": expectations.append(Array(value))
        case "content-type": contentTypes += 1
        case "connection":
            connectionOptions += value.split(separator: UInt8(ascii: ",")).map { Array($0.trimmed) }
        default: break
        }
        fields.append(HTTPField(name: name, value: value))
    }

    /// Checks a trailer line, which is then forgotten: nothing here needs one.
    static func checkTrailer(_ line: ArraySlice<UInt8>) throws(Refusal) {
        let name = try field(line).name.canonicalName
        guard !forbiddenInTrailers.contains(name) else { throw .malformed(.trailer) }
    }

    /// Framing, routing and authentication (RFC 9110 6.5.1): after the body it is too late for them.
    private static let forbiddenInTrailers: Set<String> = [
        "authorization", "connection", "content-encoding", "content-length", "cookie", "expect", "host", "keep-alive",
        "proxy-authorization", "proxy-connection", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade",
        "x-api-key",
    ]

    /// RFC 9112 5.1: a token, a colon at once, the value between optional blanks.
    private static func field(
        _ line: ArraySlice<UInt8>
    ) throws(Refusal) -> (name: HTTPField.Name, value: ArraySlice<UInt8>) {
        guard let first = line.first, !first.isBlank else { throw .malformed(.foldedHeader) }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), line[..<colon].isToken,
            let name = HTTPField.Name(String(decoding: line[..<colon], as: UTF8.self))
        else { throw .malformed(.headerName) }
        return (name, line[(colon + 1)...].trimmed)
    }
}
