// All of the recipe that can be proven without the weights.
package import Checkpoints
package import Tokenizing
package import Transformers

/// Profile, tokenizer and template of a folder; `inspect` stops here, serving goes on to load the weights.
package struct ScoringPlan: Sendable {
    package let profile: Profile
    package let tokenizer: Tokenizer
    package let template: Template
    /// The profile's head with the ids that the tokenizer gives its candidate tokens.
    package let head: Head

    /// The largest tokenizer file that is read; Llama-3's has 17 MB.
    static let tokenizerLimit = 64 << 20

    /// - Parameter source: who says which profile to use, where the folder shall not.
    package init(checkpoint: Checkpoint, source: ProfileSource? = nil) throws {
        var profile = try Profile(checkpoint: checkpoint, source: source)
        tokenizer = try Tokenizer(of: checkpoint)
        let settings = try TokenizerSettings(checkpoint: checkpoint)
        let chat = profile.template.isChat ? try settings.chat(for: &profile, tokenizer: tokenizer) : nil
        template = try Template(
            profile: profile,
            tokenizer: tokenizer,
            chat: chat,
            beginning: settings.beginning(of: tokenizer, for: profile),
            padding: checkpoint.config.padTokenID.flatMap(Int32.init(exactly:))
        )
        head = try Self.head(of: &profile, tokenizer: tokenizer)
        try RewardModel.check(checkpoint, head: head, reduction: profile.reduction)
        self.profile = profile
    }

    /// The rows of the language model that stand for the classes.
    private static func head(of profile: inout Profile, tokenizer: Tokenizer) throws -> Head {
        switch profile.head {
        case .tensors(let head): return head
        case .candidateTokens(let texts):
            var ids: [Int32] = []
            for text in texts {
                guard let id = tokenizer.encode(text).first, !ids.contains(id) else {
                    throw ProfileError.sameCandidates(profile: profile.name, texts: texts)
                }
                ids.append(id)
                profile.evidence.append("candidate token \(text.debugDescription) is \(id)")
            }
            return .lmTokens(ids)
        }
    }

    /// A small rollout as the model reads it, for `inspect` to show.
    package func example() throws(ScoringError) -> Rendering {
        let steps = try Steps(.list(["1 + 1 = 2.", "The answer is 2."]), separator: profile.separator)
        return try template.render(.text("What is 1+1?"), steps: steps)
    }
}

extension Tokenizer {
    /// A checkpoint's own, with no more ids than the embedding has rows.
    init(of checkpoint: Checkpoint) throws {
        guard let bytes = try checkpoint.file("tokenizer.json", limit: ScoringPlan.tokenizerLimit) else {
            throw ProfileError.missingTokenizer
        }
        try self.init(parsing: bytes)
        // Rows may exceed the vocabulary (152,064 > 151,665), never the other way round.
        let rows = checkpoint.config.vocabularySize
        guard idUpperBound <= rows else { throw ProfileError.vocabularyTooLarge(tokens: idUpperBound, rows: rows) }
    }
}

/// What a loaded model is, in numbers.
package struct ModelFacts: Sendable {
    package let architecture: String
    package let modelType: String
    package let maximumTokens: Int
    /// Rows of the embedding: every id is less.
    package let vocabularyRows: Int
    package let parameterCount: Int
    package let memoryBytes: Int
    /// `stored` or `int8`.
    package let precision: String
    /// The instructions that its kernels use.
    package let kernel: String

    init(config: ModelConfig, model: RewardModel) {
        architecture = config.architectures.first ?? ""
        modelType = config.modelType
        maximumTokens = config.maximumPositions
        vocabularyRows = config.vocabularySize
        parameterCount = model.parameterCount
        memoryBytes = model.memoryBytes
        precision = model.compute.precision.rawValue
        kernel = model.compute.kernel.rawValue
    }
}
