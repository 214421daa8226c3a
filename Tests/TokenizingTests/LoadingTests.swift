// What a tokenizer.json may be, and how each other one is refused.
import Fixtures
import Foundation
import JSON
import Testing
import Tokenizing

@Suite struct LoadingTests {
    @Test(arguments: [
        Change(at: "version", to: "2.0", gives: .unsupportedSetting(field: "version", value: "2.0")),
        Change(at: "version", to: 1, gives: .wrongType(field: "version")),
        Change(at: "normalizer.type", to: "Lowercase", gives: unsupported("normalizer", "Lowercase")),
        Change(at: "normalizer.type", to: nil, gives: .missing(field: "normalizer.type")),
        Change(at: "normalizer", to: "NFC", gives: .wrongType(field: "normalizer")),
        Change(at: "pre_tokenizer", to: nil, gives: .missingByte(0x20)),
        Change(at: "pre_tokenizer.type", to: "ByteLevel", gives: unsupported("pre_tokenizer", "ByteLevel")),
        Change(at: "pre_tokenizer.pretokenizers", to: [], gives: .unsupportedSetting(field: parts, value: "0 of them")),
        Change(at: parts, to: [["type": "Digits"]], gives: unsupported("\(parts)[0]", "Digits")),
        Change(at: "\(parts).1.type", to: "Digits", gives: unsupported("\(parts)[1]", "Digits")),
        Change(at: "\(parts).0.behavior", to: "Removed", gives: setting("\(parts)[0].behavior", "Removed")),
        Change(at: "\(parts).0.invert", to: true, gives: setting("\(parts)[0].invert", "true")),
        Change(at: "\(parts).1.add_prefix_space", to: true, gives: setting("\(parts)[1].add_prefix_space", "true")),
        Change(at: "\(parts).1.use_regex", to: nil, gives: .missing(field: "\(parts)[1].use_regex")),
        Change(at: "\(parts).0.pattern", to: ["String": " "], gives: .missing(field: "\(parts)[0].pattern.Regex")),
        Change(at: "\(parts).0.pattern.Regex", to: "(a+)+", gives: .unsupportedPattern("(a+)+")),
        Change(at: "post_processor.type", to: "BertProcessing", gives: unsupported("post_processor", "BertProcessing")),
        Change(at: "decoder.type", to: "WordPiece", gives: unsupported("decoder", "WordPiece")),
        Change(at: "model", to: nil, gives: .missing(field: "model")),
        Change(at: "model.type", to: "Unigram", gives: unsupported("model", "Unigram")),
        Change(at: "model.dropout", to: 0.5, gives: setting("model.dropout", "0.5")),
        Change(at: "model.end_of_word_suffix", to: "</w>", gives: setting("model.end_of_word_suffix", "</w>")),
        Change(at: "model.ignore_merges", to: 1, gives: .wrongType(field: "model.ignore_merges")),
        Change(at: "model.vocab", to: nil, gives: .missing(field: "model.vocab")),
        Change(at: "model.vocab", to: ["a"], gives: .wrongType(field: "model.vocab")),
        Change(at: "model.vocab.Ġ", to: nil, gives: .missingByte(0x20)),
        Change(at: "model.vocab.a", to: 98, gives: .duplicateID(field: "model.vocab.b", id: 98)),
        Change(at: "model.vocab.a", to: -1, gives: .idOutOfRange(field: "model.vocab.a", id: -1)),
        Change(at: "model.vocab.a", to: 1.0, gives: .wrongType(field: "model.vocab.a")),
        Change(at: "model.vocab.a", to: .init(limit), gives: .idOutOfRange(field: "model.vocab.a", id: limit)),
        Change(at: "model.vocab.aa", to: nil, gives: .unknownMergeToken(field: "model.merges[12]", token: "aa")),
        Change(at: "model.merges", to: nil, gives: .missing(field: "model.merges")),
        Change(at: "model.merges.0", to: "Ġ Q Q", gives: .malformedMerge(field: "model.merges[0]")),
        Change(at: "model.merges.0", to: "Ġ", gives: .malformedMerge(field: "model.merges[0]")),
        Change(at: "model.merges.0", to: ["Ġ"], gives: .malformedMerge(field: "model.merges[0]")),
        Change(at: "model.merges.0", to: ["Ġ", 1], gives: .malformedMerge(field: "model.merges[0]")),
        Change(at: "model.merges.0", to: 0, gives: .malformedMerge(field: "model.merges[0]")),
        Change(at: "model.merges.0", to: "Ġ qq", gives: .unknownMergeToken(field: "model.merges[0]", token: "qq")),
        Change(at: "model.merges.1", to: "Ġ Ġ", gives: .duplicateMerge(field: "model.merges[1]")),
        Change(at: "added_tokens", to: ["a": 1], gives: .wrongType(field: "added_tokens")),
        Change(at: "added_tokens.0.content", to: "", gives: .emptyAddedToken(field: "added_tokens[0]")),
        Change(at: "added_tokens.0.content", to: "<left>", gives: .duplicateAddedToken(content: "<left>")),
        Change(at: "added_tokens.0.lstrip", to: nil, gives: .missing(field: "added_tokens[0].lstrip")),
        Change(
            at: "added_tokens.0.id",
            to: 999,
            gives: .misnumberedAddedToken(content: "<step>", id: 999, expected: 306)
        ),
    ])
    func `another tokenizer is refused by name`(change: Change) throws {
        let original = try JSONValue(parsing: [UInt8](Data(contentsOf: Golden.file("tiny.tokenizer.json"))))
        let changed = change.path.isEmpty ? original : set(original, change.path[...], change.value)
        #expect(throws: change.error) { _ = try Tokenizer(parsing: changed.serialized()) }
    }

