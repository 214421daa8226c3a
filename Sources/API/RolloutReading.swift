// Reads rollouts and credit settings as the native API has them.
import Crediting
import JSON
import Scoring

/// A rollout with what its answer must carry along.
struct RolloutRequest: Sendable {
    /// The caller's own id, a string or an integer, echoed as it came.
    let id: JSONValue?
    let rollout: Rollout

    /// Reads one object of `rollouts`, or one line of a rollout file; keys that scoring does not use are ignored.
    init(_ value: JSONValue, at path: String) throws(APIError) {
        let fields = try Fields(value, at: path)
        id = try fields.identifier("id")
        if let raw = try RawSequence(fields) {
            rollout = Rollout(raw)
        } else {
            rollout = Rollout(prompt: try Self.prompt(fields), source: try Self.source(fields))
        }
    }

    private static func prompt(_ fields: Fields) throws(APIError) -> Prompt {
        let text = try fields.string("prompt")
        let messages = try fields.array("messages")
        switch (text, messages) {
        case (let text?, nil): return .text(text)
        case (nil, let messages?): return .messages(try read(messages, fields.name("messages")))
        case (.some, .some): throw .conflictingFields(fields.name("prompt"), fields.name("messages"))
        case (nil, nil): throw .missingField(fields.name("prompt"))
        }
    }

    private static func read(_ messages: [JSONValue], _ path: String) throws(APIError) -> [Message] {
        if messages.isEmpty { throw .wrongField(path, expected: "at least one message") }
        var read: [Message] = []
        for (index, value) in messages.enumerated() {
            let fields = try Fields(value, at: "\(path)[\(index)]")
            guard let role = try fields.string("role") else { throw .missingField(fields.name("role")) }
            guard ["system", "user", "assistant"].contains(role) else {
                throw .wrongField(fields.name("role"), expected: "one of system, user, assistant")
            }
            read.append(Message(role: role, content: try content(fields)))
        }
        return read
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

    private static func source(_ fields: Fields) throws(APIError) -> StepSource {
        let steps = try fields.strings("steps")
        let completions = try fields.strings("completions")
        if steps != nil, completions != nil {
            throw .conflictingFields(fields.name("steps"), fields.name("completions"))
        }
        let response = try fields.string("response")
        let separator = try fields.string("separator")
        if separator == "" { throw .wrongField(fields.name("separator"), expected: "some text") }
        switch (steps ?? completions, response) {
        case (let list?, nil): return .list(list)
        case (nil, let response?): return .response(response, separator: separator)
        case (let list?, let response?): return .listIn(response: response, steps: list)
        case (nil, nil): throw .missingField(fields.name("steps"))
        }
    }
}

/// What a caller may say under `credit`; what is not said is the model's default.
struct CreditRequest: Sendable {
    let settings: CreditSettings

    init(_ value: JSONValue?, default standard: CreditSettings) throws {
        guard let value, value != .null else {
            settings = standard
            return
        }
        let fields = try Fields(value, at: "credit")
        try fields.refuseUnknown(except: ["pooling", "temperature", "scale"])
        let temperature = try fields.number("temperature")
        if let temperature, !(temperature > 0) {
            throw APIError.wrongField("credit.temperature", expected: "a number greater than 0")
        }
        let pooling = try fields.word("pooling", as: Pooling.self) ?? standard.pooling
        let scale = try fields.word("scale", as: Scale.self) ?? standard.scale
        guard pooling.exists(on: scale) else {
            throw APIError.wrongField("credit.pooling", expected: "one that exists on the scale \(scale.rawValue)")
        }
        settings = try CreditSettings(
            pooling: pooling,
            temperature: temperature ?? standard.temperature,
            scale: scale
        )
    }
}

extension Fields {
    /// A caller's id: a string or an integer.
    func identifier(_ key: String) throws(APIError) -> JSONValue? {
        guard let value = self[key] else { return nil }
        guard value.string != nil || value.integer != nil else {
            throw .wrongField(name(key), expected: "a string or an integer")
        }
        return value
    }
}
