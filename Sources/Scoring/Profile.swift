// How to score with a checkpoint, as one value.
package import Crediting
package import Transformers

/// What the model's numbers are about.
package enum Semantics: String, Sendable, CaseIterable {
    /// Is this step right: pooled by the weakest link.
    case correctness
    /// The chance of a right answer from here: the last one counts (Qwen's "Lessons", 2501.07301 section 3.2.4).
    case value
}

/// What numbers the model gives.
package enum RewardScale: String, Sendable, CaseIterable {
    case probability
    case margin
    /// Raw numbers of an outcome model; credit is computed on the `logit` scale.
    case raw

    /// The scale that Crediting is told.
    package var creditScale: Scale {
        switch self {
        case .probability: .probability
        case .margin: .margin
        case .raw: .logit
        }
    }
}

/// Where the logits come from.
package enum HeadRecipe: Sendable, Equatable {
    /// A head of its own, by the names of its tensors.
    case tensors(Head)
    /// The language model's logits of these texts' first tokens, in this order; they have to differ.
    case candidateTokens([String])
}

/// Template, head, reduction, separator and scale: the whole recipe of one family.
package struct Profile: Sendable, Equatable {
    package let name: String
    package var template: TemplateRecipe
    package var head: HeadRecipe
    package var reduction: Reduction
    /// Where a `response` is split when the caller names no separator.
    package var separator: String
    package var semantics: Semantics
    package var scale: RewardScale
    /// What `linchpin.json` says of credit: the pooling that the model was trained with.
    package var ownCredit: CreditSettings?
    /// Why this profile was chosen, for `inspect`.
    package var evidence: [String] = []

    /// Whether a reward is the chance of one of two classes (or the margin between them), so that the other's follows.
    package var hasTwoClasses: Bool {
        switch reduction {
        case .softmax, .margin: scale != .raw
        case .sum, .sigmoid, .identity: false
        }
    }

    /// The credit of a caller who asks for none in particular.
    package var defaultCredit: CreditSettings {
        if let ownCredit { return ownCredit }
        let standard = CreditSettings.standard
        let settings = try? CreditSettings(
            pooling: semantics == .value ? .last : standard.pooling,
            temperature: standard.temperature,
            scale: scale == .raw ? .logit : standard.scale
        )
        // Neither pooling is missing on any scale, so there always are settings.
        return settings ?? standard
    }
}
