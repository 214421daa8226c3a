// What a language model is asked of a rollout, and says.

/// The question and the answer of a rollout as the policy had them.
package enum PolicyText: Sendable, Equatable {
    /// Text, encoded piece by piece: the prompt, then each step with what stands between it and the next one.
    ///
    /// - separator: where a response is split into steps, and what stands between the steps of a list.
    case text(Prompt, StepSource, separator: String)
    /// The very tokens that the policy read and wrote, step by step.
    case tokens(prompt: [Int32], steps: [[Int32]])

    /// Of text that names none: a policy's numbers do not hang on which model stands beside it.
    package static let separator = "\n\n"
}

/// Text around a gold answer, as IGPO wraps it (credit-methods.md section 3); plain text like any other (promise P3).
package struct AnswerWrapping: Sendable, Equatable {
    package var prefix: String
    package var suffix: String
    /// Whether the suffix's tokens count in the mean too. Where they do not they are not computed: no token of the
    /// answer sees what comes after it.
    package var countsSuffix: Bool

    package init(prefix: String = "", suffix: String = "", countsSuffix: Bool = false) {
        self.prefix = prefix
        self.suffix = suffix
        self.countsSuffix = countsSuffix
    }
}

/// One rollout, and which signals of it are wanted.
package struct SignalRequest: Sendable, Equatable {
    package var text: PolicyText
    /// Log-probability and entropy of every token of the rollout, and what follows from them.
    package var wantsTokens: Bool
    /// Log-ratios of the policy and the reference.
    package var wantsLogRatios: Bool
    /// Gold answers; each gives n + 1 numbers for n steps.
    package var answers: [String]
    package var wrapping: AnswerWrapping

    package init(
        _ text: PolicyText,
        wantsTokens: Bool = false,
        wantsLogRatios: Bool = false,
        answers: [String] = [],
        wrapping: AnswerWrapping = AnswerWrapping()
    ) {
        self.text = text
        self.wantsTokens = wantsTokens
        self.wantsLogRatios = wantsLogRatios
        self.answers = answers
        self.wrapping = wrapping
    }
}

/// What a language model says of every token of a rollout.
package struct TokenSignals: Sendable, Equatable {
    /// log p(token | everything before it), in nats.
    package let logprobs: [Double]
    /// -sum p log p over the whole vocabulary, in nats, of the distribution that the token was drawn from.
    package let entropies: [Double]
    /// e^-(mean log-probability) of each step; nil for a step of no tokens, and where no number is as large.
    package let perplexities: [Double?]
}

/// The signals of one rollout.
package struct LanguageSignals: Sendable, Equatable {
    package let promptIDs: [Int32]
    /// The rollout's own tokens, the prompt's left out.
    package let tokenIDs: [Int32]
    /// The tokens of each step, [start, end) among `tokenIDs`: one after the other, and all of them.
    package let tokenSpans: [Range<Int>]
    /// Bytes of UTF-8 as in `ScoredStep.span`; nil where the caller sent tokens.
    package let spans: [Range<Int>]?
    package let tokens: TokenSignals?
    /// [answers][n + 1]: mean log-probability of the answer's tokens after the prompt, and after each step.
    package let answerLogprobs: [[Double]]
    /// Tokens of each answer that count.
    package let answerTokens: [Int]
    package let logRatios: LogRatios?
    /// What computing took.
    package let cost: SignalCost

    /// What was read, for a model that shall read the same.
    var text: PolicyText { .tokens(prompt: promptIDs, steps: tokenSpans.map { Array(tokenIDs[$0]) }) }
}

/// What the signals of one rollout took.
package struct SignalCost: Sendable, Equatable {
    /// Tokens of the rollout, and of each answer after each prefix: without sharing beyond the rollout itself.
    package var tokens = 0
    package var tokenizeSeconds = 0.0
    package var queueSeconds = 0.0
    package var kernelSeconds = 0.0

    static func + (left: SignalCost, right: SignalCost) -> SignalCost {
        SignalCost(
            tokens: left.tokens + right.tokens,
            tokenizeSeconds: left.tokenizeSeconds + right.tokenizeSeconds,
            queueSeconds: left.queueSeconds + right.queueSeconds,
            kernelSeconds: left.kernelSeconds + right.kernelSeconds
        )
    }
}
