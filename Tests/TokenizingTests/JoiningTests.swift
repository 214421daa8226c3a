// Texts encoded as one, and where each of them ends.
import Fixtures
import Testing
import Tokenizing

@Suite struct JoiningTests {
    @Test(arguments: ["tiny", "unmerged", "legacy", "first", "always", "never"])
    func `the ids are those of the joined text, and every end is exact`(name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        var random = SeededGenerator(seed: 3)
        for _ in 0..<500 {
            let texts = (0..<Int.random(in: 0...5, using: &random)).map { _ in
                [
                    "", " ", "the step", " ки", "\n", "12 + 7", "\u{2581}a", "~", "e\u{301}", "aaa",
                    random.text(of: 0...6),
                ]
                .randomElement(using: &random) ?? ""
            }
            let joined = tokenizer.encode(joining: texts)
            #expect(joined.ids == tokenizer.encode(texts.joined()))
            #expect(joined.ends.count == texts.count)
            // NFC spells it otherwise, and `<unk>`, token 0 of those that have one, does not say what it stands for.
            guard tokenizer.normaliser != .nfc, name == "unmerged" || !joined.ids.contains(0) else { continue }
            for (index, end) in joined.ends.enumerated() {
                guard let end else { continue }
                let covered = String(
                    decoding: joined.ids[..<end].flatMap { tokenizer.bytes(of: $0) ?? [] },
                    as: UTF8.self
                )
                // Two newlines' bytes are one token of theirs, which decodes to its own spelling.
                let text = covered.replacing("<0x0A><0x0A>", with: "\n\n")
                let head = texts[...index].joined().replacing("\u{2581}", with: name == "unmerged" ? "\u{2581}" : " ")
                #expect(text.utf8.elementsEqual(head.utf8) || text.utf8.elementsEqual((" " + head).utf8))
            }
            #expect(texts.isEmpty || joined.ends.last == joined.ids.count)
        }
    }

    @Test(arguments: [
        // "▁ки" swallows the space before it, in whichever text that stands.
        (["step", " ки"], [["step"], [" ки"]]),
        (["the", " ки", "\n"], [["the"], [" ки"], ["\n"]]),
    ])
    func `a marker after a space is a token of its own`(texts: [String], parts: [[String]]) throws {
        let tokenizer = try Golden.tokenizer("legacy")
        let joined = tokenizer.encode(joining: texts)
        var start = 0
        for (end, part) in zip(joined.ends, parts) {
            let end = try #require(end)
            let text = joined.ids[start..<end].flatMap { tokenizer.bytes(of: $0) ?? [] }
            #expect(String(decoding: text, as: UTF8.self).hasSuffix(part.joined()))
            start = end
        }
    }

    @Test(arguments: ["tiny", "legacy"])
    func `a border within a token has no end`(name: String) throws {
        let joined = try Golden.tokenizer(name).encode(joining: ["the st", "ep", " the"])
        #expect(joined.ends[0] == nil)
        #expect(joined.ends[1] != nil)
        #expect(joined.ends[2] == joined.ids.count)
    }

    @Test func `a border that NFC may compose across has no end`() throws {
        let tokenizer = try Golden.tokenizer("tiny")
        let joined = tokenizer.encode(joining: ["the e", "\u{301}", " e\u{301}", " the"])
        #expect(joined.ids == tokenizer.encode("the e\u{301} e\u{301} the"))
        #expect(joined.ends == [nil, 3, 5, 6])
    }

    @Test func `after an unknown token only the end is known`() throws {
        let joined = try Golden.tokenizer("first").encode(joining: ["", "the", " Q", " the"])
        #expect(joined.ends == [0, nil, nil, joined.ids.count])
    }

    @Test func `nothing has no ids`() throws {
        let tokenizer = try Golden.tokenizer("legacy")
        #expect(tokenizer.encode(joining: []).ids == [] && tokenizer.encode(joining: []).ends == [])
        #expect(tokenizer.encode(joining: ["", ""]).ids == [])
        #expect(tokenizer.encode(joining: ["", ""]).ends == [0, 0])
    }
}
