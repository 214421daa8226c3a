// Class logits to one reward, in float32.
import Glibc

extension Reduction {
    /// Whether a head with this many classes can be reduced so.
    package func accepts(classCount: Int) -> Bool {
        switch self {
        case .softmax(let index): classCount > index && index >= 0
        case .margin: classCount == 2
        case .sigmoid, .identity: classCount == 1
        }
    }

    /// The reward of one read position; `logits` are as many as `accepts` has accepted.
    package func reward(_ logits: UnsafeBufferPointer<Float>) -> Float {
        switch self {
        case .softmax(let index): probabilities(logits)[index]
        case .margin: probabilities(logits)[1] - probabilities(logits)[0]
        case .sigmoid: logistic(logits[0])
        case .identity: logits[0]
        }
    }
}

/// Relative to the largest logit, so that nothing overflows.
private func probabilities(_ logits: UnsafeBufferPointer<Float>) -> [Float] {
    let largest = logits.max() ?? 0
    let weights = logits.map { expf($0 - largest) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
}

/// 1 / (1 + e^-x), with the exponential of a negative number on either side.
private func logistic(_ x: Float) -> Float {
    let power = expf(-abs(x))
    return x < 0 ? power / (1 + power) : 1 / (1 + power)
}
