// Random conversations in every template come back.
import Fixtures
import Testing
import Transcripts

@Suite struct RandomTests {
    private static let rounds = 150

    private func check(
        _ template: PolicyTemplate,
        seed: UInt64,
        _ body: (inout SeededGenerator, Written) throws -> Void
    ) throws {
        var chance = SeededGenerator(seed: seed)
        for _ in 0..<Self.rounds {
            let turns = chance.conversation(in: template)
            try body(&chance, Written(turns, in: template))
        }
    }

    private func expect(
        _ text: String,
        after prompt: String?,
        gives answer: String,
        to written: Written,
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let transcript = try Transcript(cutting: text, after: prompt)
        let hint = Comment(rawValue: "\(text.debugDescription) after \((prompt ?? "nil").debugDescription)")
        #expect(transcript.question == .turns(written.turns), hint, sourceLocation: location)
        #expect(transcript.response.utf8.elementsEqual(answer.utf8), hint, sourceLocation: location)
        #expect(Array(text.utf8)[transcript.span].elementsEqual(answer.utf8), hint, sourceLocation: location)
    }

    @Test(arguments: PolicyTemplate.allCases)
    func `an answer of whatever text comes back with the prompt known`(template: PolicyTemplate) throws {
        try check(template, seed: 1) { chance, written in
            let answer = chance.answer()
            try expect(written.prompt + answer + chance.padding(), after: written.prompt, gives: answer, to: written)
            let trimmed = chance.padding() + written.prompt + answer
            try expect(trimmed, after: chance.padding() + written.prompt, gives: answer, to: written)
        }
    }

    @Test(arguments: PolicyTemplate.allCases)
    func `an answer that ends no turn comes back without the prompt`(template: PolicyTemplate) throws {
        try check(template, seed: 2) { chance, written in
            let answer = chance.answer(without: template.ends)
            try expect(written.prompt + answer + chance.padding(), after: nil, gives: answer, to: written)
            try expect(chance.padding() + written.prompt + answer, after: nil, gives: answer, to: written)
        }
    }

    /// Cut anywhere between two scalars before the last header.
    @Test(arguments: PolicyTemplate.allCases)
    func `a prompt without its beginning is found`(template: PolicyTemplate) throws {
        try check(template, seed: 3) { chance, written in
            let scalars = Array(written.prompt.unicodeScalars)
            let last = String(decoding: written.prompt.utf8.suffix(written.header), as: UTF8.self).unicodeScalars.count
            let cut = Int.random(in: 0...(scalars.count - last), using: &chance)
            var rest = String.UnicodeScalarView()
            rest.append(contentsOf: scalars[cut...])
            let answer = chance.answer()
            try expect(chance.padding() + String(rest) + answer, after: written.prompt, gives: answer, to: written)
        }
    }

    /// The tokenizer changes the end of every turn, so that nothing but the headers is as it was.
    @Test(arguments: PolicyTemplate.allCases)
    func `a changed prompt is found, whatever the answer holds`(template: PolicyTemplate) throws {
        try check(template, seed: 4) { chance, written in
            let changed = Written(written.turns.map { Turn($0.role, $0.content + "!") }, in: template)
            let answer = chance.answer() + (template.ends.first ?? "") + written.prompt + chance.answer()
            try expect(changed.prompt + answer, after: written.prompt, gives: answer, to: written)
        }
    }

    @Test(arguments: PolicyTemplate.allCases)
    func `prompt and response that came apart give the same`(template: PolicyTemplate) throws {
        try check(template, seed: 5) { chance, written in
            let (answer, padding) = (chance.answer(), chance.padding())
            let apart = try Transcript(prompt: written.prompt, response: answer + padding)
            let whole = try Transcript(cutting: written.prompt + answer + padding, after: written.prompt)
            #expect(apart.question == whole.question)
            #expect(apart.response.utf8.elementsEqual(whole.response.utf8))
            #expect(apart.span == 0..<answer.utf8.count)
        }
    }

    @Test(arguments: PolicyTemplate.allCases)
    func `the beginnings of a text never trap, and what they give lies in them`(template: PolicyTemplate) throws {
        var chance = SeededGenerator(seed: 6)
        let written = Written(chance.conversation(in: template), in: template)
        let scalars = Array((chance.padding() + written.prompt + chance.answer() + chance.padding()).unicodeScalars)
        for end in 0...scalars.count {
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars[..<end])
            let text = String(view)
            for prompt in [nil, written.prompt, String(written.prompt.dropFirst(3)), text, "alpha"] {
                guard let transcript = try? Transcript(cutting: text, after: prompt) else { continue }
                #expect(Array(text.utf8)[transcript.span].elementsEqual(transcript.response.utf8))
            }
            _ = try? Transcript(prompt: text, response: text)
        }
    }
}
