// How the credit of a rollout falls on its steps.
//
// Pure maths on arrays of Double: no I/O, no state. Sums always run from the first step to the last (returns from the
// last to the first), so equal rewards give equal bits. `Assignment.swift` holds the entry for one rollout,
// `credit(for:on:settings:)`, and `Groups.swift` the one for several of one prompt, `advantages(of:by:spread:)`.
// `Programs` has the vocabulary in which every other method is written, and `Methods` the methods.

/// What a step score is a number of: chance of being right, that chance on [-1, 1], or its log-odds.
package enum Scale: String, Sendable, CaseIterable {
    /// p, in [0, 1].
    case probability
    /// 2p - 1, in [-1, 1].
    case margin
    /// log(p / (1 - p)), finite; raw reward-model numbers are used on this scale as they are.
    case logit
}

/// How the scores of a rollout's steps become one; the raw value is the spelling on the wire.
package enum Pooling: String, Sendable, CaseIterable {
    /// The weakest step.
    case min
    /// Softmax-weighted sum: the weaker a step, the more it counts.
    case sws
    /// Log-sum-exp: a smooth minimum that never falls when a step rises.
    case softmin
    /// All steps right at once, as if they were independent; on probabilities only.
    case product
    /// The product's n-th root, which does not shrink with length; on probabilities only.
    case geometricMean = "geometric_mean"
    /// Every step alike.
    case mean
    /// The last step alone, for models trained on the value of a prefix.
    case last

    /// Whether this pooling means anything on `scale`.
    package func exists(on scale: Scale) -> Bool {
        switch self {
        case .product, .geometricMean: scale == .probability
        case .min, .sws, .softmin, .mean, .last: true
        }
    }
}

/// How credit is to be computed; a value of this type is always usable.
package struct CreditSettings: Sendable, Equatable {
    /// The pooling whose weights, credits and returns are wanted.
    package let pooling: Pooling
    /// Softness of `sws` and `softmin` in units of `scale`; finite and greater than 0.
    package let temperature: Double
    /// Where weights and credit are computed, whatever scale the rewards came on.
    package let scale: Scale

    /// PURE's weights (T = 0.1 on margins is T = 0.05 on probabilities), with credit read as a probability.
    package static let standard = CreditSettings(known: .sws, temperature: 0.05, scale: .probability)

    /// - Throws: `temperature` unless it is finite and > 0; `undefined` for a pooling that the scale does not have.
    package init(
        pooling: Pooling = .sws,
        temperature: Double = 0.05,
        scale: Scale = .probability
    ) throws(CreditError) {
        guard temperature.isFinite, temperature > 0 else { throw .temperature(temperature) }
        guard pooling.exists(on: scale) else { throw .undefined(pooling, scale) }
        self.init(known: pooling, temperature: temperature, scale: scale)
    }

    private init(known pooling: Pooling, temperature: Double, scale: Scale) {
        self.pooling = pooling
        self.temperature = temperature
        self.scale = scale
    }
}

/// What one step gets, on the scale of the settings.
package struct StepCredit: Sendable, Equatable {
    /// Its reward on that scale.
    package let score: Double
    /// Its share of the pooled value; the weights of a rollout add up to 1.
    package let weight: Double
    /// Its part of the pooled value; the credits of a rollout add up to it.
    package let credit: Double
    /// Its credit and that of all later steps.
    package let `return`: Double
}

/// The credit of one rollout.
package struct Credit: Sendable, Equatable {
    /// One entry a step, in order; nil where the reward was absent.
    package let steps: [StepCredit?]
    /// The value of the chosen pooling.
    package let pooled: Double
    /// The value of every pooling that exists on the scale, in the order of `Pooling.allCases`.
    package let poolings: [(pooling: Pooling, value: Double)]
    /// Index of the first minimum among the present steps, on the scale of the settings.
    package let weakestStep: Int

    package static func == (one: Credit, other: Credit) -> Bool {
        one.steps == other.steps && one.pooled == other.pooled && one.weakestStep == other.weakestStep
            && one.poolings.elementsEqual(other.poolings, by: ==)
    }
}

/// Why there is no credit; steps are indices into the rewards as given.
package enum CreditError: Error, Sendable, Equatable {
    /// A temperature that is not finite and > 0.
    case temperature(Double)
    /// A pooling that does not exist on this scale.
    case undefined(Pooling, Scale)
    /// No reward at all, or none present.
    case noSteps
    /// A reward that is NaN or infinite.
    case notFinite(step: Int)
    /// A reward outside its scale's range.
    case outOfRange(step: Int, value: Double, scale: Scale)
    /// A certain step (p of exactly 0 or 1) whose logit would be infinite.
    case infiniteLogit(step: Int)
    /// Not as many token spans as steps.
    case tokenSpanCount(Int, steps: Int)
    /// A token span that is empty, begins before the end of the one before it, or ends past the tokens.
    case tokenSpan(index: Int, tokens: Int)
    /// What was said of a rollout does not agree with itself.
    case fact(FactFault)
    /// A program that cannot run on its data, or on any.
    case program(ProgramFault)
    /// A program over more numbers than it may compute.
    case tooMuch(limit: Int)
    /// An option of a method that it does not have, or a value that the option cannot have.
    case option(String, wanted: String?)
}
