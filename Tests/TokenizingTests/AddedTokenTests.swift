// Added tokens: found where they are looked for, and text elsewhere.
import JSON
import Testing
import Tokenizing

@Suite struct AddedTokenTests {
    /// Promise P3, at every place of a text.
    @Test(arguments: ["<step>", "<step>+", "<|im_end|>", "word", "\n\n", "  ", "one two", "étés"])
    func `ordinary text never gives an added token`(token: String) throws {
        let tokenizer = try Golden.tinyTokenizer()
        let added = Set(Self.contents.compactMap { tokenizer.addedToken($0) })
        let scalars = Array("a b\n\u{301}é 12".unicodeScalars)
        for place in 0...scalars.count {
            var text = String.UnicodeScalarView(scalars[..<place])
            text.append(contentsOf: token.unicodeScalars)
            text.append(contentsOf: scalars[place...])
            #expect(added.isDisjoint(with: tokenizer.encode(String(text))))
        }
    }

    @Test(arguments: [
        ("a<step>b", ["a", "<step>", "b"]),
        ("<step>+<step>", ["<step>+", "<step>"]),
        ("<step><step", ["<step>", "<step"]),
        ("a \t<left>\tb", ["a", "<left>", "\tb"]),
        ("a  <left>  b", ["a", "  ", "<left>", "  ", "b"]),
        ("a \n <right> \n b", ["a \n ", "<right>", "b"]),
        (" <both> <both> ", ["<both>", "<both>"]),
        ("word words sword word.", ["word", " words sword ", "word", "."]),
        ("_word wordé 1word", ["_word wordé 1word"]),
        // The first takes all the white space; the second begins in it and counts again, as in Hugging Face.
        ("<right>\n\n", ["<right>", "\n\n"]),
        ("<right> \n\n x", ["<right>", "\n\n", "x"]),
        ("<right>\t  \t x", ["<right>", "  ", "\t x"]),
        ("e\u{301}te\u{301}", ["e\u{301}t\u{E9}"]),
        ("", []),
    ])
    func `tokens are the leftmost and the longest, with their white space`(text: String, parts: [String]) throws {
        let tokenizer = try Golden.tinyTokenizer()
        let expected = parts.flatMap { tokenizer.addedToken($0).map { [$0] } ?? tokenizer.encode($0) }
        #expect(tokenizer.encodeWithAddedTokens(text) == expected)
    }

    @Test func `an added token is asked for by its exact bytes`() throws {
        let tokenizer = try Golden.tinyTokenizer()
        #expect(tokenizer.addedToken("e\u{301}t\u{E9}") != nil)
        #expect(tokenizer.addedToken("\u{E9}t\u{E9}") == nil)
        #expect(tokenizer.addedToken("<step") == nil)
        #expect(tokenizer.addedToken("") == nil)
    }

    @Test func `the bytes of an added token are its content`() throws {
        let tokenizer = try Golden.tinyTokenizer()
        for content in Self.contents {
            let id = try #require(tokenizer.addedToken(content))
            #expect(tokenizer.bytes(of: id) == Array(content.utf8))
        }
    }

    private static let contents = [
        "<step>", "<step>+", "<left>", "<right>", "<both>", "word", "\n\n", "e\u{301}t\u{E9}", "\u{1100}\u{1161}", "  ",
        "one two", "<|im_end|>", "\u{301}",
    ]
}
