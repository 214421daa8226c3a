// What a tokenizer.json puts before and after every text.

import JSON

/// The special tokens around one text. Templates place them once; encoding text never does.
struct PostProcessor {
    private(set) var opening: [Int32] = []
    private(set) var closing: [Int32] = []
    private var templates = 0
    private let field: String

    init(_ component: FileObject?) throws(TokenizerError) {
        field = component?.field ?? ""
        guard let component else { return }
        try read(component)
        // Hugging Face takes what a first template gives for a pair of texts in the second.
        guard templates <= 1 else { throw .unsupportedSetting(field: field, value: "\(templates) templates") }
        try TokenizerError.check(field, opening.count + closing.count, atMost: TokenizerLimits.framingTokens)
    }

    private mutating func read(_ component: FileObject) throws(TokenizerError) {
        switch try component.type() {
        case "ByteLevel":
            break  // its offsets concern no id
        case "TemplateProcessing":
            templates += 1
            try readTemplate(component)
        case "Sequence":
            for part in try component.objects("processors") { try read(part) }
        case let other:
            throw .unsupportedComponent(field: component.field, name: other)
        }
    }

    /// `single`: special tokens by name, and the text once.
    private mutating func readTemplate(_ component: FileObject) throws(TokenizerError) {
        var texts = 0
        for piece in try component.objects("single") {
            if let text = try piece.object("Sequence") {
                try text.require("id", "A")
                texts += 1
            } else if let token = try piece.object("SpecialToken") {
                let ids = try Self.ids(of: token, in: component)
                if texts == 0 { opening += ids } else { closing += ids }
            } else {
                throw .unsupportedComponent(
                    field: piece.field,
                    name: TokenizerError.excerpt(piece.members.keys.first ?? "")
                )
            }
        }
        guard texts == 1 else { throw .unsupportedSetting(field: component.path("single"), value: "\(texts) texts") }
    }

    private static func ids(of token: FileObject, in component: FileObject) throws(TokenizerError) -> [Int32] {
        guard let name = try token.text("id") else { throw .missing(field: token.path("id")) }
        guard let tokens = try component.object("special_tokens") else {
            throw .missing(field: component.path("special_tokens"))
        }
        guard let entry = try tokens.object(name) else { throw .missing(field: tokens.path(name)) }
        guard let values = try entry.array("ids") else { throw .missing(field: entry.path("ids")) }
        try TokenizerError.check(entry.path("ids"), values.count, atMost: TokenizerLimits.framingTokens)
        var ids: [Int32] = []
        for value in values { ids.append(Int32(try FileObject.id(value, field: entry.path("ids")))) }
        return ids
    }

    /// Every id must be a token, or a model would be asked for a row that it has not.
    func check(_ isToken: (Int32) -> Bool) throws(TokenizerError) {
        for id in opening + closing where !isToken(id) { throw .idOutOfRange(field: field, id: Int(id)) }
    }
}