    @Test(arguments: [
        Change(at: "normalizer", to: nil), Change(at: "decoder", to: nil), Change(at: "post_processor", to: nil),
        Change(at: "post_processor", to: ["type": "Sequence", "processors": []]), Change(at: "added_tokens", to: []),
        Change(at: "added_tokens", to: nil), Change(at: "version", to: nil),
        Change(at: "truncation", to: ["max_length": 1]), Change(at: "model.dropout", to: 0.0),
        Change(at: "model.unk_token", to: "a"), Change(at: "model.ignore_merges", to: false),
        Change(at: "model.continuing_subword_prefix", to: nil), Change(at: "model.merges.0", to: ["Ġ", "Ġ"]),
        Change(at: "model.vocab.<s｜>", to: 1_048_575),
    ])
    func `what changes no text's ids is taken`(change: Change) throws {
        let original = try JSONValue(parsing: [UInt8](Data(contentsOf: Golden.file("tiny.tokenizer.json"))))
        var changed = set(original, change.path[...], change.value)
        // One more token in the vocabulary would number the added ones anew.
        if change.path.contains("vocab") { changed = set(changed, ["added_tokens"], []) }
        let tokenizer = try Tokenizer(parsing: changed.serialized())
        #expect(tokenizer.encode("  the aa") == (try Golden.tinyTokenizer()).encode("  the aa"))
    }

    @Test func `a token that no byte spells stands for its own text`() throws {
        let original = try JSONValue(parsing: [UInt8](Data(contentsOf: Golden.file("tiny.tokenizer.json"))))
        var changed = set(original, ["model", "vocab", "<s｜>"], 1_000_000)
        changed = set(changed, ["added_tokens"], [])
        let tokenizer = try Tokenizer(parsing: changed.serialized())
        #expect(tokenizer.bytes(of: 1_000_000) == Array("<s｜>".utf8))
        #expect(tokenizer.bytes(of: 999_999) == nil)
        #expect(tokenizer.idUpperBound == 1_000_001)
    }

