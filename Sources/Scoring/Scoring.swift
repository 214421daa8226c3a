// What goes into scoring and what comes out of it.
package import Crediting

/// One turn of a conversation; the role is one of `system`, `user`, `assistant`.
package struct Message: Sendable, Equatable {
    package let role: String
    package let content: String

    package init(role: String, content: String) {
        self.role = role
        self.content = content
    }
}

/// The question of a rollout: one text, or a conversation whose last turn is the user's.
package enum Prompt: Sendable, Equatable {
    case text(String)
    case messages([Message])
}

/// The answer of a rollout: steps as a list (the exact way), a text to split, or both.
package enum StepSource: Sendable, Equatable {
    case list([String])
    /// Split at `separator`, or at the profile's where it is nil; blank pieces are not steps.
    case response(String, separator: String?)
    /// Steps as a list, each found in order in the response, so that spans are places in the response.
    case listIn(response: String, steps: [String])
}

/// One reasoning trajectory as a caller sends it.
package struct Rollout: Sendable, Equatable {
    package let prompt: Prompt
    package let source: StepSource

    package init(prompt: Prompt, source: StepSource) {
        self.prompt = prompt
        self.source = source
    }
}

/// One step with the model's own number.
package struct ScoredStep: Sendable, Equatable {
    /// The decimal that is sent: the shortest that reads back to the model's float32. Nil where the model reads no
    /// reward at this step (an outcome model reads one, at the last step).
    package let reward: Double?
    /// Where the step stands, [start, end) in bytes of UTF-8.
    package let span: Range<Int>
}

/// A rollout with its step rewards and the credit that follows from them.
package struct ScoredRollout: Sendable {
    package let steps: [ScoredStep]
    package let credit: Credit
    /// What the model read.
    package let tokenIDs: [Int32]
    /// The positions whose hidden state went to the head.
    package let readPositions: [Int]
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
    case nonFiniteReward(step: Int)
    case credit(CreditError)
    // The whole request
    case overloaded(retryAfterSeconds: Int)
    case closing
    case cancelled
    case kernel(String)
}

/// Why a checkpoint cannot be served.
package enum ProfileError: Error, Sendable, Equatable {
    case unknownArchitecture([String])
    case unknownProfile(String, known: [String])
    case missingTensor(profile: String, tensor: String)
    case wrongHead(profile: String, tensor: String, shape: [Int], expected: String)
    case missingTokenizer
    case missingToken(profile: String, token: String)
    case notOneToken(profile: String, text: String, count: Int)
    case vocabularyTooLarge(tokens: Int, rows: Int)
    case unknownChatTemplate
    case badOverride(key: String, expected: String)
    case unknownOverride(key: String, known: [String])
    case notJSON(file: String, offset: Int)
}
