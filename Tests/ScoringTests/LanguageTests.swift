// What language models refuse, and how they read a rollout.
import Batching
import Checkpoints
import Fixtures
import Foundation
import JSON
import Scoring
import Synchronization
import Testing
import Transformers

let twoSteps = ["9 + 1 = 10", "So it is 10."]

func policyText(_ prompt: String = "Add 1 to 9.", _ steps: [String] = twoSteps) -> PolicyText {
    .text(.text(prompt), .list(steps), separator: "\n")
}

/// A copy of a golden folder with other weights, or another tokenizer.
func variant(
    of name: String,
    weights: (inout [UInt8]) -> Void = { _ in },
    tokenizer: (inout JSONObject) -> Void = { _ in },
    chatTemplate: String? = nil
) throws -> Checkpoint {
    let source = Shared.checkout.appendingPathComponent("Tests/Goldens/" + name)
    let folder = try TemporaryFolder()
    try folder.copy(source.appendingPathComponent("config.json").path, to: "config.json")
    var bytes = [UInt8](try Data(contentsOf: source.appendingPathComponent("model.safetensors")))
    weights(&bytes)
    try folder.write(bytes, to: "model.safetensors")
    let file = [UInt8](try Data(contentsOf: source.appendingPathComponent("tokenizer.json")))
    var object = try #require(try JSONValue(parsing: file).object)
    tokenizer(&object)
    try folder.write(JSONValue.object(object).serialized(), to: "tokenizer.json")
    if let chatTemplate { try folder.write(Array(chatTemplate.utf8), to: "chat_template.jinja") }
    return try Checkpoint(folder: folder.path)
}

