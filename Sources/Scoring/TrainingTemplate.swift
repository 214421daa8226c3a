// Rollouts as a checkpoint in training reads them.
package import Checkpoints
package import Tokenizing
package import Transformers

/// A rollout whose final answer has been judged.
package struct LabelledRollout: Sendable, Equatable {
    package let rollout: Rollout
    /// Whether the final answer is right: all that training may learn from.
    package let correct: Bool
    /// Rollouts of one problem are never on both sides of a split.
    package let problem: String
    /// The first wrong step, -1 where there is none; for evaluation alone, nil where nobody says.
    package let label: Int?

    package init(rollout: Rollout, correct: Bool, problem: String, label: Int?) {
        self.rollout = rollout
        self.correct = correct
        self.problem = problem
        self.label = label
    }
}

/// The template of the profile `trl`, which every trained checkpoint has, on a tokenizer of its own.
package struct TrainingTemplate: Sendable {
    package let tokenizer: Tokenizer
    private let template: Template
    private let separator: String

    /// What `linchpin.json` will name.
    package static let profile = Family.trl.rawValue

    /// The tokenizer of a checkpoint whose own profile, where it has one, does not matter.
    /// - Throws: `ProfileError` or `TokenizerError`.
    package init(checkpoint: Checkpoint) throws {
        let tokenizer = try Tokenizer(of: checkpoint)
        let settings = try TokenizerSettings(checkpoint: checkpoint)
        try self.init(tokenizer: tokenizer, beginning: settings.beginning(of: tokenizer, for: Family.trl.profile))
    }

    /// - Parameter beginning: the token that stands before every text, where there is one.
    package init(tokenizer: Tokenizer, beginning: Int32? = nil) throws {
        let profile = Family.trl.profile
        self.tokenizer = tokenizer
        separator = profile.separator
        template = try Template(profile: profile, tokenizer: tokenizer, beginning: beginning)
    }

    /// A rollout's ids and read positions, one a step, and how many of the ids are the prompt's.
    package func render(_ rollout: Rollout) throws(ScoringError) -> (sequence: TokenSequence, promptTokens: Int) {
        let steps = try Steps(rollout.source, separator: separator)
        let rendering = try template.render(rollout.prompt, steps: steps)
        // Prompt and steps are encoded apart, so an empty step's separator begins where the first step does.
        let empty = try template.render(rollout.prompt, steps: try Steps(.list([""]), separator: separator))
        let separatorTokens = tokenizer.encode(separator).count
        return (rendering.sequence, empty.sequence.ids.count - separatorTokens)
    }

    /// The texts of a rollout that are encoded one by one, for a tokenizer to be made from.
    package static func texts(of rollout: Rollout) -> [String] {
        let prompt: [String]
        switch rollout.prompt {
        case .text(let text): prompt = [text]
        case .messages(let messages): prompt = messages.map(\.content)
        }
        let profile = Family.trl.profile
        return prompt + ((try? Steps(rollout.source, separator: profile.separator).texts) ?? [])
    }
}
