// Who may ask: keys in a header, in the URL, or before the path.
import HTTPTypes
package import Serving

/// Why somebody is not let in.
package enum Denial: Sendable, Equatable {
    /// 401: none was shown, or one that is not known.
    case noKey
    /// 403: a caller's key where an admin key is needed.
    case noAdminKey
    /// 403: there is no admin key that could be shown.
    case noAdminKeys
}

/// Finds the key that a request shows, and says what it opens.
///
/// No trainer sends an Authorization header (reference/wire-apis.md section 0, fact 11), but each takes a whole URL. An
/// admin key in a URL is a caller's only: URLs end up in histories and in the logs of proxies.
package struct Access: Sendable {
    private let ring: KeyRing

    package init(_ ring: KeyRing = KeyRing()) { self.ring = ring }

    /// The request without the key that stood before its path, and the innermost circle that its caller belongs to.
    package func examined(_ request: Request) -> (request: Request, audience: Audience) {
        let keys = ring.keys
        if let path = pathBehindKey(request.path, keys) {
            let inner = Request(
                method: request.method,
                path: path,
                query: request.query,
                headers: request.headers,
                body: request.body
            )
            return (inner, .callers)
        }
        // A wrong one is not made good by another.
        if let key = Self.header(of: request) { return (request, keys.audience(of: key)) }
        return (request, min(.callers, keys.audience(of: Self.word(of: request))))
    }

    /// Why a caller is not let in to a route for `audience`; nil where it is.
    package func denial(of caller: Audience, from audience: Audience) -> Denial? {
        guard caller < audience else { return nil }
        // Without a key nobody learns more than that one is needed.
        guard caller == .callers else { return .noKey }
        let keys = ring.keys
        guard !keys.operators.isEmpty else { return .noAdminKeys }
        // Where no callers' keys are set, one who showed none is a caller all the same.
        return keys.callers.isEmpty ? .noKey : .noAdminKey
    }

    /// Authorization before X-Api-Key; an Authorization that is no bearer's counts as a key that is none.
    private static func header(of request: Request) -> [UInt8]? {
        guard let field = request.headers[.authorization] else {
            return request.headers[.apiKey].map { Array($0.utf8) }
        }
        let words = field.utf8.split(separator: UInt8(ascii: " "))
        guard words.count == 2, words[0].elementsEqual("bearer".utf8, by: { $0 | 0x20 == $1 }) else { return [] }
        return Array(words[1])
    }

    /// `?api_key=`.
    private static func word(of request: Request) -> [UInt8]? {
        (try? QueryString(request.query))?["api_key"].map { Array($0.utf8) }
    }

    /// `/get_reward` of `/KEY/get_reward`, and `/` of `/KEY`; nil where no key stands there.
    private func pathBehindKey(_ path: String, _ keys: Keys) -> String? {
        guard !keys.callers.isEmpty || !keys.operators.isEmpty else { return nil }
        let parts = path.utf8.dropFirst().split(
            separator: UInt8(ascii: "/"),
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        guard let first = parts.first, keys.isKnown(Array(first)) else { return nil }
        return "/" + (parts.count == 2 ? String(Substring(parts[1])) : "")
    }
}

extension HTTPField.Name {
    fileprivate static let apiKey = HTTPField.Name.known("X-Api-Key")
}
