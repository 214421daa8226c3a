// Signals of three layouts, against numpy and transformers.
import Batching
import Checkpoints
import Fixtures
import Foundation
import Scoring
import Testing
import Transformers

/// One rollout of `Tests/Goldens/language.json`, written by make_language_goldens.py.
struct LanguageCase: Decodable, CustomTestStringConvertible {
    let checkpoint: String
    let title: String
    let separator: String
    let prompt: String
    let steps: [String]
    let answers: [String]
    let prefix: String?
    let suffix: String?
    let countsSuffix: Bool?
    let promptIds: [Int32]
    let stepIds: [[Int32]]
    let logprobs: [Double]
    let entropies: [Double]
    let answerLogprobs: [[Double]]

    var testDescription: String { "\(checkpoint): \(title)" }

    static let all: [LanguageCase] = {
        let url = Shared.checkout.appendingPathComponent("Tests/Goldens/language.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return (try? decoder.decode([LanguageCase].self, from: Data(contentsOf: url))) ?? []
    }()

    /// Everything that there is to ask, of text or of the tokens that the text becomes.
    func request(asTokens: Bool = false) -> SignalRequest {
        SignalRequest(
            asTokens
                ? .tokens(prompt: promptIds, steps: stepIds)
                : .text(.text(prompt), .list(steps), separator: separator),
            wantsTokens: true,
            answers: answers,
            wrapping: AnswerWrapping(prefix: prefix ?? "", suffix: suffix ?? "", countsSuffix: countsSuffix ?? false)
        )
    }
}

/// A golden folder as a language model.
func languageModel(
    _ name: String,
    role: ModelRole = .policy,
    settings: EngineSettings = EngineSettings()
) throws -> LanguageModelScorer {
    let folder = Shared.checkout.appendingPathComponent("Tests/Goldens/" + name)
    return try LanguageModelScorer(checkpoint: Checkpoint(folder: folder.path), role: role, settings: settings)
}

/// The largest |a - b|, infinite where they are not as many.
func distance(_ left: [Double], _ right: [Double]) -> Double {
    guard left.count == right.count else { return .infinity }
    return zip(left, right).reduce(0) { max($0, abs($1.0 - $1.1)) }
}

@Suite struct LanguageGoldenTests {
    @Test func `there is a case of every kind for every layout`() {
        #expect(LanguageCase.all.count == 15 && Set(LanguageCase.all.map(\.checkpoint)).count == 3)
    }

    @Test(arguments: LanguageCase.all)
    func `ids, log-probabilities, entropies and answers are those of transformers`(expected: LanguageCase) async throws
    {
        let model = try languageModel(expected.checkpoint)
        let found = try await model.signals(for: [expected.request()])[0].get()
        #expect(found.promptIDs.count == expected.promptIds.count)
        #expect(found.tokenIDs == expected.stepIds.flatMap(\.self))
        #expect(found.tokenSpans.map(\.count) == expected.stepIds.map(\.count))
        let tokens = try #require(found.tokens)
        #expect(distance(tokens.logprobs, expected.logprobs) <= 1e-5)
        #expect(distance(tokens.entropies, expected.entropies) <= 1e-5)
        #expect(found.answerLogprobs.count == expected.answerLogprobs.count)
        for (own, other) in zip(found.answerLogprobs, expected.answerLogprobs) { #expect(distance(own, other) <= 1e-5) }

        for (span, perplexity) in zip(found.tokenSpans, tokens.perplexities) {
            let sum = expected.logprobs[span].reduce(0, +)
            let other = span.isEmpty ? nil : exp(-sum / Double(span.count))
            #expect((perplexity == nil) == (other == nil))
            #expect(abs((perplexity ?? 1) / (other ?? 1) - 1) < 1e-4)
        }
    }

    /// The tree shares; what each path gives must be what it gives by itself.
    @Test(arguments: ["tiny-prm", "tiny-llama", "tiny-mistral"], Precision.allCases)
    func `the bits are the same alone, in company, in any order, on any thread, in small batches and from the cache`(
        name: String,
        precision: Precision
    ) async throws {
        let cases = LanguageCase.all.filter { $0.checkpoint == name }
        let plain = EngineSettings(compute: ComputeSettings(precision: precision, kernel: .plain))
        var alone: [LanguageSignals] = []
        for one in cases {
            // A model that has seen nothing, and each kind of signal asked for by itself.
            let tokens = SignalRequest(one.request().text, wantsTokens: true)
            var answers = one.request()
            answers.wantsTokens = false
            let first = try await languageModel(name, settings: plain).signals(for: [tokens])[0].get()
            let second = try await languageModel(name, settings: plain).signals(for: [answers])[0].get()
            let both = try await languageModel(name, settings: plain).signals(for: [one.request()])[0].get()
            #expect(both.tokens == first.tokens && both.answerLogprobs == second.answerLogprobs)
            alone.append(both)
        }
        var limits = EngineSettings().limits
        limits.maximumBatchTokens = 24
        for (threads, kernel) in [(1, Kernel.best), (3, .plain), (2, .best)] {
            let settings = EngineSettings(
                compute: ComputeSettings(threads: threads, precision: precision, kernel: kernel),
                limits: threads == 2 ? limits : EngineSettings().limits,
                cacheBytes: 1 << 22
            )
            let model = try languageModel(name, settings: settings)
            for order in [Array(cases.indices), cases.indices.reversed(), [2, 0, 2, 4]] {
                let requests = order.map { cases[$0].request(asTokens: $0 == 1) }
                let found = try await model.signals(for: requests)
                for (index, result) in zip(order, found) {
                    let signals = try result.get()
                    #expect(signals.tokens == alone[index].tokens, "\(threads) threads, \(cases[index].title)")
                    #expect(signals.answerLogprobs == alone[index].answerLogprobs)
                }
            }
        }
    }

    @Test func `a rollout and its answers are computed once each, and a branch costs one token more`() async throws {
        let one = try #require(LanguageCase.all.first { $0.title == "longer than a block" })
        let model = try languageModel(one.checkpoint, settings: EngineSettings(cacheBytes: 1 << 24))
        var request = one.request()
        request.answers = ["16"]
        let found = try await model.signals(for: [request])[0].get()
        let (own, steps) = (found.promptIDs.count + found.tokenIDs.count, one.steps.count)
        // The last token of an answer is asked for and not read, and so is the last of the rollout.
        let branches = (steps + 1) * found.answerTokens[0]
        #expect(model.load.tokens == own - 1 + branches)
        // The queue counts what is computed, so that its pace is the model's.
        #expect(model.load.tokensPerSecond == model.load.computedTokensPerSecond)
        _ = try await model.signals(for: [request])
        #expect(model.load.tokens == own - 1 + branches, "all of it was kept")
        request.answers = ["17"]
        _ = try await model.signals(for: [request])
        // "1" is "1": what differs is the last token, which is asked for of the first.
        #expect(model.load.tokens <= own - 1 + 2 * branches)
    }
}
