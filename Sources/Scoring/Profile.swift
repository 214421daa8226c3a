// How to score with a checkpoint, as one value.
package import Crediting
package import Transformers

/// How a rollout becomes token ids.
package enum TemplateKind: Sendable, Equatable {
    /// ChatML; each step is followed by a marker token and read there (Qwen2.5-Math-PRM).
    case chatMarker(system: String?, marker: String)
    /// ChatML; the whole answer is read once, at its very last token (outcome models).
    case chatLast(system: String?, joiner: String)
    /// Skywork: `<|im_start|>` + problem + newline, then each line with a newline token, read at that token.
    case lines(opening: String)
    /// TRL, PURE: prompt and steps encoded apart, each step followed by the separator and read at its last token.
    case pieces(separator: String)
}

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

/// Template, head, reduction, separator and scale: the whole recipe of one family.
package struct Profile: Sendable, Equatable {
    package let name: String
    package var template: TemplateKind
    package let head: Head
    package var reduction: Reduction
    /// Where a `response` is split when the caller names no separator.
    package var separator: String
    package var semantics: Semantics
    package var scale: RewardScale
    /// What `linchpin.json` says of credit: the pooling that the model was trained with.
    package var ownCredit: CreditSettings?
    /// Why this profile was chosen, for `inspect`.
    package var evidence: [String]

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
