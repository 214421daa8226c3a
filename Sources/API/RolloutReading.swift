// Reads rollouts as the native API has them.
import JSON
import Scoring

/// A rollout with what its answer must carry along.
struct RolloutRequest: Sendable {
    /// The caller's own id, a string or an integer, echoed as it came.
    let id: JSONValue?
    let rollout: Rollout

    /// Reads one object of `rollouts`, or one line of a rollout file; keys that scoring does not use are ignored.
    /// - Parameter separator: where a response is split that names none itself.
    init(_ value: JSONValue, at path: String, separator: String? = nil) throws(APIError) {
        let fields = try Fields(value, at: path)
        id = try fields.identifier("id")
        if let raw = try RawSequence(fields) {
            rollout = Rollout(raw)
        } else {
            rollout = Rollout(prompt: try Self.prompt(fields), source: try Self.source(fields, separator))
        }
    }

    static func prompt(_ fields: Fields) throws(APIError) -> Prompt {
        let text = try fields.string("prompt")
        let messages = try fields.array("messages")
        switch (text, messages) {
        case (let text?, nil): return .text(text)
        case (nil, let messages?): return .messages(try [Message](messages, at: fields.name("messages")))
        case (.some, .some): throw .conflictingFields(fields.name("prompt"), fields.name("messages"))
        case (nil, nil): throw .missingField(fields.name("prompt"))
        }
    }

    /// - Parameter standard: where a response is split that names no separator; nil leaves it to the model.
    static func source(_ fields: Fields, _ standard: String?) throws(APIError) -> StepSource {
        let steps = try fields.strings("steps")
        let completions = try fields.strings("completions")
        if steps != nil, completions != nil {
            throw .conflictingFields(fields.name("steps"), fields.name("completions"))
        }
        let response = try fields.string("response")
        let separator = try fields.string("separator")
        switch (steps ?? completions, response) {
        case (let list?, nil): return .list(list)
        case (nil, let response?):
            // Steps of a list may be joined by nothing; a text cannot be split there.
            if separator == "" { throw .wrongField(fields.name("separator"), expected: "some text") }
            return .response(response, separator: separator ?? standard)
        case (let list?, let response?): return .listIn(response: response, steps: list)
        case (nil, nil): throw .missingField(fields.name("steps"))
        }
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
