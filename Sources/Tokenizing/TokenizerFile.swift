// A tokenizer.json as a tokenizer; what we do not do is named.

import JSON

extension Tokenizer {
    /// Reads a tokenizer.json, which may come from anyone: whatever it holds, it is taken or refused.
    ///
    /// `truncation` and `padding` are not read, since nothing here may cut text or fill it up (P1).
    package init(parsing bytes: [UInt8]) throws(TokenizerError) {
        try TokenizerError.check("", bytes.count, atMost: TokenizerLimits.fileBytes)
        let root: JSONValue
        do { root = try JSONValue(parsing: bytes) } catch { throw .json(error) }
        let file = try FileObject(root, field: "")
        if let version = try file.text("version"), version.utf8.elementsEqual("1.0".utf8) == false {
            throw .unsupportedSetting(field: "version", value: TokenizerError.excerpt(version))
        }
        try self.init(file)
    }

    private init(_ file: FileObject) throws(TokenizerError) {
        normaliser = try Normaliser(file.object("normalizer"))
        preTokenizer = try PreTokenizer(file.object("pre_tokenizer"))
        try Self.checkDecoder(file.object("decoder"))
        guard let model = try file.object("model") else { throw .missing(field: "model") }
        let reader = try ModelReader(model, isByteLevel: preTokenizer.isByteLevel)
        vocabulary = reader.vocabulary
        merger = reader.merger
        added = try AddedTokens(reader.addedTokens(file.array("added_tokens") ?? []), normaliser: normaliser)
        let frame = try PostProcessor(file.object("post_processor"))
        try frame.check { [added, vocabulary] in vocabulary.contains(Int($0)) || added.contents[$0] != nil }
        opening = frame.opening
        closing = frame.closing
    }

    /// What tokens decode to concerns no id.
    private static func checkDecoder(_ component: FileObject?) throws(TokenizerError) {
        guard let component else { return }
        switch try component.type() {
        case "ByteLevel", "Metaspace", "Replace", "ByteFallback", "Fuse", "Strip": break
        case "Sequence": for part in try component.objects("decoders") { try checkDecoder(part) }
        case let other: throw .unsupportedComponent(field: component.field, name: other)
        }
    }
}

extension TokenizerError {
    /// As much of the file's text as a message can bear.
    static func excerpt(_ text: String) -> String {
        let shown = text.unicodeScalars.prefix(200)
        return shown.endIndex == text.unicodeScalars.endIndex ? text : String(shown) + "..."
    }

    static func check(_ field: String, _ count: Int, atMost limit: Int) throws(TokenizerError) {
        guard count <= limit else { throw .tooLarge(field: field, count: count, limit: limit) }
    }
}
