// Who may ask: keys in a header, in the URL, or before the path.
import HTTPTypes
import Serving

/// The keys of a service; with none, everybody may ask.
///
/// No trainer sends an Authorization header (reference/wire-apis.md section 0, fact 11), but each takes a whole URL.
package struct Access: Sendable {
    private let keys: [[UInt8]]

    /// - Parameter keys: each at least one byte.
    package init(keys: [String] = []) {
        self.keys = keys.map { Array($0.utf8) }.filter { !$0.isEmpty }
    }

    /// The request without the key that stood before its path, and whether it showed one at all.
    func examined(_ request: Request) -> (request: Request, isAdmitted: Bool) {
        guard !keys.isEmpty else { return (request, true) }
        if let path = pathBehindKey(request.path) {
            let inner = Request(
                method: request.method,
                path: path,
                query: request.query,
                headers: request.headers,
                body: request.body
            )
            return (inner, true)
        }
        return (request, isKey(shown(by: request)))
    }

    /// Authorization before X-Api-Key before `?api_key=`; a wrong one is not made good by another.
    private func shown(by request: Request) -> [UInt8]? {
        if let field = request.headers[.authorization] {
            let words = field.utf8.split(separator: UInt8(ascii: " "))
            guard words.count == 2, String(Substring(words[0])).lowercased() == "bearer" else { return nil }
            return Array(words[1])
        }
        if let key = request.headers[.apiKey] { return Array(key.utf8) }
        return (try? QueryString(request.query))?["api_key"].map { Array($0.utf8) }
    }

    /// `/get_reward` of `/KEY/get_reward`, and `/` of `/KEY`.
    private func pathBehindKey(_ path: String) -> String? {
        let parts = path.utf8.dropFirst().split(
            separator: UInt8(ascii: "/"),
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        guard let first = parts.first, isKey(Array(first)) else { return nil }
        return "/" + (parts.count == 2 ? String(Substring(parts[1])) : "")
    }

    /// Compared with every key, each to its end: the time tells nothing of how much of it was right.
    private func isKey(_ shown: [UInt8]?) -> Bool {
        guard let shown, !shown.isEmpty else { return false }
        var isKnown = false
        for key in keys {
            var difference = key.count ^ shown.count
            for (index, byte) in key.enumerated() { difference |= Int(byte ^ shown[index % shown.count]) }
            isKnown = difference == 0 || isKnown
        }
        return isKnown
    }
}

extension HTTPField.Name {
    fileprivate static let apiKey = HTTPField.Name.known("X-Api-Key")
}
