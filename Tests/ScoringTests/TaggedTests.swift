// Text with the model's step tags in it scores as its steps do.
import Checkpoints
import Crediting
import Fixtures
import Scoring
import Testing
import Tokenizing
import Transformers

private let prompt = "What is 2+3?"
private let steps = ["2 + 3 = 5", "So it is 5."]
private let system = #"Please reason step by step, and put your final answer within \boxed{}."#

extension Template {
    fileprivate func rendered(_ prompt: String, _ steps: [String]) throws -> TokenSequence {
        try render(.text(prompt), steps: Steps(.list(steps), separator: "\n")).sequence
    }

    fileprivate func tagged(_ input: TaggedInput) throws -> TokenSequence { try render(.tagged(input)).sequence }
}

@Suite struct TaggedRenderingTests {
    private static let tagging: [Family] = [
        .qwenPRM, .reasonFlux, .trl, .pure, .mathMinos, .mathShepherd, .versaPRM, .mathPSA, .medPRM,
    ]
    private static let untagging: [Family] = [.reasonEval, .rlhflow, .fover]

    @Test func `every family has one tag, none, or is read once`() {
        let readOnce: [Family] = [.qwenRM, .sequenceClassification]
        // Skywork's tag is a newline, and one stands behind its question too.
        #expect(Set(Self.tagging + Self.untagging + readOnce + [.skywork]) == Set(Family.allCases))
    }

    @Test(arguments: tagging)
    func `a rollout written out is the rollout, id for id`(family: Family) throws {
        let toy = try ToyTemplate(family)
        let expected = try toy.template.rendered(prompt, steps)
        let text = String(decoding: expected.ids.flatMap { toy.tokenizer.bytes(of: $0) ?? [] }, as: UTF8.self)
        #expect(try toy.template.tagged(.text(text, addsSpecialTokens: false)) == expected)
        #expect(try toy.template.tagged(.ids(expected.ids)) == expected)
    }

    @Test func `Skywork's lines are read at each newline`() throws {
        let template = try ToyTemplate(.skywork).template
        let expected = try template.rendered("Q", steps)
        let tagged = try template.tagged(.text("<|im_start|>Q\n\(steps[0])\n\(steps[1])\n", addsSpecialTokens: true))
        #expect(tagged.ids == expected.ids && tagged.readPositions.suffix(2) == expected.readPositions[...])
        #expect(tagged.readPositions.count == 3)
    }

    @Test(arguments: [Family.qwenPRM, .reasonFlux], [[], [Message(role: "system", content: "Be brief.")]])
    func `a conversation that ends in tagged steps is the rollout, id for id`(
        family: Family,
        before: [Message]
    ) throws {
        let template = try ToyTemplate(family).template
        let question = before + [Message(role: "user", content: prompt)]
        for steps in [steps, ["\n a"], [" ", "b\n"], [""]] {
            let answer = Message(role: "assistant", content: steps.map { $0 + "<extra_0>" }.joined())
            let expected = try template.render(.messages(question), steps: Steps(.list(steps), separator: "\n"))
            #expect(
                try template.tagged(.messages(question + [answer], addsSpecialTokens: false)) == expected.sequence
            )
        }
    }

    @Test(arguments: [ChatFormat(.chatML), ChatFormat(.thinkingChatML), ChatFormat(.datedLlama3)])
    func `a model that reads once reads a conversation, its text and its ids at their end`(chat: ChatFormat) throws {
        let toy = try ToyTemplate(.sequenceClassification, chat: chat, padding: "<|endoftext|>")
        let expected = try toy.template.rendered(prompt, ["5."])
        let messages = [Message(role: "user", content: prompt), Message(role: "assistant", content: "5.")]
        #expect(try toy.template.tagged(.messages(messages, addsSpecialTokens: false)) == expected)
        let padding = try #require(toy.tokenizer.addedToken("<|endoftext|>"))
        let padded = try toy.template.tagged(.ids(expected.ids + [padding, padding]))
        #expect(padded.readPositions == expected.readPositions)
        #expect(try toy.template.tagged(.ids([padding])).readPositions == [0])
        #expect(throws: ScoringError.emptySteps) { try toy.template.tagged(.text("", addsSpecialTokens: true)) }
    }

    @Test(arguments: untagging)
    func `a template without one tag says so`(family: Family) throws {
        let template = try ToyTemplate(family).template
        #expect(throws: ScoringError.noTag(profile: family.rawValue)) {
            try template.tagged(.text("a\n", addsSpecialTokens: true))
        }
    }

    @Test func `a joiner of several tokens is no tag`() throws {
        var profile = Family.trl.profile
        profile.template.joiner = "\n#"
        let template = try Template(profile: profile, tokenizer: Toy.tokenizer())
        #expect(throws: ScoringError.noTag(profile: "trl")) { try template.tagged(.ids([1])) }
    }

    @Test(arguments: [(Family.qwenPRM, "<extra_0>"), (.mathShepherd, " ки"), (.trl, "\n")])
    func `text without the tag says so`(family: Family, tag: String) throws {
        let template = try ToyTemplate(family).template
        for input in [
            TaggedInput.text("Step 1.", addsSpecialTokens: true), .text("", addsSpecialTokens: true), .ids([]),
        ] {
            #expect(throws: ScoringError.untagged(tag: tag)) { try template.tagged(input) }
        }
    }

    @Test func `a template without turns takes no conversation`() throws {
        let template = try ToyTemplate(.mathShepherd).template
        #expect(throws: ScoringError.unsupportedMessages(profile: "math-shepherd")) {
            try template.tagged(.messages([Message(role: "user", content: "a ки")], addsSpecialTokens: false))
        }
    }
}

