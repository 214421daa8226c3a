// Class logits to one reward, in float32.
import Glibc

extension Reduction {
    /// Whether a head with this many classes can be reduced so.
    package func accepts(classCount: Int) -> Bool {
        switch self {
        case .softmax(let index): classCount > index && index >= 0
        case .sum(let indexes):
            !indexes.isEmpty && Set(indexes).count == indexes.count
                && indexes.allSatisfy { $0 >= 0 && $0 < classCount }
        case .margin: classCount == 2
        case .sigmoid, .identity: classCount == 1
        }
    }

    /// The reward of one read position; `logits` are as many as `accepts` has accepted.
    package func reward(_ logits: UnsafeBufferPointer<Float>) -> Float {
        switch self {
        case .softmax(let index): probabilities(logits)[index]
        case .sum(let indexes): probability(of: indexes, logits)
        case .margin: probabilities(logits)[1] - probabilities(logits)[0]
        case .sigmoid: logistic(logits[0])
        case .identity: logits[0]
        }
    }
}

private func probabilities(_ logits: UnsafeBufferPointer<Float>) -> [Float] {
    let weights = weights(logits)
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
}

/// Added up in the classes' order before the division: rounding is monotone, so the part never exceeds the whole.
private func probability(of indexes: [Int], _ logits: UnsafeBufferPointer<Float>) -> Float {
    let weights = weights(logits)
    return indexes.sorted().reduce(0) { $0 + weights[$1] } / weights.reduce(0, +)
}

/// Relative to the largest logit, so that nothing overflows.
private func weights(_ logits: UnsafeBufferPointer<Float>) -> [Float] {
    let largest = logits.max() ?? 0
    return logits.map { expf($0 - largest) }
}

/// 1 / (1 + e^-x), with the exponential of a negative number on either side.
private func logistic(_ x: Float) -> Float {
    let power = expf(-abs(x))
    return x < 0 ? power / (1 + power) : 1 / (1 + power)
}