    @Test func `two added tokens of one composed spelling are refused`() throws {
        let original = try JSONValue(parsing: [UInt8](Data(contentsOf: Golden.file("tiny.tokenizer.json"))))
        let tokens = try #require(original["added_tokens"]?.array)
        let index = try #require(
            tokens.firstIndex { $0["content"] == "e\u{301}t\u{E9}" }
        )
        let changed = set(original, ["added_tokens", String(index + 1), "content"], "\u{E9}te\u{301}")
        #expect(throws: TokenizerError.duplicateAddedToken(content: "\u{E9}t\u{E9}")) {
            _ = try Tokenizer(parsing: changed.serialized())
        }
    }

    @Test(arguments: ["", "{", "[]", "null", "{}", "\"x\"", "{\"model\":{}}", "{\"model\":{\"type\":\"BPE\"}}"])
    func `what is no tokenizer is refused`(text: String) {
        #expect(throws: TokenizerError.self) { _ = try Tokenizer(parsing: Array(text.utf8)) }
    }

    @Test func `a file, a token and a merge list over the limits are refused`() throws {
        let bytes = TokenizerLimits.fileBytes + 1
        #expect(throws: TokenizerError.tooLarge(field: "", count: bytes, limit: bytes - 1)) {
            _ = try Tokenizer(parsing: [UInt8](repeating: 0x20, count: bytes))
        }
        let original = try JSONValue(parsing: [UInt8](Data(contentsOf: Golden.file("tiny.tokenizer.json"))))
        for count in [TokenizerLimits.addedTokenBytes, TokenizerLimits.addedTokenBytes + 1] {
            let content = JSONValue.string(String(repeating: "x", count: count))
            let changed = set(original, ["added_tokens", "0", "content"], content).serialized()
            let isRefused = (try? Tokenizer(parsing: changed)) == nil
            #expect(isRefused == (count > TokenizerLimits.addedTokenBytes))
        }
        let merges = [JSONValue](repeating: "a b", count: TokenizerLimits.merges + 1)
        #expect(throws: TokenizerError.tooLarge(field: "model.merges", count: merges.count, limit: limit)) {
            _ = try Tokenizer(parsing: set(original, ["model", "merges"], .array(merges)).serialized())
        }
    }

    @Test(arguments: [1_024, 1_025])
    func `added tokens of more than a mebibyte together are refused`(count: Int) throws {
        let original = try JSONValue(parsing: [UInt8](Data(contentsOf: Golden.file("tiny.tokenizer.json"))))
        let first = try #require(original["model"]?["vocab"]?.object).count
        let flags = ["single_word", "lstrip", "rstrip", "normalized"].map { ($0, JSONValue.bool(false)) }
        let tokens = (0..<count).map { index -> JSONValue in
            let content = String(String(1_000_000 + index).reversed()) + String(repeating: "x", count: 1_017)
            return .object(JSONObject([("id", JSONValue(first + index)), ("content", .string(content))] + flags))
        }
        let file = set(original, ["added_tokens"], .array(tokens)).serialized()
        if count == 1_024 {
            #expect(try Tokenizer(parsing: file).count == first + count)
        } else {
            let error = TokenizerError.tooLarge(field: "added_tokens.content", count: 1_025 << 10, limit: 1 << 20)
            #expect(throws: error) { _ = try Tokenizer(parsing: file) }
        }
    }

    @Test func `a refusal shows no more of the file than a message can bear`() throws {
        let original = try JSONValue(parsing: [UInt8](Data(contentsOf: Golden.file("tiny.tokenizer.json"))))
        let long = String(repeating: "q", count: 201)
        let cut = String(long.dropLast()) + "..."
        let name = set(original, ["normalizer", "type"], .string(long)).serialized()
        #expect(throws: unsupported("normalizer", cut)) { _ = try Tokenizer(parsing: name) }
        let key = set(original, ["model", "vocab", long], -1).serialized()
        #expect(throws: TokenizerError.idOutOfRange(field: "model.vocab." + cut, id: -1)) {
            _ = try Tokenizer(parsing: key)
        }
    }

    /// Every prefix, and a changed byte at many places: an error or a tokenizer, and the process goes on.
    @Test func `a damaged file never traps`() throws {
        let bytes = [UInt8](try Data(contentsOf: Golden.file("tiny.tokenizer.json")))
        for end in stride(from: 0, to: bytes.count, by: 61) { _ = try? Tokenizer(parsing: Array(bytes[..<end])) }
        var random = SeededGenerator(seed: 5)
        for _ in 0..<300 {
            var damaged = bytes
            for _ in 0..<3 { damaged[Int.random(in: bytes.indices, using: &random)] = UInt8(random.next() & 0x7F) }
            if let tokenizer = try? Tokenizer(parsing: damaged) { _ = tokenizer.encode("the step 12 \u{E9}") }
        }
    }

    @Test(
        .enabled(if: Shared.isPresent, Comment(rawValue: Shared.skipped)),
        arguments: [("qwen2.5-prm", "<extra_0>"), ("qwen2.5", "<|quad_end|>")]
    )
    func `the real tokenizers load, with their marker`(name: String, marker: String) throws {
        let tokenizer = try Tokenizer(parsing: Shared.bytes("tokenizers/\(name).tokenizer.json"))
        #expect(tokenizer.count == 151_665)
        #expect(tokenizer.idUpperBound == 151_665)
        #expect(tokenizer.addedToken(marker) == 151_651)
    }

    @Test(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.skipped)))
    func `Mistral's tokenizer loads, with its opening and its halves`() throws {
        let tokenizer = try Tokenizer(parsing: Shared.bytes("tokenizers/mistral.tokenizer.json"))
        #expect(tokenizer.count == 32_000 && tokenizer.idUpperBound == 32_000)
        #expect(tokenizer.opening == [1] && tokenizer.closing == [])
        #expect(tokenizer.addedTokenIDs == [1, 2])
        #expect(tokenizer.bytes(of: 12_902) == Array(" ки".utf8))
        #expect(tokenizer.bytes(of: 13) == [0x0A])
    }
}

private let limit = 1 << 20
private let parts = "pre_tokenizer.pretokenizers"

private func unsupported(_ field: String, _ name: String) -> TokenizerError {
    .unsupportedComponent(field: field, name: name)
}

private func setting(_ field: String, _ value: String) -> TokenizerError {
    .unsupportedSetting(field: field, value: value)
}

/// One member of the tiny tokenizer.json set to another value, nil for none, and what comes of it.
struct Change: CustomTestStringConvertible, Sendable {
    let path: [String]
    let value: JSONValue?
    let error: TokenizerError

    init(at path: String, to value: JSONValue?, gives error: TokenizerError = .missing(field: "")) {
        self.path = path.split(separator: ".").map(String.init)
        self.value = value
        self.error = error
    }

    var testDescription: String { "\(path.joined(separator: ".")) = \(value.map { "\($0)" } ?? "absent")" }
}

/// The same value with one member, found by keys and indices, set or removed.
func set(_ value: JSONValue, _ path: ArraySlice<String>, _ new: JSONValue?) -> JSONValue {
    guard let key = path.first else { return new ?? nil }
    if var array = value.array, let index = Int(key) {
        array[index] = set(array[index], path.dropFirst(), new)
        return .array(array)
    }
    var object = value.object ?? JSONObject()
    object[key] = path.count == 1 ? new : set(object[key] ?? nil, path.dropFirst(), new)
    return .object(object)
}
