// What a reward model is asked for, and how it refuses.
package import Checkpoints

/// The layers that turn a hidden state into class logits, by the names of their tensors.
package enum Head: Sendable, Equatable {
    /// One linear layer; as many classes as its weight has rows.
    case linear(weight: String, bias: String?)
    /// Linear, ReLU, linear.
    case mlp2(first: Layer, second: Layer)
    /// The language model's own logits of these tokens, in this order: rows of `lm_head.weight`, or of the embedding where
    /// config.json ties the two.
    case lmTokens([Int32])

    /// One linear layer of a head.
    package struct Layer: Sendable, Equatable {
        package let weight: String
        package let bias: String?

        package init(weight: String, bias: String?) {
            self.weight = weight
            self.bias = bias
        }
    }
}

/// How class logits become one reward.
package enum Reduction: Sendable, Equatable {
    /// The probability of one class among all.
    case softmax(Int)
    /// The probability of any of these classes among all (ReasonEval's validity: 1 and 2 of three).
    case sum([Int])
    /// p1 - p0 of two classes, in [-1, 1].
    case margin
    /// The logistic of one class.
    case sigmoid
    /// The one class as it is.
    case identity
}

/// Why a model cannot be loaded, or a batch not be run.
package enum ModelError: Error, Sendable, Equatable {
    case checkpoint(CheckpointError)
    case unsupportedModelType(String)
    case unsupportedActivation(String)
    case unsupportedRopeScaling(String)
    case missingTensor(String)
    /// A tensor of the decoder that config.json has no place for: the rewards would not be those of the model.
    case unexpectedTensor(String)
    case wrongShape(tensor: String, expected: [Int], found: [Int])
    /// The head has too few or too many classes for the reduction.
    case wrongClassCount(reduction: Reduction, found: Int)
    /// A token of the head has no row in the vocabulary, or is named twice.
    case badHeadTokens([Int32], rows: Int)
    case badThreadCount(Int)
    /// The system has not so much memory for weights, or for keys and values.
    case outOfMemory(bytes: Int)
    /// This machine lacks the instructions.
    case unsupportedKernel(Kernel)

    case emptyBatch
    /// A path shorter than the tokens at its end, or a slot below 0.
    case badPath(piece: Int)
    case emptySequence(index: Int)
    /// Read positions are missing, not ascending or outside the sequence.
    case badReadPositions(sequence: Int)
    /// Language targets begin at the first token, which nothing comes before, or reach past the sequence.
    case badLanguageTargets(sequence: Int)
    /// Not as many positions as tokens.
    case badPositions(sequence: Int)
    /// The decoder cannot be trained further for this reason, although it can be scored with.
    case untrainable(String)
    /// A language loss needs the embedding as the output layer, and this decoder's is not tied to it; or a model that was
    /// loaded for rewards is asked for the next token.
    case noLanguageHead
    /// Not one target for each read position.
    case badTargets
    /// The id has no row in the embedding table.
    case unknownToken(id: Int32, row: Int)
}
