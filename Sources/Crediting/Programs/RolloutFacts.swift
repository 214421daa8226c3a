// All that a caller may say of one rollout.

/// The data of a rollout, of which a program reads what it names; nothing is checked yet.
package struct RolloutFacts: Sendable {
    /// Of a process reward model, one a step, nil where there is none.
    package var rewards: [Double?]?
    package var scale = Scale.probability
    /// Whether the answer is right, or any other number of the whole.
    package var outcome: Double?
    /// One a step, of whatever stands outside: tools, judges, graphs.
    package var external: [Double?]?
    /// The chance of a right answer before the first step and after each: n + 1.
    package var value: [Double?]?
    /// The mean log-probability of the right answer before the first step and after each: n + 1.
    package var answerLogprob: [Double?]?
    /// One a token of the response, each: what the policy gave it, how unsure it was there, log policy/reference.
    package var tokenLogprob: [Double?]?
    package var tokenEntropy: [Double?]?
    package var logratio: [Double?]?
    /// What another model gave the response's tokens.
    package var teacherLogprob: [Double?]?
    /// Rewards of several kinds.
    package var dimensions: [Double?]?
    /// Equal numbers are equal answers.
    package var answer: Int?
    /// Equal numbers, 0 or more, are one prompt; a rollout without is alone.
    package var group: Int?
    /// The rollout that this one continues, as its place among all.
    package var parent: Int?
    /// Which turn a step belongs to; each step is its own where nothing is said.
    package var turns: [Int]?
    /// Equal numbers are one state.
    package var states: [Int]?
    /// Where each step's tokens stand, and how many tokens there are.
    package var spans: [TokenSpan]?
    package var tokenCount: Int?
    /// False for a step or token that is to count nowhere.
    package var mask: [Bool]?
    package var tokenMask: [Bool]?
    /// The first step that is this rollout's own (R3L).
    package var pivot: Int?

    package init() {}
}

/// What is wrong with what was said of a rollout.
package struct FactFault: Error, Sendable, Equatable {
    package enum Problem: Sendable, Equatable {
        case count(Int, expected: Int)
        /// Steps and tokens that `n + 1` values make nothing of.
        case empty
        case notFinite(index: Int?)
        case outOfRange(index: Int, value: Double, scale: Scale)
        case badIndex(Int)
        /// A rollout that is its own ancestor.
        case cycle
        case span(index: Int, tokens: Int)
        /// Of other tokens than the signals that were computed.
        case otherTokens
    }

    package let rollout: Int
    /// As it is spelt on the wire.
    package let field: String
    package let problem: Problem

    package init(rollout: Int, field: String, problem: Problem) {
        self.rollout = rollout
        self.field = field
        self.problem = problem
    }
}
