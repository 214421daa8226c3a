// Two language models together, and what each needs.
import Checkpoints
import JSON
import Scoring
import Testing

@Suite struct LanguagePairTests {
    @Test func `log-ratios are differences of the two models' own numbers, by token, step and rollout`() async throws {
        let other = try variant(
            of: "tiny-prm",
            weights: { bytes in
                for place in stride(from: bytes.count - 4000, to: bytes.count - 2000, by: 2) { bytes[place] ^= 0x55 }
            }
        )
        let policy = try languageModel("tiny-prm")
        let reference = try LanguageModelScorer(checkpoint: other, role: .reference)
        let models = LanguageModels(policy: policy, reference: reference)
        let request = SignalRequest(policyText(), wantsLogRatios: true)
        let found = try await models.signals(for: [SignalRequest(policyText(), wantsTokens: true), request])
        let ratios = try #require(try found[1].get().logRatios)
        #expect(try found[0].get().logRatios == nil && found[1].get().tokens == nil)
        let own = try await policy.signals(for: [SignalRequest(policyText(), wantsTokens: true)])[0].get()
        let others = try await reference.signals(for: [SignalRequest(policyText(), wantsTokens: true)])[0].get()
        let (left, right) = (own.tokens?.logprobs ?? [], others.tokens?.logprobs ?? [])
        #expect(ratios.tokens == zip(left, right).map { $0 - $1 } && ratios.tokens.contains { abs($0) > 1e-3 })
        for (span, step) in zip(own.tokenSpans, ratios.steps) {
            let sum = ratios.tokens[span].reduce(0, +)
            #expect(step.sum == sum && step.mean == sum / Double(span.count))
        }
        #expect(abs(ratios.rollout.sum - ratios.steps.reduce(0) { $0 + $1.sum }) < 1e-12)
        #expect(ratios.rollout.mean == ratios.rollout.sum / Double(ratios.tokens.count))
    }

    @Test func `a reference reads the policy's ids, whatever its own folder says of chats`() async throws {
        let stranger = try variant(of: "tiny-prm", chatTemplate: "a chat that is not written out here")
        #expect(try !LanguagePlan(checkpoint: stranger).hasChat)
        let models = LanguageModels(
            policy: try languageModel("tiny-prm"),
            reference: try LanguageModelScorer(checkpoint: stranger, role: .reference)
        )
        let chat = Prompt.messages([Message(role: "user", content: "Add 1 to 9.")])
        let requests = [
            SignalRequest(policyText("", ["a"]), wantsLogRatios: true),
            SignalRequest(.text(chat, .list(twoSteps), separator: "\n"), wantsLogRatios: true),
            SignalRequest(policyText("Add 1 to 9.", []), wantsLogRatios: true),
            SignalRequest(policyText(), wantsLogRatios: true),
        ]
        let found = try await models.signals(for: requests)
        #expect(throws: ScoringError.emptyPrompt) { try found[0].get() }
        #expect(throws: ScoringError.emptySteps) { try found[2].get() }
        for place in [1, 3] {
            let ratios = try #require(try found[place].get().logRatios)
            #expect(!ratios.tokens.isEmpty && ratios.tokens.allSatisfy { $0 == 0 })
        }
    }

    @Test func `what needs a model that is not loaded names it`() async throws {
        let request = SignalRequest(policyText(), wantsLogRatios: true)
        await #expect(throws: ScoringError.noModel(.policy)) { try await LanguageModels().signals(for: [request]) }
        let policy = LanguageModels(policy: try languageModel("tiny-prm"), reference: nil)
        await #expect(throws: ScoringError.noModel(.reference)) { try await policy.signals(for: [request]) }
        #expect(try await policy.signals(for: [SignalRequest(policyText())])[0].get().tokens == nil)
    }

    @Test func `two tokenizers are one if they give the same ids, whatever the file's order`() throws {
        let own = try variant(of: "tiny-prm")
        try own.proveTokenizer(equals: try variant(of: "tiny-prm", tokenizer: { $0["padding"] = nil }))
        let joined = try variant(
            of: "tiny-prm",
            tokenizer: { file in
                guard var model = file["model"]?.object, let merges = model["merges"]?.array else { return }
                model["merges"] = .array(
                    merges.map { merge in
                        .string((merge.array ?? []).compactMap(\.string).joined(separator: " "))
                    }
                )
                file["model"] = .object(model)
            }
        )
        try own.proveTokenizer(equals: joined)
        // What is null is as good as absent, in a part that decides too.
        let silent = try variant(
            of: "tiny-prm",
            tokenizer: { file in
                guard var model = file["model"]?.object else { return }
                #expect(model["dropout"] == .null)
                model["dropout"] = nil
                file["model"] = .object(model)
            }
        )
        try own.proveTokenizer(equals: silent)
        try silent.proveTokenizer(equals: own)
        let fewer = try variant(
            of: "tiny-prm",
            tokenizer: { file in
                guard var model = file["model"]?.object, let merges = model["merges"]?.array else { return }
                model["merges"] = .array(merges.dropLast())
                file["model"] = .object(model)
            }
        )
        #expect(throws: ProfileError.otherTokenizer(part: "model")) { try own.proveTokenizer(equals: fewer) }
        let unframed = try variant(of: "tiny-llama", tokenizer: { $0["post_processor"] = nil })
        let llama = try variant(of: "tiny-llama")
        #expect(throws: ProfileError.otherTokenizer(part: "post_processor")) {
            try llama.proveTokenizer(equals: unframed)
        }
    }

    @Test(arguments: ["added_tokens", "normalizer", "pre_tokenizer", "post_processor"])
    func `a tokenizer with another part is another one`(part: String) throws {
        let other = try variant(
            of: "tiny-prm",
            tokenizer: { file in file[part] = part == "added_tokens" ? .array(file[part]?.array?.dropLast() ?? []) : nil
            }
        )
        #expect(throws: ProfileError.otherTokenizer(part: part)) {
            try variant(of: "tiny-prm").proveTokenizer(equals: other)
        }
    }
}
