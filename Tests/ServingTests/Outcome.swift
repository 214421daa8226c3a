// What a parser makes of some bytes, in a form to compare.
import HTTPTypes
import Serving

/// All that a parser says about an input that then ends.
struct Outcome: Equatable, CustomStringConvertible {
    private(set) var events: [RequestParser.Event] = []
    /// What the end of the input in that place means.
    private(set) var ending: Refusal?

    /// Feeds the pieces one after the other.
    init(of pieces: [[UInt8]], limits: ServerLimits = ServerLimits()) {
        self.init(RequestParser(limits: limits), pieces)
    }

    /// Goes on with a parser that has already taken something in.
    init(_ parser: RequestParser, _ pieces: [[UInt8]], after earlier: [RequestParser.Event] = []) {
        var parser = parser
        events = earlier
        for piece in pieces { events += parser.take(piece) }
        ending = parser.finish()
    }

    var requests: [Request] {
        events.compactMap { event in
            if case .request(let request) = event { request } else { nil }
        }
    }

    /// What refused the input, wherever it did.
    var refusal: Refusal? {
        if case .refusal(let refusal) = events.last { refusal } else { nil }
    }

    /// Such as `GET 0, POST 5, refused malformed(host)`; `…` is a message that is still under way.
    var description: String {
        var parts = requests.map { "\($0.method) \($0.body.count)" }
        if let refusal { parts.append("refused \(refusal)") }
        if ending != nil { parts.append("…") }
        return parts.joined(separator: ", ")
    }
}

extension RequestParser {
    mutating func take(_ piece: [UInt8]) -> [Event] {
        append(piece)
        var events: [Event] = []
        while let event = next() { events.append(event) }
        return events
    }
}
