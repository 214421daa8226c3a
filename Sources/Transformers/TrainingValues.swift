// What a decoder learns from, and what it gives back.

/// A rollout to learn from, as token ids.
package struct TrainingSequence: Sendable, Equatable {
    package let ids: [Int32]
    /// Strictly ascending positions within `ids` whose logits the loss sees.
    package let readPositions: [Int]
    /// Positions whose token is learnt from the tokens before it, as a language model learns; never position 0.
    package let languageTargets: Range<Int>
    /// What rotary embedding is told of each token's place, ascending; nil: 0, 1, 2 ...
    package var positions: [Int32]?

    package init(
        ids: [Int32],
        readPositions: [Int],
        languageTargets: Range<Int> = 0..<0,
        positions: [Int32]? = nil
    ) {
        self.ids = ids
        self.readPositions = readPositions
        self.languageTargets = languageTargets
        self.positions = positions
    }
}

/// Which parameters move.
package enum Tuning: Sendable, Equatable {
    /// The scoring head alone.
    case head
    /// The last layers, the final norm and the head.
    case last(Int)
    /// Everything, the embedding included.
    case all
}

/// One named tensor within the flat block of all parameters; row-major.
package struct ParameterTensor: Sendable, Equatable {
    package let name: String
    package let shape: [Int]
    /// Its floats within the block.
    package let range: Range<Int>
}

/// What the loss of one sequence says.
package struct LossGradient: Sendable {
    package var loss: Double
    /// d loss / d logits, [reads * classes].
    package var logits: [Float]
    /// d loss / d temperature of the pooling; carried through, for the caller who learns it.
    package var temperature: Double

    package init(loss: Double, logits: [Float], temperature: Double) {
        self.loss = loss
        self.logits = logits
        self.temperature = temperature
    }
}

/// What one update learnt.
package struct Lesson: Sendable {
    /// One a sequence, in the batch's order.
    package let losses: [LossGradient]
    /// Mean cross-entropy of the language targets, in nats a token; 0 where there are none.
    package let languageLoss: Double
}
