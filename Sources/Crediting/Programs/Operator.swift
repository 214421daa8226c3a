// The vocabulary of credit programs.
//
// reference/credit-methods.md section 9. Every operator takes the value before it, or one that has a name, and gives a
// value; what is absent stays absent, and counts in no sum, mean or spread.

/// Who is compared with whom.
package enum Scope: String, Sendable, CaseIterable {
    /// All steps (tokens, values) of all rollouts of a prompt.
    case prompt
    /// The steps of a prompt that are the same turn.
    case turn
    /// The steps or tokens of a prompt that stand at the same place.
    case position
    /// The steps of a prompt that begin in the same state.
    case state
    case rollout
    /// Everything of the request.
    case batch
}

/// What one gets that is compared with nobody: both rules exist in verl.
package enum SingletonRule: String, Sendable, CaseIterable {
    case raw
    case zero
}

/// One thing that a program does.
package enum Operator: Sendable, Equatable {
    case read(Read)
    /// Number by number.
    case map(Mapping)
    /// Leaves what stands where the named value is not 0; the rest is masked.
    case mask(where: String)
    /// 1 for the highest `share` of the scope, ties included, else 0; share in (0, 1].
    case select(share: Double, scope: Scope)
    case scan(Scan)
    /// x_t - x_{t-1} of those that are present.
    case diff(Start)
    case weights(Weights)
    case pool(Pooled)
    case contribution(Contribution)
    /// sum_c c X_c.
    case mix([Term])
    case centre(Centre)
    case scale(Scaling)
    /// Steps, or one number, onto tokens; `optional`: a rollout whose tokens are not known has none.
    case tokens(TokenLayout, optional: Bool)

    /// Its name on the wire.
    package var name: String {
        switch self {
        case .read: "read"
        case .map: "map"
        case .mask: "mask"
        case .select: "select"
        case .scan: "scan"
        case .diff: "diff"
        case .weights: "weights"
        case .pool: "pool"
        case .contribution: "contribution"
        case .mix: "mix"
        case .centre: "centre"
        case .scale: "scale"
        case .tokens: "tokens"
        }
    }
}

/// Where numbers come from; the raw value is the field of a rollout, or what is counted in it.
package enum Source: String, Sendable, CaseIterable {
    case rewards
    case external
    case value
    case answerLogprob = "answer_logprob"
    case tokenLogprob = "token_logprob"
    case tokenEntropy = "token_entropy"
    case logratio
    case teacherLogprob = "teacher_logprob"
    case outcome
    /// One of `dimensions`.
    case dimension
    /// The share of the prompt's answers that equal this one: EMPO, TTRL, SIOP's m(c).
    case answerShare = "answer_share"
    /// 1 where the answer is the prompt's most frequent (of equals, that of the first rollout), else 0: TTRL.
    case answerMajority = "answer_majority"
    /// How many steps count.
    case stepCount = "step_count"
    /// 1 from the pivot on, 0 before: R3L.
    case afterPivot = "after_pivot"

    /// What of a rollout it needs; nil where any rollout will do.
    package var field: String? {
        switch self {
        case .dimension: "dimensions"
        case .answerShare, .answerMajority: "answer"
        case .afterPivot: "pivot"
        case .stepCount: nil
        default: rawValue
        }
    }
}

package struct Read: Sendable, Equatable {
    package let source: Source
    /// Where rewards are to stand; nil leaves each rollout's as they are given.
    package var scale: Scale?
    /// Which dimension.
    package var index = 0
    /// Whether the program runs where no rollout has it; everything is then missing.
    package var isOptional = false

    package init(_ source: Source, scale: Scale? = nil, index: Int = 0, optional: Bool = false) {
        self.source = source
        self.scale = scale
        self.index = index
        isOptional = optional
    }
}

package enum Mapping: Sendable, Equatable {
    /// a x + b.
    case affine(Double, plus: Double)
    case clip(from: Double?, to: Double?)
    case exp
    /// log(x + epsilon).
    case log(epsilon: Double)
    case sigmoid
    /// 1 where x >= c, else 0.
    case threshold(Double)
    /// 1 - (1 - p)^k: the best of k, PAV (arXiv 2410.08146).
    case bestOf(Double)
    case absolute
    /// x^e.
    case power(Double)
    /// With the number of a named value at the same place, or of the same rollout.
    case times(String)
    case least(String)
    case most(String)
}

package struct Scan: Sendable, Equatable {
    package enum By: String, Sendable, CaseIterable {
        case sum
        case min
        case max
        /// The numbers until the first 0, and 0 from there on.
        case keep
    }

    package enum Direction: String, Sendable, CaseIterable {
        /// From the first on, beginning with what stands before it, which stays.
        case prefix
        case suffix
    }

    package let by: By
    package let direction: Direction
    /// What the sum so far is worth one step on, for `sum`.
    package var discount = 1.0

    package init(_ by: By, _ direction: Direction, discount: Double = 1) {
        self.by = by
        self.direction = direction
        self.discount = discount
    }
}

/// From what the first difference is taken.
package enum Start: Sendable, Equatable {
    /// What was read before the first step.
    case before
    /// The first step itself: its difference is 0.
    case first
    case constant(Double)
}

