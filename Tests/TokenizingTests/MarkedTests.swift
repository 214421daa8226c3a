// Tokenizers of SentencePiece's kind: marks, bytes, unknowns.
import Foundation
import JSON
import Testing
import Tokenizing

@Suite struct MarkedTests {
    @Test func `tokens stand for what they decode to`() throws {
        let tokenizer = try Golden.tokenizer("legacy")
        func text(_ id: Int32?) -> String? {
            id.flatMap(tokenizer.bytes(of:)).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(text(tokenizer.encode("step").first) == " step")
        #expect(tokenizer.bytes(of: 3) == [0])
        #expect(tokenizer.bytes(of: 3 + 255) == [255])
        #expect(text(tokenizer.addedToken("<s>")) == "<s>")
    }

    @Test(arguments: [
        ("a", ["\u{2581}a"]),
        ("", []),
        (" ", ["\u{2581}\u{2581}"]),
        ("\u{2581}", ["\u{2581}\u{2581}"]),
        ("ab\n", ["\u{2581}a", "b", "<0x0A>"]),
        ("Q~", ["\u{2581}", "<0x51>", "<0x7E>"]),
        ("\u{6F22}", ["\u{2581}", "<0xE6>", "<0xBC>", "<0xA2>"]),
        ("\n\n", ["\u{2581}", "<0x0A><0x0A>"]),
    ])
    func `Llama-2's kind marks each text, and falls back on bytes`(text: String, tokens: [String]) throws {
        try expect(text, tokens, by: "legacy")
    }

    @Test(arguments: [
        // One unknown token for a run, and none of the waiting ones is lost.
        ("first", "Q~a", ["\u{2581}", "<unk>", "a"]),
        ("first", " a", ["\u{2581}a"]),
        // Two, and the newline's byte stands before the unknown that waits for a known character.
        ("always", "\u{6F22}\u{6F22}a", ["\u{2581}", "<unk>", "<unk>", "a"]),
        ("always", "\u{6F22}\na", ["\u{2581}", "<0x0A>", "<unk>", "a"]),
        ("always", "a  b", ["\u{2581}a", "\u{2581}", "\u{2581}", "b"]),
        ("never", "a b", ["a\u{2581}", "b"]),
        ("never", ". ", [".\u{2581}"]),
    ])
    func `the other kinds do as they say`(name: String, text: String, tokens: [String]) throws {
        try expect(text, tokens, by: name)
    }

    @Test(arguments: [("tiny", [], []), ("legacy", [1], [2]), ("unmerged", [], [])] as [(String, [Int32], [Int32])])
    func `what the post-processor adds is told and not added`(name: String, opening: [Int32], closing: [Int32]) throws {
        let tokenizer = try Golden.tokenizer(name)
        #expect(tokenizer.opening == opening && tokenizer.closing == closing)
        #expect(!tokenizer.encodeWithAddedTokens("the").contains { opening.contains($0) || closing.contains($0) })
    }

    @Test func `the halves of a token are those of its first merge`() throws {
        let tokenizer = try Golden.tokenizer("tiny")
        let names = try vocabulary("tiny")
        func halves(_ token: String) -> [String]? {
            guard let id = names.firstIndex(of: token), let halves = tokenizer.halves(of: Int32(id)) else { return nil }
            return [names[Int(halves.left)], names[Int(halves.right)]]
        }
        #expect(halves("the") == ["th", "e"])
        // Both "ab c" and "a bc" make it; the first is listed earlier.
        #expect(halves("abc") == ["ab", "c"])
        #expect(halves("a") == nil)
        #expect(tokenizer.halves(of: -1) == nil && tokenizer.halves(of: .max) == nil)
        for id in tokenizer.addedTokenIDs { #expect(tokenizer.halves(of: id) == nil) }
    }

    @Test(arguments: ["tiny", "unmerged", "legacy", "first", "always", "never"])
    func `two halves are as long as the whole`(name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        let names = try vocabulary(name)
        for id in 0..<Int32(tokenizer.idUpperBound) {
            // A byte token is one byte, but its merges are of its spelling.
            guard let halves = tokenizer.halves(of: id), names[Int(id)] != "<0x0A><0x0A>" else { continue }
            let left = tokenizer.bytes(of: halves.left) ?? []
            let right = tokenizer.bytes(of: halves.right) ?? []
            #expect(!left.isEmpty && !right.isEmpty && left + right == tokenizer.bytes(of: id))
        }
    }

    @Test func `added tokens' ids ascend`() throws {
        let ids = try Golden.tokenizer("legacy").addedTokenIDs
        #expect(ids == ids.sorted() && Array(ids.prefix(3)) == [0, 1, 2])
    }

    private func vocabulary(_ name: String) throws -> [String] {
        let file = try JSONValue(parsing: [UInt8](Data(contentsOf: Golden.file("\(name).tokenizer.json"))))
        let tokens = try #require(file["model"]?["vocab"]?.object)
        var names: [String] = []
        for (token, id) in tokens {
            #expect(id.integer == names.count)
            names.append(token)
        }
        return names
    }

    private func expect(_ text: String, _ tokens: [String], by name: String) throws {
        let names = try vocabulary(name)
        #expect(try Golden.tokenizer(name).encode(text).map { names[Int($0)] } == tokens)
    }
}
