// What clients of vLLM and SGLang send to be scored.
import Crediting
import JSON
import Scoring

/// One text, one list of token ids, or one conversation.
enum PooledItem: Sendable {
    case text(String)
    case ids([Int32])
    case messages([Message])
}

/// The items of one request, and whether they came as a list: lists stay lists.
struct PooledInput: Sendable {
    let items: [PooledItem]
    let isList: Bool
    /// The key that they stood under.
    let key: String

    /// - Parameter keys: of which the body must have one.
    init(_ fields: Fields, oneOf keys: String...) throws(APIError) {
        let given = keys.compactMap { key in fields[key].map { (key, $0) } }
        guard let (key, value) = given.first else { throw .missingField(keys.joined(separator: " or ")) }
        if given.count > 1 { throw .conflictingFields(key, given[1].0) }
        self.key = key
        (items, isList) = try key == "messages" ? (Self.conversation(value), false) : Self.items(value, key)
    }

    /// Names an item for an error.
    func path(_ index: Int) -> String { isList ? "\(key)[\(index)]" : key }

    private static func conversation(_ value: JSONValue) throws(APIError) -> [PooledItem] {
        guard let messages = value.array else { throw .wrongField("messages", expected: "a list of messages") }
        return [.messages(try [Message](messages, at: "messages"))]
    }

    /// What the first element is tells a list of ids, which is one item, from a list of items.
    private static func items(_ value: JSONValue, _ key: String) throws(APIError) -> ([PooledItem], isList: Bool) {
        if let text = value.string { return ([.text(text)], false) }
        guard let values = value.array else {
            throw .wrongField(key, expected: "a string, a list of token ids, or a list of those")
        }
        if values.first?.number != nil { return ([.ids(try ids(values, key))], false) }
        var items: [PooledItem] = []
        for (index, value) in values.enumerated() {
            if let text = value.string {
                items.append(.text(text))
            } else if let values = value.array {
                items.append(.ids(try ids(values, "\(key)[\(index)]")))
            } else {
                throw .wrongField("\(key)[\(index)]", expected: "a string or a list of token ids")
            }
        }
        return (items, true)
    }

    private static func ids(_ values: [JSONValue], _ path: String) throws(APIError) -> [Int32] {
        var ids: [Int32] = []
        ids.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            guard let id = value.integer else { throw .wrongField("\(path)[\(index)]", expected: "a token id") }
            // An id that no Int32 holds is out of the model's range whatever it is.
            ids.append(Int32(clamping: id))
        }
        return ids
    }
}

extension PooledItem {
    /// Read at every step tag that stands in it.
    /// - Parameter addsSpecialTokens: nil where the body does not say: vLLM adds them to a text and not to a chat.
    func tagged(addsSpecialTokens: Bool?) -> Rollout {
        switch self {
        case .text(let text): Rollout(.tagged(.text(text, addsSpecialTokens: addsSpecialTokens ?? true)))
        case .ids(let ids): Rollout(.tagged(.ids(ids)))
        case .messages(let messages):
            Rollout(.tagged(.messages(messages, addsSpecialTokens: addsSpecialTokens ?? false)))
        }
    }

    /// For one number: a trainer's text or conversation, whose answer is split into steps and in which nothing that it
    /// spells is a token (promise P3); token ids are what they are, and read at their step tags.
    func judged(addsSpecialTokens: Bool?, _ words: URLWords, at path: String) throws(APIError) -> Rollout {
        switch self {
        case .text(let text): return try TrainerRollout(cutting: text, after: nil, words, at: path).rollout
        case .messages(let messages):
            guard messages.count > 1, let answer = messages.last, answer.role == "assistant" else {
                throw .wrongField(path, expected: "a conversation whose last message is the assistant's answer")
            }
            return Rollout(
                prompt: .messages(messages.dropLast()),
                source: .response(answer.content, separator: words.separator)
            )
        case .ids:
            // What they are an answer to is not known, so they have no group.
            guard words.normalization == .none else {
                throw .wrongField("?normalize", expected: "none for \(path), which is token ids")
            }
            return tagged(addsSpecialTokens: addsSpecialTokens)
        }
    }
}
