// How good the parameters are on rollouts that they never saw.
import Crediting
import Evaluating
import Glibc
import Transformers

/// What one evaluation found.
package struct HeldOutScore: Sendable, Equatable {
    /// Mean binary cross-entropy of the outcomes, in nats.
    package let loss: Double
    /// The share of outcomes that the pooled score gets right at 0.5.
    package let accuracy: Double
    /// First-error F1 at the threshold 0.5; nil without labels of both kinds.
    package let f1: Double?

    init(loss: Double, accuracy: Double, f1: Double?) {
        (self.loss, self.accuracy, self.f1) = (loss, accuracy, f1)
    }

    /// The number that decides, the greater the better; nil where there is none.
    func merit(_ keeping: Keeping) -> Double? {
        switch keeping {
        case .loss: -loss
        case .accuracy: accuracy
        case .f1: f1
        case .last: nil
        }
    }
}

/// Scores the held-out rollouts in pieces of the same size every time, since a product's bits may know its company.
struct HeldOutMeasure {
    private static let atOnce = 64

    let pooling: ChancePooling
    let temperature: Double

    func score(_ heldOut: [HeldOutExample], with learner: some Learner) throws(ModelError) -> HeldOutScore {
        var loss = 0.0
        var right = 0
        var chains: [JudgedChain] = []
        for start in stride(from: 0, to: heldOut.count, by: Self.atOnce) {
            let piece = Array(heldOut[start..<min(start + Self.atOnce, heldOut.count)])
            for (item, scores) in zip(piece, try learner.logits(of: piece.map(\.example))) {
                let logits = OutcomeLoss.logits(scores)
                let chance = pooling.logChance(right: true, logits: logits, temperature: temperature)
                let correct = item.example.correct
                if correct == (chance.value > -M_LN2) { right += 1 }
                loss -= correct ? chance.value : other(logits)
                chains.append(
                    JudgedChain(
                        rewards: logits.map { 1 / (1 + exp(-$0)) },
                        label: item.label,
                        correct: correct,
                        trajectory: exp(chance.value)
                    )
                )
            }
        }
        let count = Double(max(1, heldOut.count))
        return HeldOutScore(
            loss: loss / count,
            accuracy: Double(right) / count,
            f1: FirstErrorScore(chains, threshold: 0.5).f1
        )
    }

    private func other(_ logits: [Double]) -> Double {
        pooling.logChance(right: false, logits: logits, temperature: temperature).value
    }
}
