// Binary cross-entropy of a pooled score against the outcome.
//
// LCA's objective as credit-methods.md 1.2 infers it: rewards and credit are learnt from one bit a rollout.
import Crediting
import Transformers

/// The loss of a batch is the mean over its rollouts; each gets its share.
struct OutcomeLoss: Sendable {
    let pooling: ChancePooling
    let temperature: Double
    /// Rollouts in the batch.
    let count: Int

    /// - Parameter logits: [steps * 2], class 0 = wrong, 1 = right.
    func callAsFunction(_ logits: [Float], correct: Bool) -> LossGradient {
        let chance = pooling.logChance(right: correct, logits: Self.logits(logits), temperature: temperature)
        let share = -1 / Double(count)
        return LossGradient(
            loss: share * chance.value,
            logits: chance.logits.flatMap { [Float(-share * $0), Float(share * $0)] },
            temperature: share * chance.temperature
        )
    }

    /// z = z1 - z0 of each step, by which softmax[1] is sigmoid(z).
    static func logits(_ logits: [Float]) -> [Double] {
        stride(from: 0, to: logits.count - 1, by: 2).map { Double(logits[$0 + 1]) - Double(logits[$0]) }
    }
}