@Suite struct TaggedScoringTests {
    /// A model, its profile, and the rollout as its users would write it.
    private static func text(_ profile: String) -> String {
        switch profile {
        case "qwen-prm":
            "<|im_start|>system\n\(system)<|im_end|>\n<|im_start|>user\n\(prompt)<|im_end|>\n"
                + "<|im_start|>assistant\n\(steps[0])<extra_0>\(steps[1])<extra_0><|im_end|>\n"
        default: "\(prompt) Step 1: \(steps[0]) ки\nStep 2: \(steps[1]) ки"
        }
    }

    /// The rewards of the steps, and of every way to write them out, bit for bit.
    private func check(_ folder: TemporaryFolder, profile: String?, text: String?) async throws {
        let scorer = try Scorer(
            checkpoint: Checkpoint(folder: folder.path),
            source: profile.map { .name($0) }
        )
        let plain = Rollout(prompt: .text(prompt), source: .list(steps))
        let expected = try scorer.render(plain).sequence
        var inputs = [TaggedInput.ids(expected.ids)]
        if let text { inputs.append(.text(text, addsSpecialTokens: true)) }
        if scorer.profile.template.kind == .chatMarker {
            let answer = steps.map { $0 + scorer.profile.template.marker }.joined()
            let messages = [Message(role: "user", content: prompt), Message(role: "assistant", content: answer)]
            inputs += [false, true].map { .messages(messages, addsSpecialTokens: $0) }
        }
        let results = try await scorer.score([plain] + inputs.map { Rollout(.tagged($0)) }, credit: .standard)
        let first = try results[0].get()
        for result in results.dropFirst() {
            let tagged = try result.get()
            #expect(tagged.tokenIDs == expected.ids && tagged.readPositions == expected.readPositions)
            #expect(tagged.steps.map(\.reward) == first.steps.map(\.reward))
            #expect(tagged.steps.allSatisfy { $0.span == nil } && tagged.credit == first.credit)
        }
    }

    @Test(arguments: [("tiny-prm", "qwen-prm"), ("tiny-trl", nil), ("tiny-mistral", "math-shepherd")])
    func `our goldens give tagged text the rewards of its steps, bit for bit`(name: String, profile: String?)
        async throws
    {
        try await check(golden(name), profile: nil, text: profile.map(Self.text))
    }

    @Test(
        .enabled(if: Shared.isPresent, Comment(rawValue: Shared.skipped)),
        arguments: [
            ("qwen-prm", nil, "qwen-prm"), ("trl-prm", nil, nil), ("trl-prm", "pure", nil),
            ("math-shepherd", "math-shepherd", "math-shepherd"),
        ]
    )
    func `real vocabularies do too`(name: String, profile: String?, text: String?) async throws {
        try await check(fixtureCheckpoint(name), profile: profile, text: text.map(Self.text))
    }

    @Test func `a beginning that the text brings is not put there twice`() async throws {
        let scorer = try Scorer(checkpoint: Checkpoint(folder: golden("tiny-mistral").path))
        func ids(_ text: String, _ addsSpecialTokens: Bool) throws -> [Int32] {
            try scorer.render(Rollout(.tagged(.text(text, addsSpecialTokens: addsSpecialTokens)))).sequence.ids
        }
        let text = Self.text("math-shepherd")
        let added = try ids(text, true)
        #expect(added.first == 1 && added.count { $0 == 1 } == 1)
        #expect(try ids("<s>" + text, true) == added && ids("<s>" + text, false) == added)
        #expect(try ids(text, false) == Array(added.dropFirst()))
    }

    @Test func `ids and lengths are checked as in any raw rollout`() async throws {
        let scorer = try Scorer(checkpoint: Checkpoint(folder: golden("tiny-prm").path))
        let (limit, rows) = (scorer.facts.maximumTokens, scorer.facts.vocabularyRows)
        let marker = try #require(
            try scorer.render(Rollout(prompt: .text(prompt), source: .list(steps))).sequence.ids.last { $0 == 355 }
        )
        func refusal(_ input: TaggedInput) async throws -> ScoringError? {
            guard case .failure(let error) = try await scorer.score([Rollout(.tagged(input))], credit: .standard)[0]
            else { return nil }
            return error
        }
        #expect(try await refusal(.ids([marker, -1])) == .idOutOfRange(position: 1, rows: rows))
        #expect(try await refusal(.ids([marker, Int32(rows)])) == .idOutOfRange(position: 1, rows: rows))
        let long = [Int32](repeating: marker, count: limit + 1)
        #expect(try await refusal(.ids(long)) == .tooLong(tokens: limit + 1, limit: limit))
        #expect(try await refusal(.ids(long.dropLast())) == nil)
    }

    @Test func `a conversation that ends with its user is closed and read too`() throws {
        let scorer = try Scorer(checkpoint: Checkpoint(folder: golden("tiny-prm").path))
        let user = Message(role: "user", content: "a<extra_0>")
        let sequence = try scorer.render(Rollout(.tagged(.messages([user], addsSpecialTokens: false)))).sequence
        #expect(sequence.readPositions.count == 1)
    }
}
