// A tiny rollout whose numbers are known to the bit.
import Batching
import Tokenizing
import Transformers

/// Why a model that loads is not served.
package enum CanaryError: Error, Sendable, Equatable {
    /// The decoder gave a number that is none.
    case notFinite
    /// The same tokens had other bits the second time: memory or a processor that cannot be trusted.
    case notRepeatable
    /// The forward itself failed.
    case failed(String)
}

/// What a model answered when it was loaded, so that it can be asked again.
package struct Canary: Sendable {
    private let work: TokenWork
    private let bits: [UInt32]
    /// How long it took, the faster of two times; a test on a busy machine says how long it should have.
    package var seconds: Double
    package var tokens: Int { work.tokens.count }

    /// Has a tiny rollout computed twice, each time from its first token on; nobody else may be using the scorer yet.
    package init(of scorer: Scorer) async throws(CanaryError) { try await self.init(scorer.engine, scorer.canaryWork) }

    /// The same of a language model, its output layer and what reduces it among what is proven.
    package init(of model: LanguageModelScorer) async throws(CanaryError) {
        try await self.init(model.engine, model.canaryWork)
    }

    private init(_ engine: Engine, _ work: TokenWork) async throws(CanaryError) {
        self.work = work
        var seconds = Double.infinity
        var runs: [[Float]] = []
        for _ in 0..<2 {
            let start = ContinuousClock.now
            runs.append(try await Self.answers(engine, work) ?? [])
            seconds = min(seconds, (ContinuousClock.now - start) / .seconds(1))
        }
        guard runs.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isFinite) }) else { throw .notFinite }
        bits = runs[0].map(\.bitPattern)
        guard runs[1].map(\.bitPattern) == bits else { throw .notRepeatable }
        self.seconds = seconds
    }

    /// Asks again; false where rounds run, which are proof enough.
    ///
    /// - Throws: `notRepeatable` where the bits are not those of the beginning.
    package func sing(to scorer: Scorer) async throws(CanaryError) -> Bool { try await sing(to: scorer.engine) }

    package func sing(to engine: Engine) async throws(CanaryError) -> Bool {
        guard let answers = try await Self.answers(engine, work) else { return false }
        guard answers.map(\.bitPattern) == bits else { throw .notRepeatable }
        return true
    }

    private static func answers(_ engine: Engine, _ work: TokenWork) async throws(CanaryError) -> [Float]? {
        do { return try await engine.probe(work) } catch { throw .failed("\(error)") }
    }
}

extension Scorer {
    /// A rollout as the profile lays it out; of a raw profile, which has no layout, two tokens.
    fileprivate var canaryWork: TokenWork {
        let steps = try? Steps(.list(["1 + 1 = 2.", "The answer is 2."]), separator: profile.separator)
        if let steps, let rendering = try? template.render(.text("What is 1+1?"), steps: steps),
            rendering.sequence.ids.count <= facts.maximumTokens
        {
            return TokenWork(tokens: rendering.sequence.ids, reads: rendering.sequence.readPositions)
        }
        let last = Int32(clamping: facts.vocabularyRows - 1)
        return facts.maximumTokens > 1
            ? TokenWork(tokens: [0, last], reads: [1]) : TokenWork(tokens: [last], reads: [0])
    }
}

extension LanguageModelScorer {
    /// A line as the tokenizer has it, each token asked for after those before it.
    fileprivate var canaryWork: TokenWork {
        let ids = layout.tokenizer.opening + layout.tokenizer.encode("What is 1+1? 1 + 1 = 2. The answer is 2.")
        let tokens = zip(ids, ids.dropFirst()).prefix(facts.maximumTokens).map { Token($0, asked: $1) }
        return TokenWork(asking: tokens.isEmpty ? [Token(0, asked: 0)] : tokens)
    }
}