@Suite struct LanguageTests {
    @Test func `an item that cannot be asked about is an error of its own`() async throws {
        let model = try languageModel("tiny-prm")
        let requests: [(SignalRequest, ScoringError)] = [
            (SignalRequest(policyText(), answers: ["10", ""]), .emptyAnswer(1)),
            (SignalRequest(policyText("Add.", [])), .emptySteps),
            (SignalRequest(policyText("", ["a"]), wantsTokens: true), .emptyPrompt),
            (SignalRequest(.tokens(prompt: [], steps: [[1]]), answers: ["1"]), .emptyPrompt),
            (SignalRequest(.tokens(prompt: [1], steps: [[2], [384]])), .idOutOfRange(position: 2, rows: 384)),
            (SignalRequest(.tokens(prompt: [-1], steps: [[2]])), .idOutOfRange(position: 0, rows: 384)),
            (
                SignalRequest(.tokens(prompt: [1], steps: [[Int32](repeating: 2, count: 511)]), answers: ["10"]),
                .tooLong(tokens: 514, limit: 512)
            ),
            (
                SignalRequest(.tokens(prompt: [1], steps: [[Int32](repeating: 2, count: 510)]), answers: ["10"]),
                .tooLong(tokens: 513, limit: 512)
            ),
            (
                SignalRequest(
                    .text(.messages([Message(role: "assistant", content: "a")]), .list(["b"]), separator: "")
                ),
                .assistantTurnLast
            ),
        ]
        let good = SignalRequest(policyText(), wantsTokens: true)
        let alone = try await model.signals(for: [good])[0].get()
        let found = try await model.signals(for: requests.map(\.0) + [good])
        for ((_, error), result) in zip(requests, found) { #expect(throws: error) { try result.get() } }
        #expect(try found[requests.count].get().tokens == alone.tokens)
    }

    @Test func `too many prefixes are refused, however few the tokens`() async throws {
        let model = try languageModel("tiny-prm")
        let many = SignalRequest(
            .tokens(prompt: [1], steps: [[Int32]](repeating: [2], count: 400)),
            answers: [String](repeating: "10", count: 60)
        )
        // (1 + ... + 401) * 60 of prefixes, 401 * (2 + 64) * 60 of answers, and the rollout.
        let found = try await model.signals(for: [many])[0]
        #expect(throws: ScoringError.tooManyPrefixes(cost: 6_424_421, limit: 4_194_304)) { try found.get() }
        // Two million of one or two tokens each.
        let empty = SignalRequest(
            .tokens(prompt: [1], steps: [[Int32]](repeating: [], count: 1400)),
            answers: [String](repeating: "1", count: 1400)
        )
        let refused = try await model.signals(for: [empty])[0]
        let cost = 1 + 1400 * 1401 * (1 + 1 + 64)
        #expect(throws: ScoringError.tooManyPrefixes(cost: cost, limit: 4_194_304)) { try refused.get() }
        #expect(model.load.batches == 0)
    }

    @Test func `sixty-four answers after sixty-four steps are not too many`() async throws {
        let model = try languageModel("tiny-prm")
        let honest = SignalRequest(
            .tokens(prompt: [1], steps: (0..<64).map { [Int32($0 % 8)] }),
            answers: (0..<64).map { "\($0)" }
        )
        let found = try await model.signals(for: [honest])[0].get()
        #expect(found.answerLogprobs.count == 64 && found.answerLogprobs.allSatisfy { $0.count == 65 })
    }

    @Test func `a rollout of all the tokens that the model reads is read`() async throws {
        let model = try languageModel("tiny-prm")
        let steps = [[Int32](repeating: 2, count: 509)]
        let whole = SignalRequest(.tokens(prompt: [1], steps: steps), wantsTokens: true, answers: ["10"])
        let found = try await model.signals(for: [whole])[0].get()
        #expect(found.answerTokens == [2] && found.tokens?.logprobs.count == 509)
    }

    @Test func `rollouts laid out in groups have the numbers of those laid out together`() async throws {
        let requests = (0..<5).map { number in
            SignalRequest(policyText("Add \(number) to 9."), wantsTokens: true, answers: ["1\(number)"])
        }
        let bad = SignalRequest(policyText("Add.", []))
        let together = try await languageModel("tiny-prm").signals(for: requests)
        for groupCost in [1, 900, 2000] {
            var model = try languageModel("tiny-prm")
            model.groupCost = groupCost
            let found = try await model.signals(for: [bad] + requests + [bad])
            #expect(found.count == 7)
            for place in [0, 6] { #expect(throws: ScoringError.emptySteps) { try found[place].get() } }
            for (own, other) in zip(found.dropFirst(), together) {
                let (own, other) = (try own.get(), try other.get())
                #expect(own.tokens == other.tokens && own.answerLogprobs == other.answerLogprobs)
            }
        }
    }

    @Test func `a language model tells the tokens and the times of a rollout`() async throws {
        let begun = Mutex<[ContinuousClock.Instant]>([])
        let slow = EngineSettings(
            limits: BatchLimits(maximumBatchTokens: 16),
            beforeRound: {
                begun.withLock { $0.append(.now) }
                try? await Task.sleep(for: .milliseconds(5))
            }
        )
        let model = try languageModel("tiny-prm", settings: slow)
        let request = SignalRequest(
            .tokens(prompt: [1, 2, 3], steps: [[4, 5, 6], [7], []]),
            wantsTokens: true,
            answers: ["10", "1", "123456789012345"]
        )
        let cost = try await model.signals(for: [request])[0].get().cost
        // The rollout, and each answer after each of the four prefixes.
        #expect(cost.tokens == 7 + 4 * (2 + 1 + 15))
        // From the first of several rounds on it is computed, until the last has ended.
        let rounds = begun.withLock { $0 }
        let (first, last) = (try #require(rounds.first), try #require(rounds.last))
        #expect(rounds.count > 4 && cost.kernelSeconds >= first.duration(to: last) / .seconds(1))
    }

    @Test func `an answer without the last token of the rollout needs none of it, and steps may be empty`() async throws
    {
        let model = try languageModel("tiny-prm")
        let request = SignalRequest(
            .tokens(prompt: [5, 6], steps: [[], [7], []]),
            wantsTokens: true,
            answers: ["10"]
        )
        let found = try await model.signals(for: [request])[0].get()
        #expect(found.tokenSpans == [0..<0, 0..<1, 1..<1])
        #expect(found.tokens?.perplexities.map { $0 == nil } == [true, false, true])
        let values = found.answerLogprobs[0]
        #expect(values.count == 4 && values[0] == values[1] && values[2] == values[3] && values[1] != values[2])
        let nothing = SignalRequest(.tokens(prompt: [5], steps: [[]]), wantsTokens: true, wantsLogRatios: true)
        let empty = try await LanguageModels(policy: model, reference: model).signals(for: [nothing])[0].get()
        #expect(
            empty.tokens?.logprobs == [] && empty.logRatios?.rollout.sum == 0 && empty.logRatios?.rollout.mean == nil
        )
    }

    @Test(arguments: ["tiny-prm", "tiny-llama", "tiny-mistral"], ["<|im_end|>", "</s>", "<|eot_id|>", "<s>"])
    func `text that spells a token is text, in prompt, step, answer, prefix and suffix`(
        name: String,
        special: String
    ) async throws {
        let model = try languageModel(name)
        let folder = Shared.checkout.appendingPathComponent("Tests/Goldens/\(name)/tokenizer.json")
        let file = try JSONValue(parsing: [UInt8](Data(contentsOf: folder)))
        let added = Set((file["added_tokens"]?.array ?? []).compactMap { $0["id"]?.integer.map { Int32($0) } })
        let request = SignalRequest(
            .text(.text("Say \(special)"), .list(["a\(special)b", special]), separator: special),
            wantsTokens: true,
            answers: [special],
            wrapping: AnswerWrapping(prefix: special, suffix: special, countsSuffix: true)
        )
        let found = try await model.signals(for: [request])[0].get()
        #expect(added.isDisjoint(with: found.tokenIDs), "\(found.tokenIDs)")
        #expect(found.answerTokens[0] >= 2)
    }

    @Test func `a conversation ends with the opening of the assistant's turn, by its tokens`() async throws {
        let model = try languageModel("tiny-prm")
        let chat = Prompt.messages([Message(role: "user", content: "Add 1 to 9.")])
        let asChat = SignalRequest(.text(chat, .list(twoSteps), separator: "\n"), wantsTokens: true)
        let found = try await model.signals(for: [asChat])[0].get()
        let plain = try await model.signals(for: [SignalRequest(policyText(), wantsTokens: true)])[0].get()
        #expect(found.tokenIDs == plain.tokenIDs && found.promptIDs.count > plain.promptIDs.count)
        #expect(found.tokens != plain.tokens)
    }

    @Test func `a response is cut where its steps begin, and nothing of it is lost`() async throws {
        let model = try languageModel("tiny-prm")
        let response = "\n\nFirst.\n\nSecond.\n\n\n\nThird.\n"
        let request = SignalRequest(
            .text(.text("Go."), .response(response, separator: "\n\n"), separator: "\n"),
            wantsTokens: true
        )
        let found = try await model.signals(for: [request])[0].get()
        #expect(found.tokenSpans.count == 3 && found.tokenSpans.last?.upperBound == found.tokenIDs.count)
        // Every byte is a token of its own in this vocabulary's digits and letters; newlines may merge within a step.
        let parts = ["\n\nFirst.\n\n", "Second.\n\n\n\n", "Third.\n"]
        for (span, part) in zip(found.tokenSpans, parts) {
            let alone = SignalRequest(.text(.text("Go."), .list([part]), separator: ""), wantsTokens: true)
            let ids = try await model.signals(for: [alone])[0].get().tokenIDs
            #expect(Array(found.tokenIDs[span]) == ids)
        }
    }

    @Test func `a folder without an output layer is no language model`() throws {
        let folder = Shared.checkout.appendingPathComponent("Tests/Goldens/tiny-trl").path
        #expect(throws: ModelError.missingTensor("lm_head.weight")) {
            try LanguagePlan(checkpoint: Checkpoint(folder: folder))
        }
        let prm = Shared.checkout.appendingPathComponent("Tests/Goldens/tiny-prm").path
        #expect(try LanguagePlan(checkpoint: Checkpoint(folder: prm)).hasChat)
    }

    @Test func `a language model whose numbers are none is not served`() async throws {
        let broken = try variant(
            of: "tiny-prm",
            weights: { bytes in
                // 3.4e38 each: finite, and not so what comes of them.
                for place in bytes.count - 4000..<bytes.count - 2000 { bytes[place] = 0x7F }
            }
        )
        let model = try LanguageModelScorer(checkpoint: broken)
        await #expect(throws: CanaryError.notFinite) { try await model.proven() }
    }

    @Test func `a model that drains refuses the whole request`() async throws {
        let model = try languageModel("tiny-prm")
        await model.engine.drain()
        await #expect(throws: ScoringError.closing) {
            try await model.signals(for: [SignalRequest(policyText(), wantsTokens: true)])
        }
    }
}
