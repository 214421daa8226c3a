// Turns a response into the bytes that go out.
internal import HTTPTypes

/// Writes the head that belongs to a response, and the body where there is one.
enum ResponseWriter {
    /// What the Connection header says.
    enum Connection {
        /// Nothing: HTTP/1.1 goes on by itself.
        case goesOn
        /// `keep-alive`, which HTTP/1.0 wants to hear.
        case keepsAlive
        case closes
    }

    /// RFC 9110 15.2.1.
    static let continueBytes = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    static func bytes(of response: Response, to isHead: Bool, connection: Connection, date: [UInt8]) -> [UInt8] {
        // A handler may answer with a final status only; anything else would leave the client waiting.
        let status = (200...999).contains(response.status.code) ? response.status : .internalServerError
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256 + response.body.count)
        bytes += "HTTP/1.1 \(status.code) ".utf8
        bytes += status.reasonPhrase.utf8.filter { $0.isVisible || $0 == .space }
        bytes += "\r\nDate: ".utf8
        bytes += date
        bytes += "\r\n".utf8
        for field in response.headers where !own.contains(field.name.canonicalName) { append(field, to: &bytes) }
        switch connection {
        case .goesOn: break
        case .keepsAlive: bytes += "Connection: keep-alive\r\n".utf8
        case .closes: bytes += "Connection: close\r\n".utf8
        }
        // RFC 9110 8.6: 204 has no Content-Length; that of a 304 would have to be the 200's, which is not known here.
        let hasLength = status != .noContent && status != .notModified
        if hasLength { bytes += "Content-Length: \(response.body.count)\r\n".utf8 }
        bytes += "\r\n".utf8
        if hasLength && !isHead { bytes += response.body }
        return bytes
    }

    /// Headers that follow from the message and the connection, whatever a handler says.
    private static let own: Set<String> = [
        "connection", "content-length", "date", "keep-alive", "trailer", "transfer-encoding", "upgrade",
    ]

    /// HTTPTypes makes CR, LF and NUL into spaces; should one get here all the same, the header is left out.
    private static func append(_ field: HTTPField, to bytes: inout [UInt8]) {
        field.withUnsafeBytesOfValue { value in
            guard value.allSatisfy(\.isFieldContent) else { return }
            bytes += field.name.rawName.utf8
            bytes += ": ".utf8
            bytes += value
            bytes += "\r\n".utf8
        }
    }
}
