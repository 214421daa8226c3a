// Turns bytes into requests or a refusal, however cut.
internal import HTTPTypes

/// An incremental parser of HTTP/1.x requests, strict by reference/http-policy.md section 1.
///
/// Every decision falls at a fixed byte of the input, so that no split changes it; no byte is looked at twice.
package struct RequestParser: Sendable {
    package enum Event: Sendable, Equatable {
        /// The head is complete and passed; its body is now awaited.
        case head(RequestHead)
        case request(Request)
        /// Nothing after it is looked at.
        case refusal(Refusal)
    }

    /// How far the message under way has come.
    package enum Progress: Sendable, Equatable {
        case nothing
        case head
        case body
    }

    private enum Stage {
        case requestLine
        case fields(RequestLine)
        /// All lines of the head are here.
        case head(RequestLine)
        case content(RequestHead, missing: Int)
        case chunkLine(RequestHead)
        case chunk(RequestHead, missing: Int)
        case trailers(RequestHead)
        case refused(Request?)
    }

    private let limits: ServerLimits
    private var inbox = Inbox()
    private var stage = Stage.requestLine
    private var section = FieldSection()
    private var body: RequestBody
    /// Lines of the message under way: empty ones before it, headers and trailers, and the bytes of both.
    private var emptyLines = 0
    private var fieldCount = 0
    private var headBytes = 0
    private var chunkCount = 0
    private var extensionBytes = 0

    /// Whether the message under way is a HEAD, whose answer has no body even where it is refused.
    package private(set) var isHead = false

    package init(limits: ServerLimits = ServerLimits()) {
        self.limits = limits
        body = RequestBody(limit: limits.bodyBytes)
    }

    /// Bytes that have arrived and are not yet part of anything.
    package var unread: Int { inbox.unread }

    package var progress: Progress {
        switch stage {
        case .requestLine: inbox.unread > 0 ? .head : .nothing
        case .fields, .head: .head
        case .content, .chunkLine, .chunk, .trailers: .body
        case .refused: .nothing
        }
    }

    /// The request under way, or the refused one, without its body; nil before the end of its head.
    package var understood: Request? {
        switch stage {
        case .requestLine, .fields: nil
        case .head(let line): Request(method: line.method, path: line.path, query: line.query, headers: section.fields)
        case .content(let head, missing: _), .chunkLine(let head), .chunk(let head, missing: _), .trailers(let head):
            head.request()
        case .refused(let request): request
        }
    }

    /// What of a body has come, unpacked.
    package var bodyBytes: Int { body.bytes.count }

    /// Nothing is kept of the body under way.
    package mutating func discardBody() { body.discard() }

    package mutating func append(_ bytes: [UInt8]) { inbox.append(bytes) }

    /// The next thing that the bytes so far say; nil when it takes more of them.
    package mutating func next() -> Event? {
        do throws(Refusal) {
            while true {
                switch try step() {
                case .event(let event): return event
                case .again: continue
                case .needsMore: return nil
                }
            }
        } catch {
            stage = .refused(understood)
            // The connection lives on until its client has read the refusal.
            body.discard()
            return .refusal(error)
        }
    }

    /// What it means that no more bytes will come: a refusal in the middle of a message, nil between two.
    package mutating func finish() -> Refusal? {
        guard progress != .nothing else { return nil }
        stage = .refused(understood)
        return .malformed(.truncated)
    }

    private enum Step {
        case event(Event)
        case again
        case needsMore
    }

    private mutating func step() throws(Refusal) -> Step {
        switch stage {
        case .requestLine: try requestLine()
        case .fields(let line): try field(after: line)
        case .head(let line): try judge(line)
        case .content(let head, let missing): try content(of: head, missing: missing)
        case .chunkLine(let head): try chunkLine(of: head)
        case .chunk(let head, let missing): try chunk(of: head, missing: missing)
        case .trailers(let head): try trailer(of: head)
        case .refused: .needsMore
        }
    }

    private mutating func requestLine() throws(Refusal) -> Step {
        let limit = min(limits.lineBytes, limits.headBytes)
        let tooLong = Refusal.requestLineTooLong(limit: limit)
        guard let line = try inbox.line(of: .requestLine, atMost: limit, orThrow: tooLong) else { return .needsMore }
        guard !line.isEmpty else {
            // RFC 9112 2.2: old clients send an empty line after a body.
            emptyLines += 1
            guard emptyLines <= 2 else { throw .malformed(.emptyLines) }
            return .again
        }
        headBytes = line.count + 2
        let requestLine = try RequestLine(parsing: line)
        isHead = requestLine.method == .head
        stage = .fields(requestLine)
        return .again
    }

    private mutating func field(after requestLine: RequestLine) throws(Refusal) -> Step {
        guard let line = try fieldLine() else { return .needsMore }
        guard line.isEmpty else {
            try section.add(line)
            return .again
        }
        stage = .head(requestLine)
        return .again
    }

    private mutating func judge(_ requestLine: RequestLine) throws(Refusal) -> Step {
        let head = try RequestHead(requestLine, section)
        body = RequestBody(head.coding, limit: limits.bodyBytes)
        switch head.framing {
        case .length(let length):
            guard length <= limits.bodyBytes else { throw .bodyTooLarge(limit: limits.bodyBytes) }
            stage = .content(head, missing: length)
        case .chunked:
            stage = .chunkLine(head)
        }
        section = FieldSection()
        return .event(.head(head))
    }

    /// A line of the head or the trailer, which share their limits; empty at the end.
    private mutating func fieldLine() throws(Refusal) -> ArraySlice<UInt8>? {
        let room = limits.headBytes - headBytes - 2
        let tooLong = Refusal.headTooLarge(limit: room < limits.lineBytes ? limits.headBytes : limits.lineBytes)
        guard let line = try inbox.line(of: .field, atMost: min(room, limits.lineBytes), orThrow: tooLong) else {
            return nil
        }
        headBytes += line.count + 2
        guard headBytes <= limits.headBytes else { throw .headTooLarge(limit: limits.headBytes) }
        guard !line.isEmpty else { return line }
        fieldCount += 1
        guard fieldCount <= limits.headerCount else { throw .tooManyHeaders(limit: limits.headerCount) }
        return line
    }

    private mutating func content(of head: RequestHead, missing: Int) throws(Refusal) -> Step {
        let missing = try take(atMost: missing)
        stage = .content(head, missing: missing)
        return missing == 0 ? try complete(head) : .needsMore
    }

    /// How many of the next `count` bytes of the body are still missing when those are taken that are there.
    private mutating func take(atMost count: Int) throws(Refusal) -> Int {
        // What comes is taken as it comes: no memory is set aside on the word of a Content-Length.
        let piece = inbox.take(atMost: count)
        try body.take(piece)
        return count - piece.count
    }

    private mutating func chunkLine(of head: RequestHead) throws(Refusal) -> Step {
        let limit = ChunkLine.sizeDigits + limits.extensionBytes - extensionBytes
        let tooLong = Refusal.malformed(.chunkExtension)
        guard let line = try inbox.line(of: .field, atMost: limit, orThrow: tooLong) else { return .needsMore }
        let chunk = try ChunkLine(parsing: line)
        extensionBytes += chunk.extensionBytes
        guard extensionBytes <= limits.extensionBytes else { throw tooLong }
        guard chunk.size > 0 else {
            stage = .trailers(head)
            return .again
        }
        chunkCount += 1
        guard chunkCount <= limits.chunkCount else { throw .tooManyChunks(limit: limits.chunkCount) }
        guard chunk.size <= limits.bodyBytes - body.received else { throw .bodyTooLarge(limit: limits.bodyBytes) }
        stage = .chunk(head, missing: chunk.size)
        return .again
    }

    private mutating func chunk(of head: RequestHead, missing: Int) throws(Refusal) -> Step {
        let missing = try take(atMost: missing)
        stage = .chunk(head, missing: missing)
        guard missing == 0 else { return .needsMore }
        let noEnd = Refusal.malformed(.chunkEnd)
        guard try inbox.line(of: .field, atMost: 0, orThrow: noEnd) != nil else { return .needsMore }
        stage = .chunkLine(head)
        return .again
    }

    private mutating func trailer(of head: RequestHead) throws(Refusal) -> Step {
        guard let line = try fieldLine() else { return .needsMore }
        guard line.isEmpty else {
            try FieldSection.checkTrailer(line)
            return .again
        }
        return try complete(head)
    }

    private mutating func complete(_ head: RequestHead) throws(Refusal) -> Step {
        try body.finish()
        let request = head.request(body: body.bytes)
        let rest = inbox
        self = RequestParser(limits: limits)
        inbox = rest
        return .event(.request(request))
    }
}
