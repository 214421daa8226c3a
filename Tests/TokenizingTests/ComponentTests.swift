// The components of SentencePiece's kinds, and how others are refused.
import Foundation
import JSON
import Testing
import Tokenizing

/// One member of a small tokenizer.json set to another value, nil for none, and what comes of it.
struct Edit: CustomTestStringConvertible, Sendable {
    let file: String
    let path: [String]
    let value: JSONValue?
    let error: TokenizerError?

    init(_ file: String, _ path: String, _ value: JSONValue?, gives error: TokenizerError? = nil) {
        self.file = file
        self.path = path.split(separator: ".").map(String.init)
        self.value = value
        self.error = error
    }

    var testDescription: String { "\(file): \(path.joined(separator: ".")) = \(value.map { "\($0)" } ?? "absent")" }

    func tokenizer() throws -> Tokenizer {
        let original = try JSONValue(parsing: [UInt8](Data(contentsOf: Golden.file("\(file).tokenizer.json"))))
        return try Tokenizer(parsing: set(original, path[...], value).serialized())
    }
}

private let replace: JSONValue = ["type": "Replace", "pattern": ["String": " "], "content": "\u{2581}"]
private let begin: JSONValue = ["SpecialToken": ["id": "<s>", "type_id": 0]]
private let text: JSONValue = ["Sequence": ["id": "A", "type_id": 0]]

@Suite struct ComponentTests {
    @Test(arguments: [
        Edit(
            "legacy",
            "normalizer.normalizers.0.prepend",
            "_",
            gives: setting("normalizer.normalizers[0].prepend", "_")
        ),
        Edit(
            "legacy",
            "normalizer.normalizers.1.content",
            "_",
            gives: setting("normalizer.normalizers[1].content", "_")
        ),
        Edit(
            "legacy",
            "normalizer.normalizers.1.pattern",
            ["Regex": " "],
            gives: .missing(field: "normalizer.normalizers[1].pattern.String")
        ),
        Edit("legacy", "normalizer.normalizers.0.type", "Strip", gives: kind("normalizer.normalizers[0]", "Strip")),
        Edit("legacy", "normalizer.normalizers", [], gives: setting("normalizer.normalizers", "0 of them")),
        Edit(
            "legacy",
            "normalizer.normalizers",
            [["type": "Prepend", "prepend": "\u{2581}"], replace, replace],
            gives: setting("normalizer.normalizers", "3 of them")
        ),
        Edit("first", "pre_tokenizer.replacement", "_", gives: setting("pre_tokenizer.replacement", "_")),
        Edit("first", "pre_tokenizer.prepend_scheme", "last", gives: setting("pre_tokenizer.prepend_scheme", "last")),
        Edit(
            "first",
            "pre_tokenizer.add_prefix_space",
            false,
            gives: setting("pre_tokenizer.add_prefix_space", "false")
        ),
        Edit("first", "pre_tokenizer.type", "Whitespace", gives: kind("pre_tokenizer", "Whitespace")),
        Edit("first", "decoder.decoders.0.type", "CTC", gives: kind("decoder.decoders[0]", "CTC")),
        Edit("legacy", "model.ignore_merges", true, gives: setting("model.ignore_merges", "true")),
        Edit(
            "legacy",
            "model.unk_token",
            "<?>",
            gives: .unknownMergeToken(field: "model.unk_token", token: "<?>")
        ),
        // Hugging Face would leave such characters out.
        Edit("first", "model.unk_token", nil, gives: .missingByte(0)),
        Edit("always", "model.unk_token", nil, gives: .missingByte(0x80)),
        Edit("legacy", "model.merges.0", ["", "t"], gives: .malformedMerge(field: "model.merges[0]")),
        Edit("legacy", "post_processor.single", [begin], gives: setting("post_processor.single", "0 texts")),
        Edit("legacy", "post_processor.single", [text, text], gives: setting("post_processor.single", "2 texts")),
        Edit("legacy", "post_processor.single", [["Word": 1]], gives: kind("post_processor.single[0]", "Word")),
        Edit("legacy", "post_processor.single", nil, gives: .missing(field: "post_processor.single")),
        Edit("legacy", "post_processor.special_tokens", nil, gives: .missing(field: "post_processor.special_tokens")),
        Edit(
            "legacy",
            "post_processor.special_tokens.<s>.ids",
            [99_999],
            gives: .idOutOfRange(field: "post_processor", id: 99_999)
        ),
        Edit(
            "legacy",
            "post_processor.special_tokens.<s>.ids",
            .array([JSONValue](repeating: 1, count: 17)),
            gives: .tooLarge(field: "post_processor.special_tokens.<s>.ids", count: 17, limit: 16)
        ),
    ])
    func `another component is refused by name`(edit: Edit) throws {
        #expect(throws: try #require(edit.error)) { _ = try edit.tokenizer() }
    }

    @Test func `bytes are what stands for a character that has no token`() throws {
        let tokenizer = try Edit("legacy", "model.unk_token", nil).tokenizer()
        #expect(tokenizer.encode("Q\u{6F22}") == (try Golden.tokenizer("legacy")).encode("Q\u{6F22}"))
    }

    @Test(arguments: [
        // Hugging Face's own default, with and without the older word for it.
        (Edit("always", "pre_tokenizer.prepend_scheme", nil), [" a", " ", " the"]),
        (Edit("always", "pre_tokenizer.add_prefix_space", nil), [" a", " ", " the"]),
        (Edit("always", "pre_tokenizer.prepend_scheme", "first"), [" a", " ", " the"]),
        (Edit("legacy", "normalizer", ["type": "Sequence", "normalizers": [replace]]), ["a", " ", " the"]),
        (Edit("legacy", "normalizer", replace), ["a", " ", " the"]),
        (Edit("first", "pre_tokenizer", ["type": "Metaspace", "replacement": "\u{2581}"]), [" a", " ", " the"]),
        (Edit("never", "pre_tokenizer.add_prefix_space", false), ["a ", " the"]),
    ])
    func `a component may say the same in other words`(edit: Edit, tokens: [String]) throws {
        let tokenizer = try edit.tokenizer()
        let names = tokenizer.encode("a  the").map { tokenizer.bytes(of: $0) ?? [] }
        #expect(names.map { String(decoding: $0, as: UTF8.self) } == tokens)
    }

    @Test func `processors in a row are read, but only one template`() throws {
        let template: JSONValue = [
            "type": "TemplateProcessing", "single": [begin, text, begin],
            "special_tokens": ["<s>": ["id": "<s>", "ids": [1, 2], "tokens": ["<s>", "</s>"]]],
        ]
        let sequence: JSONValue = ["type": "Sequence", "processors": [["type": "ByteLevel"], template]]
        let tokenizer = try Edit("legacy", "post_processor", sequence).tokenizer()
        #expect(tokenizer.opening == [1, 2] && tokenizer.closing == [1, 2])
        let two: JSONValue = ["type": "Sequence", "processors": [template, template]]
        #expect(throws: setting("post_processor", "2 templates")) {
            _ = try Edit("legacy", "post_processor", two).tokenizer()
        }
    }
}

private func kind(_ field: String, _ name: String) -> TokenizerError { .unsupportedComponent(field: field, name: name) }

private func setting(_ field: String, _ value: String) -> TokenizerError {
    .unsupportedSetting(field: field, value: value)
}
