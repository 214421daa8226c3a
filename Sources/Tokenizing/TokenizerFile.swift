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
        splitter = try Splitter(file.object("pre_tokenizer"))
        try Self.checkPostProcessor(file.object("post_processor"))
        try Self.checkDecoder(file.object("decoder"))
        guard let model = try file.object("model") else { throw .missing(field: "model") }
        let reader = try ModelReader(model)
        vocabulary = reader.vocabulary
        merger = reader.merger
        added = try AddedTokens(reader.addedTokens(file.array("added_tokens") ?? []), normaliser: normaliser)
    }

    /// What a post-processor adds to the ids, such as a first token, is the template's affair and not ours.
    private static func checkPostProcessor(_ component: FileObject?) throws(TokenizerError) {
        guard let component else { return }
        switch try component.type() {
        case "ByteLevel", "TemplateProcessing": break
        case "Sequence":
            for part in try component.objects("processors") { try checkPostProcessor(part) }
        case let other: throw .unsupportedComponent(field: component.field, name: other)
        }
    }

    private static func checkDecoder(_ component: FileObject?) throws(TokenizerError) {
        guard let component else { return }
        let name = try component.type()
        guard name == "ByteLevel" else { throw .unsupportedComponent(field: component.field, name: name) }
    }
}

extension Normaliser {
    fileprivate init(_ component: FileObject?) throws(TokenizerError) {
        guard let component else {
            self = .none
            return
        }
        let name = try component.type()
        guard name == "NFC" else { throw .unsupportedComponent(field: component.field, name: name) }
        self = .nfc
    }
}

extension Splitter {
    /// A known pattern and then the byte alphabet; the two together are one `Sequence` in every file of this family.
    fileprivate init(_ component: FileObject?) throws(TokenizerError) {
        guard let component else { throw .unsupportedComponent(field: "pre_tokenizer", name: "null") }
        let name = try component.type()
        guard name == "Sequence" else { throw .unsupportedComponent(field: component.field, name: name) }
        let parts = try component.objects("pretokenizers")
        for (part, expected) in zip(parts, ["Split", "ByteLevel"]) {
            let name = try part.type()
            guard name == expected else { throw .unsupportedComponent(field: part.field, name: name) }
        }
        guard parts.count == 2 else {
            throw .unsupportedSetting(field: component.field + ".pretokenizers", value: "\(parts.count) of them")
        }
        try parts[0].require("behavior", "Isolated")
        try parts[0].require("invert", false)
        try parts[1].require("add_prefix_space", false)
        try parts[1].require("use_regex", false)
        guard let pattern = try parts[0].object("pattern") else { throw .missing(field: parts[0].field + ".pattern") }
        guard let text = try pattern.text("Regex") else { throw .missing(field: pattern.field + ".Regex") }
        // `String ==` would take a canonically equivalent pattern; the known ones are ASCII, so bytes decide.
        guard let known = SplitPattern(rawValue: text), text.utf8.elementsEqual(known.rawValue.utf8) else {
            throw .unsupportedPattern(TokenizerError.excerpt(text))
        }
        self.init(pattern: known)
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
