// What crosses the door of HTTP: a request in, a response out.
// Written by hand because no library serves: SwiftNIO is excluded by design, and FlyingFox's parser lets bare line feeds,
// signs and repeated lengths through. Files, in reading order: RequestParser (with Inbox, RequestLine, FieldSection,
// RequestHead, ChunkLine, RequestBody, Inflater), ConnectionLife, ResponseWriter, MemoryShare, Connection, Server.
package import HTTPTypes

/// One whole request that passed every check of HTTP.
package struct Request: Sendable, Equatable {
    package let method: HTTPRequest.Method
    /// As sent, percent-encoding and all, without the query; `*` for the server itself.
    package let path: String
    /// What follows the first `?`, as sent.
    package let query: String?
    package let headers: HTTPFields
    /// Out of its chunks and its content coding.
    package let body: [UInt8]

    package init(
        method: HTTPRequest.Method,
        path: String,
        query: String? = nil,
        headers: HTTPFields = [:],
        body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }
}

/// What a handler answers.
///
/// Serving itself writes Date, Content-Length and Connection, packs the body for who accepts gzip, and leaves it out for
/// HEAD, 204 and 304. A handler that wants the connection closed says `Connection: close`.
package struct Response: Sendable, Equatable {
    package var status: HTTPResponse.Status
    package var headers: HTTPFields
    package var body: [UInt8]

    package init(status: HTTPResponse.Status, headers: HTTPFields = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// What reaches the handler; after the answer to a refusal the connection is closed.
package enum Arrival: Sendable, Equatable {
    case request(Request)
    /// `of`: the request that was refused, without its body; nil where its head did not come to its end.
    case refusal(Refusal, of: Request?)
}

/// The answer to a head whose body need not come, nil where it is let in; asked before a body is read.
///
/// It is synchronous, so that a full house says so without waiting for anything, and pure: it may be asked from anywhere.
package typealias Gate = @Sendable (RequestHead) -> Response?

/// Answers one arrival; its task is cancelled when the caller has left.
package typealias Responder = @Sendable (Arrival) async -> Response

/// Why Serving does not hand a request on; the status in each comment is what reference/http-policy.md asks for.
package enum Refusal: Error, Sendable, Equatable {
    /// 400.
    case malformed(Malformation)
    /// 408: the head or the body came too slowly.
    case timedOut(Part)
    /// 503: the bodies of all connections together take as much as they may.
    case crowded
    /// 413.
    case bodyTooLarge(limit: Int)
    /// 413.
    case tooManyChunks(limit: Int)
    /// 414.
    case requestLineTooLong(limit: Int)
    /// 415: neither gzip nor nothing.
    case unknownContentCoding
    /// 417: an `Expect` other than `100-continue`.
    case unknownExpectation
    /// 431: one line, or head and trailers together.
    case headTooLarge(limit: Int)
    /// 431.
    case tooManyHeaders(limit: Int)
    /// 501: a method that nobody defined for paths, CONNECT among them.
    case unknownMethod
    /// 501: a transfer coding other than `chunked`.
    case unknownTransferCoding
    /// 505.
    case unsupportedVersion

    package enum Part: Sendable, Equatable {
        case head
        case body
    }

    /// What is wrong with the bytes.
    package enum Malformation: Sendable, Equatable, CaseIterable {
        /// A carriage return or a line feed without the other.
        case lineEnding
        /// NUL or another control byte; in the request line also a byte above 126.
        case controlByte
        /// More than two empty lines before a request.
        case emptyLines
        /// Not method, target and version, one space apart.
        case requestLine
        /// No `HTTP/` digit `.` digit.
        case version
        case target
        /// A header line that goes on in the next.
        case foldedHeader
        /// Not `name: value` with a token for a name.
        case headerName
        /// Missing, empty, repeated or malformed.
        case host
        case contentLength
        case transferEncoding
        /// Content-Length beside Transfer-Encoding.
        case twoLengths
        case repeatedContentType
        /// Not whole members of gzip, one after the other and nothing else.
        case contentCoding
        case chunkSize
        case chunkExtension
        /// No line end after a chunk's data.
        case chunkEnd
        /// A trailer that belongs into the head.
        case trailer
        /// The caller stopped sending in the middle.
        case truncated
    }
}
