// What tokenizer_config.json says of chats and first tokens.
import Checkpoints
import JSON
import Tokenizing

/// The two fields of tokenizer_config.json that scoring uses; the chat template may have a file of its own.
struct TokenizerSettings {
    private let chatTemplate: String?
    private let beginning: String?
    /// Whether the folder has the file at all.
    private let isPresent: Bool

    private static let limit = 16 << 20

    init(checkpoint: Checkpoint) throws {
        // transformers 4.50 and later write the template beside the config.
        let file = try checkpoint.file("chat_template.jinja", limit: Self.limit).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard let bytes = try checkpoint.file("tokenizer_config.json", limit: Self.limit) else {
            (chatTemplate, beginning, isPresent) = (file, nil, false)
            return
        }
        let fields: JSONObject?
        do {
            fields = try JSONValue(parsing: bytes).object
        } catch {
            throw ProfileError.notJSON(file: "tokenizer_config.json", offset: error.offset)
        }
        chatTemplate = file ?? fields?["chat_template"].flatMap(Self.template)
        // Either the token's text, or an AddedToken with its content.
        beginning = fields?["bos_token"]?.string ?? fields?["bos_token"]?.object?["content"]?.string
        isPresent = true
    }

    /// One template, or several by name, of which `default` is the one for chats.
    private static func template(_ value: JSONValue) -> String? {
        if let text = value.string { return text }
        return value.array?.first { $0["name"]?.string == "default" }?["template"]?.string
    }

    /// The chat that the profile names, or that the folder's template writes, or that the tokenizer has tokens for; the
    /// profile gets the evidence.
    func chat(for profile: inout Profile, tokenizer: Tokenizer) throws -> ChatFormat {
        let recognised = chatTemplate.flatMap(ChatFormat.init(jinja:))
        if let dialect = profile.template.chat {
            profile.evidence.append("chat \(dialect.rawValue), as the profile says")
            return ChatFormat(dialect, defaultSystem: recognised?.defaultSystem)
        }
        if let recognised {
            profile.evidence.append("chat template recognised as \(recognised.dialect.rawValue)")
            return recognised
        }
        // A template that a profile's own chat does not follow would be missed silently.
        if chatTemplate != nil { throw ProfileError.unknownChatTemplate }
        for dialect in [ChatDialect.chatML, .datedLlama3] where tokenizer.addedToken(dialect.openingToken) != nil {
            profile.evidence.append("no chat template in the folder: \(dialect.rawValue), as its tokens suggest")
            return ChatFormat(dialect)
        }
        throw ProfileError.noChat
    }

    /// The chat of a language model; nil where nothing tells of one that is written out here.
    func languageChat(tokenizer: Tokenizer) -> ChatFormat? {
        if let chatTemplate { return ChatFormat(jinja: chatTemplate) }
        let dialects = [ChatDialect.chatML, .datedLlama3]
        return dialects.first { tokenizer.addedToken($0.openingToken) != nil }.map { ChatFormat($0) }
    }

    /// What Llama's chats begin with.
    func languageBeginning(of tokenizer: Tokenizer) -> [Int32] {
        guard let beginning else { return tokenizer.opening }
        return tokenizer.addedToken(beginning).map { [$0] } ?? []
    }

    /// The token that stands before every text. TRL asks the tokenizer's `bos_token`; where nobody wrote it down, what
    /// the post-processor puts first is that token.
    func beginning(of tokenizer: Tokenizer, for profile: Profile) -> Int32? {
        if let beginning { return tokenizer.addedToken(beginning) }
        // Written down as none: TRL then puts none, whatever the post-processor does.
        if isPresent, profile.template.kind == .pieces { return nil }
        return tokenizer.opening.first
    }
}
