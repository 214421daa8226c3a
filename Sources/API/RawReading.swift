// Reads rollouts whose callers lay out every token.
import JSON
import Scoring

extension RawSequence {
    /// `segments`, or `token_ids` with `read_positions`; nil where the rollout has neither.
    init?(_ fields: Fields) throws(APIError) {
        let segments = try fields.array("segments")
        let ids = try fields.array("token_ids")
        switch (segments, ids) {
        case (nil, nil): return nil
        case (.some, .some): throw .conflictingFields(fields.name("segments"), fields.name("token_ids"))
        case (let segments?, nil):
            self = .segments(
                try segments.enumerated().map { index, value throws(APIError) in
                    try RawSegment(try Fields(value, at: "\(fields.name("segments"))[\(index)]"))
                }
            )
        case (nil, let ids?):
            guard let positions = try fields.array("read_positions") else {
                throw .missingField(fields.name("read_positions"))
            }
            self = .ids(
                try Self.integers(ids, fields.name("token_ids")).map { Int32(clamping: $0) },
                readPositions: try Self.integers(positions, fields.name("read_positions"))
            )
        }
        for key in ["prompt", "messages", "steps", "completions", "response"] where fields[key] != nil {
            throw .conflictingFields(fields.name(segments == nil ? "token_ids" : "segments"), fields.name(key))
        }
    }

    private static func integers(_ values: [JSONValue], _ path: String) throws(APIError) -> [Int] {
        var integers: [Int] = []
        for (index, value) in values.enumerated() {
            guard let integer = value.integer else { throw .wrongField("\(path)[\(index)]", expected: "an integer") }
            integers.append(integer)
        }
        return integers
    }
}

extension RawSegment {
    /// One of `{"text":...}`, `{"token":...}` and `{"id":...}`, each with an optional `"read":true`.
    init(_ fields: Fields) throws(APIError) {
        try fields.refuseUnknown(except: ["text", "token", "id", "read"])
        let text = try fields.string("text")
        let token = try fields.string("token")
        let id = fields["id"]
        let content: Content
        switch (text, token, id) {
        case (let text?, nil, nil): content = .text(text)
        case (nil, let token?, nil): content = .token(token)
        case (nil, nil, let id?):
            guard let id = id.integer else { throw .wrongField(fields.name("id"), expected: "an integer") }
            // An id that no Int32 holds is out of the model's range whatever it is.
            content = .id(Int32(clamping: id))
        default: throw .wrongField(fields.path, expected: "one of text, token and id")
        }
        self.init(content, isRead: try fields.bool("read") ?? false)
    }
}