package struct Weights: Sendable, Equatable {
    package enum By: String, Sendable, CaseIterable {
        case uniform
        /// softmax(-x/T).
        case softmin
        case hardmin
        case last
        /// 1/x, which is how a product's gradient falls.
        case reciprocal
        /// (N - i)/N^2 for the i-th of N, from 0: GroundedPRM's; they do not add up to 1.
        case linearDecay = "linear_decay"
    }

    package let by: By
    /// T, of softmin alone.
    package var temperature: Double?
    /// Of one number a rollout, against which others; the result is the weights. Unused for steps and tokens.
    package var scope = Scope.prompt
    /// Whether the weights of a scope add up to how many they are, in the place of 1.
    package var countsUp = false

    package init(_ by: By, temperature: Double? = nil, scope: Scope = .prompt, countsUp: Bool = false) {
        self.by = by
        self.temperature = temperature
        self.scope = scope
        self.countsUp = countsUp
    }
}

package struct Pooled: Sendable, Equatable {
    package enum By: String, Sendable, CaseIterable {
        /// sum w x.
        case weighted
        case sum
        case mean
        case min
        case max
        case last
        case product
        case geometricMean = "geometric_mean"
        case softmin
    }

    package enum Over: String, Sendable, CaseIterable {
        case rollout
        /// The tokens of each step.
        case step
    }

    package let by: By
    /// Of softmin alone.
    package var temperature: Double?
    package var over = Over.rollout
    /// What a rollout without steps is worth; nil: nothing, for the reason `no_steps`.
    package var empty: Double?
    /// Over steps: whether a rollout whose tokens are not known is left out.
    package var isOptional = false

    package init(
        _ by: By,
        temperature: Double? = nil,
        over: Over = .rollout,
        empty: Double? = nil,
        optional: Bool = false
    ) {
        self.by = by
        self.temperature = temperature
        self.over = over
        self.empty = empty
        isOptional = optional
    }
}

package enum Contribution: Sendable, Equatable {
    /// w_t x_t, or w_t times the number of the rollout that is named.
    case weighted(of: String?)
    /// The rollout's number to each step that counts.
    case all
    /// The rollout's number to its last step that counts, 0 to the others.
    case last
}

package struct Term: Sendable, Equatable {
    package enum Place: String, Sendable, CaseIterable {
        case all
        case last
    }

    package let of: String
    package var coefficient = 1.0
    /// Where the number of a rollout goes among steps or tokens.
    package var place = Place.all
    /// Whether it adds nothing where it is absent, in the place of making the sum absent.
    package var isOptional = false

    package init(_ of: String, _ coefficient: Double = 1, to place: Place = .all, optional: Bool = false) {
        self.of = of
        self.coefficient = coefficient
        self.place = place
        isOptional = optional
    }
}

/// Which numbers make the statistics of a scope.
package enum Sample: String, Sendable, CaseIterable {
    case all
    /// The first of each rollout: what iStar's code does, against its own words.
    case first
}

package struct Centre: Sendable, Equatable {
    package enum By: String, Sendable, CaseIterable {
        case mean
        /// The mean of the others: n/(n - 1) (x - mean).
        case others
        /// The mean of the other rollouts' means: PURE's `step` baseline.
        case otherMeans = "other_means"
        /// (n x - sum of all rollouts' means)/(n - 1): PRIME.
        case rloo
        /// The others' sum by the number of their tokens, for each token of the step: PURE's `token` baseline.
        case otherTokens = "other_tokens"
        /// The others' sum by n - 1 and by the longest rollout's tokens: PURE's on verl.
        case otherPadded = "other_padded"
        /// (1 - share) parent + share mean of siblings: MARS2.
        case tree
    }

    package let by: By
    /// The siblings', of tree alone.
    package var share: Double?
    package var scope = Scope.prompt
    package var singleton = SingletonRule.raw
    package var sample = Sample.all

    package init(
        _ by: By,
        share: Double? = nil,
        scope: Scope = .prompt,
        singleton: SingletonRule = .raw,
        sample: Sample = .all
    ) {
        self.by = by
        self.share = share
        self.scope = scope
        self.singleton = singleton
        self.sample = sample
    }
}

package struct Scaling: Sendable, Equatable {
    package enum By: String, Sendable, CaseIterable {
        case deviation = "std"
        case mean
        /// The largest absolute number of the scope: iStar's batch_norm, whose rows have one number.
        case largest = "max_abs"
        /// The largest absolute suffix sum of the scope: PRIME's batch_norm.
        case largestReturn = "max_abs_return"
        /// The square root of how many come from here on: A2TGPO.
        case remaining = "sqrt_remaining"
    }

    package let by: By
    package var scope = Scope.prompt
    package var spread = Spread.unbiased
    /// Added to what is divided by.
    package var epsilon = 1e-6
    /// Added inside the square root, to the variance.
    package var inside = 0.0
    package var singleton = SingletonRule.raw
    /// A deviation below it counts as zero.
    package var least = 0.0
    /// What a number gets whose scope has no spread.
    package var zeroSpread = SingletonRule.zero
    package var sample = Sample.all

    package init(_ by: By) { self.by = by }
}
