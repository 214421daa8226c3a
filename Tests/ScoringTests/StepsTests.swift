// Steps are cut where the caller means, and every byte is accounted for.
import Scoring
import Testing

@Suite struct StepsTests {
    @Test(arguments: [
        ("First.\n\nSecond.", "\n\n", ["First.", "Second."], [0..<6, 8..<15]),
        ("a\n\n\n\nb", "\n\n", ["a", "b"], [0..<1, 5..<6]),
        ("a\n\n\nb", "\n\n", ["a", "\nb"], [0..<1, 3..<5]),
        ("\n\na\n\n", "\n\n", ["a"], [2..<3]),
        ("a\n \nb\n", "\n", ["a", "b"], [0..<1, 4..<5]),
        ("\u{e9}|\u{1F642}|x", "|", ["\u{e9}", "\u{1F642}", "x"], [0..<2, 3..<7, 8..<9]),
        ("a\r\nb", "\n", ["a\r", "b"], [0..<2, 3..<4]),
        ("whole", "\n\n", ["whole"], [0..<5]),
        ("xababy", "abab", ["x", "y"], [0..<1, 5..<6]),
        (" \u{a0}", "\n", [" \u{a0}"], [0..<3]),
    ])
    func `a response is split at its separator and blank pieces are no steps`(
        response: String,
        separator: String,
        texts: [String],
        spans: [Range<Int>]
    ) throws {
        let own = try Steps(.response(response, separator: separator), separator: "unused")
        #expect(own.texts.map { Array($0.utf8) } == texts.map { Array($0.utf8) })
        #expect(own.spans == spans)
        #expect(try Steps(.response(response, separator: nil), separator: separator) == own)
    }

    @Test(arguments: ["", "\n", " \n\n\t\r\n"])
    func `a response of nothing but white space has no step`(response: String) {
        #expect(throws: ScoringError.emptySteps) { try Steps(.response(response, separator: nil), separator: "\n\n") }
    }

    @Test func `a list is taken as it is, empty and blank steps too`() throws {
        let steps = try Steps(.list(["", "ab", " ", "\u{e9}"]), separator: "\n")
        #expect(steps.texts.count == 4)
        #expect(steps.spans == [0..<0, 0..<2, 2..<3, 3..<5])
        #expect(throws: ScoringError.emptySteps) { try Steps(.list([]), separator: "\n") }
    }

    @Test func `steps beside a response are found in it, in order`() throws {
        let steps = try Steps(.listIn(response: "one two one", steps: ["one", "one"]), separator: "\n")
        #expect(steps.spans == [0..<3, 8..<11])
        #expect(throws: ScoringError.stepNotInResponse(step: 1)) {
            try Steps(.listIn(response: "one two", steps: ["two", "one"]), separator: "\n")
        }
        // Composed and decomposed letters are different bytes.
        #expect(throws: ScoringError.stepNotInResponse(step: 0)) {
            try Steps(.listIn(response: "e\u{301}", steps: ["\u{e9}"]), separator: "\n")
        }
    }

    @Test func `finding and splitting are linear in the worst text`() throws {
        // A naive search would need 4 * 10^10 comparisons here, minutes instead of a moment.
        let text = String(repeating: "a", count: 400_000)
        let needle = String(repeating: "a", count: 200_000) + "b"
        #expect(throws: ScoringError.stepNotInResponse(step: 0)) {
            try Steps(.listIn(response: text, steps: [needle]), separator: "\n")
        }
        #expect(try Steps(.response(text, separator: needle), separator: "\n").texts.count == 1)
        let many = String(repeating: "a\n\n", count: 100_000)
        #expect(try Steps(.response(many, separator: nil), separator: "\n\n").texts.count == 100_000)
    }
}
