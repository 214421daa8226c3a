// Reads the first line of a request: method, target, version.
internal import HTTPTypes

/// The three parts of a request line (RFC 9112 3).
struct RequestLine: Sendable {
    let method: HTTPRequest.Method
    let path: String
    let query: String?
    /// HTTP/1.0, where a connection ends with its response unless both sides say otherwise.
    let isOld: Bool

    init(parsing line: ArraySlice<UInt8>) throws(Refusal) {
        let parts = line.split(separator: .space, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].isToken, !parts[1].isEmpty else { throw .malformed(.requestLine) }
        isOld = try Self.isOldVersion(parts[2])
        // RFC 9110 15.6.2: one that is known and that no resource here has, as TRACE, is the router's 405. CONNECT's
        // target is no path.
        let known: [HTTPRequest.Method] = [.get, .post, .head, .options, .put, .patch, .delete, .trace, .query]
        guard let method = known.first(where: { parts[0].elementsEqual($0.rawValue.utf8) }) else {
            throw .unknownMethod
        }
        self.method = method
        (path, query) = try Self.target(parts[1], of: method)
    }

    /// RFC 9112 2.3: case matters, one digit each; of 1.x a higher minor version is served as 1.1.
    private static func isOldVersion(_ version: ArraySlice<UInt8>) throws(Refusal) -> Bool {
        let bytes = Array(version)
        guard bytes.count == 8, bytes.starts(with: "HTTP/".utf8), bytes[6] == UInt8(ascii: "."),
            bytes[5].isDigit, bytes[7].isDigit
        else { throw .malformed(.version) }
        guard bytes[5] == UInt8(ascii: "1") else { throw .unsupportedVersion }
        return bytes[7] == UInt8(ascii: "0")
    }

    /// RFC 9112 3.2: origin-form, absolute-form, or `*` of OPTIONS; authority-form belongs to CONNECT.
    private static func target(
        _ target: ArraySlice<UInt8>,
        of method: HTTPRequest.Method
    ) throws(Refusal) -> (path: String, query: String?) {
        guard target.allSatisfy(\.isVisible), !target.contains(UInt8(ascii: "#")) else { throw .malformed(.target) }
        if target.elementsEqual("*".utf8), method == .options { return ("*", nil) }
        let local = target.first == UInt8(ascii: "/") ? target : try afterAuthority(target)
        let halves = local.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        let path = String(decoding: halves.first ?? [], as: UTF8.self)
        let query = halves.count == 2 ? String(decoding: halves[1], as: UTF8.self) : nil
        return (path.isEmpty ? "/" : path, query)
    }

    /// Path and query of an absolute-form target; nothing here depends on its host, but it must be one.
    private static func afterAuthority(_ target: ArraySlice<UInt8>) throws(Refusal) -> ArraySlice<UInt8> {
        guard let colon = target.firstIndex(of: UInt8(ascii: ":")),
            target[..<colon].equals(ignoringCase: "http") || target[..<colon].equals(ignoringCase: "https"),
            target[colon...].starts(with: "://".utf8)
        else { throw .malformed(.target) }
        let rest = target[(colon + 3)...]
        let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
        var authority = rest[..<end]
        // The policy takes absolute-form as it is; who is named before the `@` has no meaning here.
        if let at = authority.lastIndex(of: UInt8(ascii: "@")) { authority = authority[(at + 1)...] }
        guard Authority.isValid(authority) else { throw .malformed(.target) }
        return rest[end...]
    }
}

/// Host and port, as in a Host header and in an absolute-form target.
enum Authority {
    /// RFC 3986 3.2.2 and 3.2.3: a name, a number or a bracketed IPv6 number, with or without a port; never empty.
    static func isValid(_ authority: ArraySlice<UInt8>) -> Bool {
        var port = authority[authority.endIndex...]
        var host = authority
        let afterLiteral = authority.lastIndex(of: UInt8(ascii: "]")) ?? authority.startIndex
        if let colon = authority[afterLiteral...].firstIndex(of: UInt8(ascii: ":")) {
            host = authority[..<colon]
            port = authority[(colon + 1)...]
        }
        guard port.count <= 5, port.allSatisfy(\.isDigit) else { return false }
        guard host.first == UInt8(ascii: "[") else { return isName(host) }
        guard host.last == UInt8(ascii: "]"), host.count >= 4 else { return false }
        return host.dropFirst().dropLast().allSatisfy {
            $0.hexDigit != nil || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
        }
    }

    /// reg-name of RFC 3986, without the comma, which joins two hosts into one.
    private static func isName(_ host: ArraySlice<UInt8>) -> Bool {
        guard !host.isEmpty, host.allSatisfy({ $0.isDigit || $0.isLetter || "-._~%!$&'()*+;=".utf8.contains($0) })
        else {
            return false
        }
        let pieces = host.split(separator: UInt8(ascii: "%"), omittingEmptySubsequences: false).dropFirst()
        return pieces.allSatisfy { $0.count >= 2 && $0.prefix(2).allSatisfy { $0.hexDigit != nil } }
    }
}
