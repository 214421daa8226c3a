// How much likelier one model holds a rollout than another.

/// log pi_policy - log pi_reference of a rollout's tokens, in nats (credit-methods.md section 6); no beta is multiplied.
package struct LogRatios: Sendable, Equatable {
    /// A log-ratio over several tokens.
    package struct Total: Sendable, Equatable {
        /// What implicit PRM, PRIME and iStar take of a step.
        package let sum: Double
        /// What SWEET-RL takes; nil where there is no token.
        package let mean: Double?

        init(_ ratios: ArraySlice<Double>) {
            sum = ratios.reduce(0, +)
            mean = ratios.isEmpty ? nil : sum / Double(ratios.count)
        }
    }

    /// One a token of the rollout.
    package let tokens: [Double]
    package let steps: [Total]
    package let rollout: Total

    /// - Parameter spans: the tokens of each step.
    init(policy: [Double], reference: [Double], spans: [Range<Int>]) {
        precondition(policy.count == reference.count, "two models read the same tokens")
        tokens = zip(policy, reference).map { $0 - $1 }
        steps = spans.map { [tokens] in Total(tokens[$0]) }
        rollout = Total(tokens[...])
    }
}
