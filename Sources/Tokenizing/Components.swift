// What stands before the model in a tokenizer.json, recognised.

import JSON

extension Normaliser {
    init(_ component: FileObject?) throws(TokenizerError) {
        guard let component else {
            self = .none
            return
        }
        switch try component.type() {
        case "NFC":
            self = .nfc
        case "Replace":
            try Self.checkReplace(component)
            self = .spaceMarks(prepends: false)
        case "Sequence":
            self = try Self.sequence(component.objects("normalizers"), field: component.path("normalizers"))
        case let other:
            throw .unsupportedComponent(field: component.field, name: other)
        }
    }

    /// One normaliser, or Llama-2's two.
    private static func sequence(_ parts: [FileObject], field: String) throws(TokenizerError) -> Normaliser {
        if parts.count == 1 { return try Normaliser(parts[0]) }
        for (part, expected) in zip(parts, ["Prepend", "Replace"]) {
            let name = try part.type()
            guard name == expected else { throw .unsupportedComponent(field: part.field, name: name) }
        }
        guard parts.count == 2 else { throw .unsupportedSetting(field: field, value: "\(parts.count) of them") }
        try parts[0].require("prepend", SpaceMark.text)
        try checkReplace(parts[1])
        return .spaceMarks(prepends: true)
    }

    /// Only that of spaces by marks.
    private static func checkReplace(_ component: FileObject) throws(TokenizerError) {
        guard let pattern = try component.object("pattern") else { throw .missing(field: component.path("pattern")) }
        try pattern.require("String", " ")
        try component.require("content", SpaceMark.text)
    }
}

extension PreTokenizer {
    /// Whether the vocabulary is spelt in bytes.
    var isByteLevel: Bool {
        if case .pattern = self { true } else { false }
    }

    init(_ component: FileObject?) throws(TokenizerError) {
        guard let component else {
            self = .none
            return
        }
        switch try component.type() {
        case "Sequence": self = .pattern(try Splitter(component))
        case "Metaspace": self = .metaspace(try Metaspace(component))
        case let other: throw .unsupportedComponent(field: component.field, name: other)
        }
    }
}

extension Metaspace {
    /// What is absent is as Hugging Face takes it; older files have `add_prefix_space` beside or for `prepend_scheme`.
    fileprivate init(_ component: FileObject) throws(TokenizerError) {
        try component.require("replacement", SpaceMark.text)
        let name = try component.text("prepend_scheme") ?? Scheme.always.rawValue
        guard let scheme = Scheme(rawValue: name) else {
            throw .unsupportedSetting(field: component.path("prepend_scheme"), value: TokenizerError.excerpt(name))
        }
        // Hugging Face, too, refuses a file whose two words for it differ.
        if try component.flagIfPresent("add_prefix_space") == false, scheme != .never {
            throw .unsupportedSetting(field: component.path("add_prefix_space"), value: "false")
        }
        self.init(scheme: scheme, splits: try component.flagIfPresent("split") ?? true)
    }
}

extension Splitter {
    /// A known pattern and then the byte alphabet; the two together are one `Sequence` in every file of this family.
    fileprivate init(_ component: FileObject) throws(TokenizerError) {
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
