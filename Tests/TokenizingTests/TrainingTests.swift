// A tokenizer made from texts loads, and merges what stood together.
import Fixtures
import JSON
import Testing
import Tokenizing

private let texts = ["hug hug hug hug hug", "pug pug pug", "bun bun", "hugs hugs", "12 + 7 = 19", "12 + 7 = 19"]

@Suite struct TrainingTests {
    private func merges(_ file: [UInt8]) throws -> [String] {
        let merges = try JSONValue(parsing: file)["model"]?["merges"]?.array ?? []
        return merges.map { ($0.array ?? []).compactMap(\.string).joined(separator: " ") }
    }

    /// The list is what the `BpeTrainer` of Hugging Face `tokenizers` 0.23.3 learns, `min_frequency` being 2.
    @Test func `the most frequent pair merges first, of equals the one with the lesser ids`() throws {
        let learnt = try merges(trainedTokenizer(on: texts, vocabulary: 10_000))
        #expect(learnt == ["u g", "h ug", "Ġ hug", "p ug", "1 2", "1 9", "b u", "Ġ +", "Ġ =", "Ġ pug", "bu n"])
    }

    @Test func `it has as many tokens as were asked for, and the special one after them`() throws {
        for (asked, count) in [(0, 256), (256, 256), (260, 260), (10_000, 267)] {
            let tokenizer = try Tokenizer(parsing: trainedTokenizer(on: texts, vocabulary: asked))
            #expect(tokenizer.count == count + 1 && tokenizer.idUpperBound == count + 1)
            #expect(tokenizer.addedToken("<|endoftext|>") == Int32(count))
        }
    }

    @Test func `texts in another order give the same bytes`() throws {
        let file = trainedTokenizer(on: texts, vocabulary: 300)
        #expect(trainedTokenizer(on: texts.reversed(), vocabulary: 300) == file)
        #expect(trainedTokenizer(on: ["bun bun"] + texts.filter { $0 != "bun bun" }, vocabulary: 300) == file)
    }

    @Test func `no merge crosses a piece, and three digits are one`() throws {
        let texts = Array(repeating: "1234 1234 don't don't", count: 10)
        let tokenizer = try Tokenizer(parsing: trainedTokenizer(on: texts, vocabulary: 10_000))
        let tokens = tokenizer.encode("1234 don't").map {
            String(decoding: tokenizer.bytes(of: $0) ?? [], as: UTF8.self)
        }
        #expect(tokens == ["123", "4", " don", "'t"])
    }

    @Test func `random texts make files that load, and text comes back`() throws {
        var generator = SeededGenerator(seed: 5)
        let letters = Array("aabbc 12\n'é\u{301}漢字😀".unicodeScalars)
        for _ in 0..<200 {
            let texts = (0..<20).map { _ in
                let length = Int.random(in: 0...40, using: &generator)
                return String(
                    String.UnicodeScalarView((0..<length).compactMap { _ in letters.randomElement(using: &generator) })
                )
            }
            let tokenizer = try Tokenizer(parsing: trainedTokenizer(on: texts, vocabulary: 400))
            for text in texts {
                let bytes = tokenizer.encode(text).flatMap { tokenizer.bytes(of: $0) ?? [] }
                #expect(bytes == tokenizer.normaliser.changed(text.utf8.span) ?? Array(text.utf8))
            }
        }
    }
}
