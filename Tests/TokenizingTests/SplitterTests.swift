// Where text is cut, and what each scalar counts as.
import Testing
import Tokenizing

@Suite struct SplitterTests {
    @Test(arguments: [
        ("", []),
        ("Hello world", ["Hello", " world"]),
        ("don't DON'T it'Ll 'rest", ["don", "'t", " DON", "'T", " it", "'Ll", " '", "rest"]),
        ("'LLama 'relax", ["'LL", "ama", " '", "relax"]),
        ("'re've'd'm'k", ["'re", "'ve", "'d", "'m", "'k"]),
        ("'r", ["'r"]),
        ("'", ["'"]),
        ("'\u{17F}a", ["'\u{17F}", "a"]),
        ("'\u{17E}a", ["'\u{17E}a"]),
        ("2024 + 1", ["2", "0", "2", "4", " +", " ", "1"]),
        ("a   b", ["a", "  ", " b"]),
        ("a   ", ["a", "   "]),
        ("a \t\u{3000}1", ["a", " \t", "\u{3000}", "1"]),
        (" \t\n\n \t x", [" \t\n\n", " \t", " x"]),
        ("\r\n \r\nx", ["\r\n \r\n", "x"]),
        ("\tx\n\ty", ["\tx", "\n", "\ty"]),
        ("\t+", ["\t", "+"]),
        ("!\n\n\nx", ["!\n\n\n", "x"]),
        ("! \n", ["!", " \n"]),
        ("a\u{300}b", ["a", "\u{300}b"]),
        ("\u{300}\u{301}b", ["\u{300}\u{301}", "b"]),
        ("x\u{180E}\u{200B}\u{FEFF} ", ["x", "\u{180E}\u{200B}\u{FEFF}", " "]),
        ("\u{85}\u{A0}\u{2028}x", ["\u{85}\u{A0}", "\u{2028}x"]),
        ("½Ⅷ٤", ["½", "Ⅷ", "٤"]),
        ("👨‍👩‍👧!", ["👨‍👩‍👧!"]),
        ("<|im_end|>\n", ["<|", "im", "_end", "|>\n"]),
    ])
    func `the pieces are the pattern's`(text: String, pieces: [String]) {
        // Compared by scalars: `String ==` would take another spelling for the same.
        #expect(split(text).map { Array($0.unicodeScalars) } == pieces.map { Array($0.unicodeScalars) })
    }

    @Test(arguments: [
        ("1234567", ["123", "456", "7"]),
        ("12 + 7=19\n", ["12", " +", " ", "7", "=", "19", "\n"]),
        ("a12b½Ⅷ٤4", ["a", "12", "b", "½Ⅷ٤", "4"]),
        (" 12", [" ", "12"]),
        ("999", ["999"]),
        ("1000", ["100", "0"]),
    ])
    func `Llama-3's pattern takes up to three numbers at once`(text: String, pieces: [String]) {
        #expect(split(text, by: .llama3) == pieces)
        #expect(split(text, by: .qwen2).joined() == text)
    }

    @Test func `the scalars are those of Hugging Face's Unicode`() {
        var counts: [ScalarKind: Int] = [:]
        var words = 0
        for scalar in UInt32(0)..<0x110000 {
            counts[ScalarTable.shared[scalar].kind, default: 0] += 1
            if ScalarTable.shared[scalar].isWord { words += 1 }
        }
        #expect(counts[.letter] == 141_028)
        #expect(counts[.number] == 1_911)
        #expect((counts[.space] ?? 0) + (counts[.newline] ?? 0) == 25)
        #expect(counts[.newline] == 2)
        #expect(words == 144_667)
    }

    @Test func `what is beyond Unicode is nothing`() {
        #expect(ScalarTable.shared[.max].kind == .other)
        #expect(ScalarTable.shared[0x110000].combiningClass == 0)
    }
}

private func split(_ text: String, by pattern: SplitPattern = .qwen2) -> [String] {
    let splitter = Splitter(pattern: pattern)
    let bytes = Array(text.utf8)
    var pieces: [String] = []
    var start = 0
    while start < bytes.count {
        let end = splitter.pieceEnd(bytes.span, from: start)
        pieces.append(String(decoding: bytes[start..<end], as: UTF8.self))
        start = end
    }
    return pieces
}
