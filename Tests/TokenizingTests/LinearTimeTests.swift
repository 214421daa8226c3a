// Eight times the text must not take much more than eight times.
import Fixtures
import Glibc
import Testing
import Tokenizing

/// The runs on which tokenizers have been quadratic (reference/http-policy.md M10), and those of our own parts.
private let units = [
    "^", "0", "a", "'s", " ", "\n", " \n", " \n x", "=", "\r\n", "\u{301}", "\u{345}\u{334}", "e\u{301}", "\u{4E00}",
    "\u{1100}\u{1161}\u{11A8}", "<|im_end", "\u{1F600}", "\u{10FFFF}",
]

@Suite(.serialized) struct LinearTimeTests {
    @Test(arguments: units)
    func `time grows with the text`(unit: String) throws {
        let tokenizer = try Golden.tinyTokenizer()
        try expectLinear(unit) { tokenizer.encode($0).count }
    }

    /// The last two are tokens that take the white space in which the next begins.
    @Test(arguments: units + ["<right>  ", "  ", "  <left>", "<step", "word", "\n\n"])
    func `time with added tokens grows with the text`(unit: String) throws {
        let tokenizer = try Golden.tinyTokenizer()
        try expectLinear(unit) { tokenizer.encodeWithAddedTokens($0).count }
    }

    /// A text of these kinds is one piece; of the second, whose merges reach across words, it is merged as one.
    @Test(arguments: ["legacy", "never"], units + ["\u{2581}", "the ", "Q", "a "])
    func `time without a split pattern grows with the text`(name: String, unit: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        try expectLinear(unit) { tokenizer.encode($0).count }
    }

    @Test(arguments: ["tiny", "legacy"], [" ки", "a", "e\u{301}"])
    func `time grows with the number of texts that are joined`(name: String, unit: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        try expectLinear(unit) { text in
            let texts = [String](repeating: unit, count: text.utf8.count / unit.utf8.count)
            return tokenizer.encode(joining: texts).ends.count
        }
    }

    @Test(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.skipped)))
    func `a million scalars of each kind come back as they were`() throws {
        let tokenizer = try Tokenizer(parsing: Shared.bytes("tokenizers/qwen2.5-prm.tokenizer.json"))
        for unit in units {
            let text = String(repeating: unit, count: 1_000_000 / unit.unicodeScalars.count)
            let expected = tokenizer.normaliser.changed(text.utf8.span) ?? Array(text.utf8)
            var bytes: [UInt8] = []
            for id in tokenizer.encode(text) { bytes += tokenizer.bytes(of: id) ?? [] }
            #expect(bytes == expected, "\(unit.debugDescription)")
        }
    }
}

/// A quadratic part would take 64 times as long. Time is the thread's own, the least of three, so that other work on the
/// machine does not count.
private func expectLinear(_ unit: String, _ work: (String) -> Int) throws {
    let count = 16_384 / unit.utf8.count
    let (short, long) = (String(repeating: unit, count: count), String(repeating: unit, count: count * 8))
    func seconds(_ text: String) -> Double {
        (0..<3).map { _ in
            let start = threadSeconds()
            #expect(work(text) > 0)
            return threadSeconds() - start
        }.min() ?? 0
    }
    let ratio = seconds(long) / max(seconds(short), 1e-5)
    #expect(ratio < 24, "\(unit.debugDescription): \(ratio) times as long for 8 times the text")
}

private func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
