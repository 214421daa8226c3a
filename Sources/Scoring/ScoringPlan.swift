// All of the recipe that can be proven without the weights.
package import Checkpoints
import JSON
package import Tokenizing
import Transformers

/// Profile, tokenizer and template of a folder; `inspect` stops here, serving goes on to load the weights.
package struct ScoringPlan: Sendable {
    package let profile: Profile
    package let tokenizer: Tokenizer
    package let template: Template

    /// The largest tokenizer file that is read; Llama-3's has 17 MB.
    static let tokenizerLimit = 64 << 20

    package init(checkpoint: Checkpoint) throws {
        profile = try Profile(checkpoint: checkpoint)
        guard let bytes = try checkpoint.file("tokenizer.json", limit: Self.tokenizerLimit) else {
            throw ProfileError.missingTokenizer
        }
        tokenizer = try Tokenizer(parsing: bytes)
        // Rows may exceed the vocabulary (152,064 > 151,665), never the other way round.
        guard tokenizer.idUpperBound <= checkpoint.config.vocabularySize else {
            throw ProfileError.vocabularyTooLarge(
                tokens: tokenizer.idUpperBound,
                rows: checkpoint.config.vocabularySize
            )
        }
        let settings = try TokenizerSettings(checkpoint: checkpoint)
        if case .chatLast = profile.template, let chat = settings.chatTemplate, !chat.contains("<|im_start|>") {
            throw ProfileError.unknownChatTemplate
        }
        template = try Template(
            profile: profile,
            tokenizer: tokenizer,
            beginning: settings.beginning.flatMap(tokenizer.addedToken)
        )
    }

    /// A small rollout as the model reads it, for `inspect` to show.
    package func example() throws(ScoringError) -> Rendering {
        let steps = try Steps(.list(["1 + 1 = 2.", "The answer is 2."]), separator: profile.separator)
        return try template.render(.text("What is 1+1?"), steps: steps)
    }
}

/// The two fields of tokenizer_config.json that scoring uses.
struct TokenizerSettings {
    let chatTemplate: String?
    let beginning: String?

    init(checkpoint: Checkpoint) throws {
        guard let bytes = try checkpoint.file("tokenizer_config.json", limit: 16 << 20) else {
            (chatTemplate, beginning) = (nil, nil)
            return
        }
        let fields: JSONObject?
        do {
            fields = try JSONValue(parsing: bytes).object
        } catch {
            throw ProfileError.notJSON(file: "tokenizer_config.json", offset: error.offset)
        }
        chatTemplate = fields?["chat_template"]?.string
        // Either the token's text, or an AddedToken with its content.
        beginning = fields?["bos_token"]?.string ?? fields?["bos_token"]?.object?["content"]?.string
    }
}

/// What a loaded model is, in numbers.
package struct ModelFacts: Sendable {
    package let architecture: String
    package let modelType: String
    package let maximumTokens: Int
    package let parameterCount: Int
    package let memoryBytes: Int
    /// Matrix shapes whose rows this machine's BLAS does not compute alike beside other rows (promise P2); for them our
    /// own product stands in, which is slower.
    package let shapesWithoutBLAS: Int

    init(checkpoint: Checkpoint, model: RewardModel) {
        architecture = checkpoint.config.architectures.first ?? ""
        modelType = checkpoint.config.modelType
        maximumTokens = checkpoint.config.maximumPositions
        parameterCount = model.parameterCount
        memoryBytes = model.memoryBytes
        shapesWithoutBLAS = model.refusedShapes.count
    }
}
