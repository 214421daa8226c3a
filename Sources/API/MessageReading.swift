// Reads the messages of a conversation as OpenAI's API has them.
import JSON
import Scoring

extension [Message] {
    /// At least one message, each with a role and a content.
    init(_ values: [JSONValue], at path: String) throws(APIError) {
        if values.isEmpty { throw .wrongField(path, expected: "at least one message") }
        self = []
        for (index, value) in values.enumerated() {
            let fields = try Fields(value, at: "\(path)[\(index)]")
            guard let role = try fields.string("role") else { throw .missingField(fields.name("role")) }
            guard ["system", "user", "assistant"].contains(role) else {
                throw .wrongField(fields.name("role"), expected: "one of system, user, assistant")
            }
            append(Message(role: role, content: try Self.content(fields)))
        }
    }

    /// A string, or OpenAI's list of parts of which we read text.
    private static func content(_ fields: Fields) throws(APIError) -> String {
        guard let value = fields["content"] else { throw .missingField(fields.name("content")) }
        if let text = value.string { return text }
        guard let parts = value.array else {
            throw .wrongField(fields.name("content"), expected: "a string or an array of text parts")
        }
        var text = ""
        for (index, part) in parts.enumerated() {
            let part = try Fields(part, at: "\(fields.name("content"))[\(index)]")
            guard try part.string("type") == "text", let piece = try part.string("text") else {
                throw .wrongField(part.path, expected: #"a part {"type":"text","text":...}"#)
            }
            text += piece
        }
        return text
    }
}
