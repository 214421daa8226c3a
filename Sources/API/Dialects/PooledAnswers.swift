// What the answers of vLLM's routes have in common.
import Glibc
import JSON
import Scoring
import Serving

/// How numbers are sent; vLLM's `bytes` and `bytes_only` are not.
enum NumberEncoding: String, CaseIterable {
    case float
    /// Float32, the lowest byte first: the default of OpenAI's SDK.
    case base64
}

extension Fields {
    /// A setting that would change what is read or sent, and cannot be met.
    func refuse(_ key: String, _ reason: String) throws(APIError) {
        if self[key] != nil { throw .wrongField(name(key), expected: "left out: \(reason)") }
    }

    /// The settings of vLLM's that are refused on each of its routes.
    func refuseUnmet() throws(APIError) {
        try refuse("dimensions", "a reward is one number")
        try refuse("truncate_prompt_tokens", "nothing is ever truncated")
        try refuse("chat_template", "a conversation is written in the model's own")
        _ = try word("embed_dtype", as: Precision.self)
        _ = try word("endianness", as: Endianness.self)
    }

    private enum Precision: String, CaseIterable {
        case float32
    }

    private enum Endianness: String, CaseIterable {
        case native
        case little
    }
}

extension Service {
    /// vLLM's list: an object for each rollout, in their order.
    /// - Parameter write: writes the members of the rollout at this place.
    func pooledList(
        _ call: Call,
        idPrefix: String,
        _ scored: [ScoredRollout?],
        _ write: (inout JSONWriter, Int) throws -> Void
    ) rethrows -> Response {
        var writer = JSONWriter()
        writer.openObject()
        writer.member("id", "\(idPrefix)-\(call.id)")
        writer.member("object", "list")
        writer.member("created", Int(time(nil)))
        writer.member("model", servedName)
        writer.key("data")
        writer.openArray()
        for index in scored.indices {
            writer.openObject()
            writer.member("index", index)
            try write(&writer, index)
            writer.closeObject()
        }
        writer.closeArray()
        writer.usage(of: scored)
        writer.closeObject()
        return .json(writer.bytes)
    }
}

extension JSONWriter {
    fileprivate mutating func usage(of scored: [ScoredRollout?]) {
        let tokens = scored.reduce(0) { $0 + ($1?.tokenIDs.count ?? 0) }
        key("usage")
        openObject()
        member("prompt_tokens", tokens)
        member("total_tokens", tokens)
        member("completion_tokens", 0)
        member("prompt_tokens_details", nil as String?)
        closeObject()
    }
}
