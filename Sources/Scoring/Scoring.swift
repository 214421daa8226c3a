// What goes into scoring and what comes out of it.
package import Crediting

/// One turn of a conversation; the role is one of `system`, `user`, `assistant`.
package struct Message: Sendable, Hashable {
    package let role: String
    package let content: String

    package init(role: String, content: String) {
        self.role = role
        self.content = content
    }
}

/// The question of a rollout: one text, or a conversation whose last turn is the user's.
package enum Prompt: Sendable, Hashable {
    case text(String)
    case messages([Message])
}

/// The answer of a rollout: steps as a list (the exact way), a text to split, both, or every token.
package enum StepSource: Sendable, Equatable {
    case list([String])
    /// Split at `separator`, or at the profile's where it is nil; blank pieces are not steps.
    case response(String, separator: String?)
    /// Steps as a list, each found in order in the response, so that spans are places in the response.
    case listIn(response: String, steps: [String])
    /// Every token of prompt and steps; the rollout's `prompt` is not read.
    case raw(RawSequence)
}

/// One reasoning trajectory as a caller sends it.
package struct Rollout: Sendable, Equatable {
    package let prompt: Prompt
    package let source: StepSource

    package init(prompt: Prompt, source: StepSource) {
        self.prompt = prompt
        self.source = source
    }

    /// A rollout that its caller has laid out.
    package init(_ raw: RawSequence) { self.init(prompt: .text(""), source: .raw(raw)) }
}

/// One step with the model's own number.
package struct ScoredStep: Sendable, Equatable {
    /// The decimal that is sent: the shortest that reads back to the model's float32. Nil where the model reads no
    /// reward at this step (an outcome model reads one, at the last step).
    package let reward: Double?
    /// Where the step stands, [start, end) in bytes of UTF-8; nil in a raw rollout, whose steps are tokens.
    package let span: Range<Int>?
}

/// A rollout with its step rewards and the credit that follows from them.
package struct ScoredRollout: Sendable {
    package let steps: [ScoredStep]
    package let credit: Credit
    /// What the model read.
    package let tokenIDs: [Int32]
    /// The positions whose hidden state went to the head.
    package let readPositions: [Int]
    /// Tokens that needed no computing: kept from before, or another rollout's of the same time.
    package let cachedTokens: Int
    /// How long its text took to become tokens, in seconds.
    package let tokenizeSeconds: Double
    /// How long the rollout waited for the kernel, and how long its batch ran, in seconds.
    package let queueSeconds: Double
    package let kernelSeconds: Double
}

/// Why one rollout, or a whole request, could not be scored.
package enum ScoringError: Error, Sendable, Equatable {
    // One rollout
    case emptySteps
    case stepNotInResponse(step: Int)
    case unsupportedMessages(profile: String)
    case assistantTurnLast
    case tooLong(tokens: Int, limit: Int)
    /// A step of no tokens, in a template that reads at a step's own last token.
    case emptyStep(step: Int)
    /// The marker's token stands inside a step, where a reward would be read that nobody asked for.
    case markerInStep(step: Int)
    // One raw rollout
    /// The profile has no template: its callers send every token.
    case rawOnly(profile: String)
    case unknownToken(segment: Int)
    case emptySegment(Int)
    case idOutOfRange(position: Int, rows: Int)
    /// Not ascending, or outside the ids; `index` is that of the position in its list.
    case badReadPosition(index: Int)
    /// The profile has no one token that tags a step, which a text with tags of its own needs.
    case noTag(profile: String)
    /// The step tag, by its text, does not stand in a text that should bring it.
    case untagged(tag: String)
    case nonFiniteReward(step: Int)
    // One rollout that a language model is asked about
    /// Its first token would be drawn from nothing.
    case emptyPrompt
    /// An answer of no tokens, which has no mean.
    case emptyAnswer(Int)
    /// Its prefixes, one a step and answer, are too many or too long together: tokens, and 64 for each prefix.
    case tooManyPrefixes(cost: Int, limit: Int)
    /// The logits after this token of the rollout are not all finite; -1 is the prompt's last.
    case nonFiniteSignal(token: Int)
    case nonFiniteAnswer(Int, step: Int)
    /// It needs a model that is not loaded, by the role it would have.
    case noModel(ModelRole)
    case credit(CreditError)
    // The whole request
    case overloaded(retryAfterSeconds: Int)
    /// Too many wait for room in it already.
    case lineFull(retryAfterSeconds: Int)
    case closing
    case cancelled
    case kernel(String)
}

/// Why a checkpoint cannot be served.
package enum ProfileError: Error, Sendable, Equatable {
    /// `languageModels`: profiles whose checkpoints look like a plain language model.
    case unknownArchitecture([String], languageModels: [String])
    case unknownProfile(String, known: [String])
    case missingTensor(profile: String, tensor: String)
    case wrongHead(profile: String, tensor: String, shape: [Int], expected: String)
    case missingTokenizer
    /// The reference reads other tokens than the policy: the part of tokenizer.json that differs.
    case otherTokenizer(part: String)
    case missingToken(profile: String, token: String)
    case notOneToken(profile: String, text: String, count: Int)
    case vocabularyTooLarge(tokens: Int, rows: Int)
    /// The folder's chat template writes none of the chats that are written out here.
    case unknownChatTemplate
    /// The profile has turns, and the tokenizer no token of any chat.
    case noChat
    /// Candidate tokens without a first token, or with the same one.
    case sameCandidates(profile: String, texts: [String])
    case badOverride(key: String, expected: String)
    case unknownOverride(key: String, known: [String])
    case notJSON(file: String, offset: Int)
}
