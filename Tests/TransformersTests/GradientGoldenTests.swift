// The gradients that PyTorch computed, and those of differences.
import Checkpoints
import Fixtures
import Foundation
import JSON
import Testing
import Transformers

/// `Tests/Goldens/gradients`, written by make_gradients.py.
private struct GradientGolden {
    let folder = Shared.checkout.appendingPathComponent("Tests/Goldens/gradients")
    let batch: [TrainingSequence]
    let correct: [Bool]
    let temperature: Double
    let languageWeight: Double
    let losses: [Double]
    let languageLoss: Double
    let temperatureGradient: Double

    init() throws {
        let json = try JSONValue(parsing: Array(Data(contentsOf: folder.appendingPathComponent("case.json"))))
        let rollouts = try #require(json["rollouts"]?.array)
        batch = try rollouts.map { rollout in
            let targets = Self.integers(rollout["targets"])
            try #require(targets.count == 2)
            return TrainingSequence(
                ids: Self.integers(rollout["ids"]).map { Int32($0) },
                readPositions: Self.integers(rollout["reads"]),
                languageTargets: targets[0]..<targets[1]
            )
        }
        correct = rollouts.compactMap { $0["correct"]?.bool }
        temperature = try #require(json["temperature"]?.double)
        languageWeight = try #require(json["language_weight"]?.double)
        losses = (json["losses"]?.array ?? []).compactMap(\.double)
        languageLoss = try #require(json["language_loss"]?.double)
        temperatureGradient = try #require(json["temperature_gradient"]?.double)
    }

    private static func integers(_ value: JSONValue?) -> [Int] { (value?.array ?? []).compactMap(\.integer) }

    func model(tuning: Tuning = .all, lanes: Int = 1, tokensAtOnce: Int = 1024) throws -> TrainableModel {
        let checkpoint = try Checkpoint(folder: folder.path)
        return try TrainableModel(
            checkpoint: checkpoint,
            tuning: tuning,
            lanes: lanes,
            tokensAtOnce: tokensAtOnce,
            seed: 1
        )
    }

    /// One update's losses; the gradient stays in the model.
    func learn(_ model: TrainableModel) throws -> Lesson {
        let (correct, temperature, share) = (correct, temperature, 1 / Double(batch.count))
        return try model.learn(batch, languageWeight: languageWeight) { sequence, logits in
            pooledLoss(logits, correct: correct[sequence], temperature: temperature, share: share)
        }
    }
}

/// Cross-entropy of the softmax-weighted sum of probabilities, straight from credit-methods.md 1.2 and 1.5.
private func pooledLoss(_ logits: [Float], correct: Bool, temperature: Double, share: Double) -> LossGradient {
    var p: [Double] = []
    for index in stride(from: 0, to: logits.count, by: 2) {
        let logit = Double(logits[index + 1]) - Double(logits[index])
        p.append(1 / (1 + exp(-logit)))
    }
    let exponentials: [Double] = p.map { exp(-$0 / temperature) }
    let sum: Double = exponentials.reduce(0, +)
    var pooled = 0.0
    for (weight, p) in zip(exponentials, p) { pooled += weight / sum * p }
    let slope: Double = share * (correct ? -1 / pooled : 1 / (1 - pooled))
    var gradient: [Float] = []
    var spread = 0.0
    for (weight, p) in zip(exponentials, p) {
        let gap = p - pooled
        let dlogit = slope * weight / sum * (1 - gap / temperature) * p * (1 - p)
        gradient += [Float(-dlogit), Float(dlogit)]
        spread += weight / sum * gap * gap
    }
    return LossGradient(
        loss: -share * log(correct ? pooled : 1 - pooled),
        logits: gradient,
        temperature: slope * spread / (temperature * temperature)
    )
}

@Suite struct GradientGoldenTests {
    /// The largest difference of a tensor, relative to the largest number in it.
    private func difference(_ ours: [Float], _ theirs: [Float]) -> Double {
        let largest = theirs.map { abs(Double($0)) }.max() ?? 0
        return (zip(ours, theirs).map { abs(Double($0) - Double($1)) }.max() ?? 0) / max(largest, 1e-30)
    }

    @Test(arguments: [(1, 1024), (1, 40), (3, 40), (2, 1024)])
    func `losses and every gradient are PyTorch's within 1e-4`(lanes: Int, tokensAtOnce: Int) throws {
        let golden = try GradientGolden()
        let model = try golden.model(lanes: lanes, tokensAtOnce: tokensAtOnce)
        let lesson = try golden.learn(model)
        for (ours, theirs) in zip(lesson.losses, golden.losses) {
            #expect(abs(ours.loss * Double(golden.batch.count) - theirs) < 1e-4 * abs(theirs))
        }
        #expect(abs(lesson.languageLoss - golden.languageLoss) < 1e-5 * golden.languageLoss)
        let temperature = lesson.losses.reduce(0) { $0 + $1.temperature }
        #expect(abs(temperature - golden.temperatureGradient) < 1e-4 * abs(golden.temperatureGradient))

        let expected = try Checkpoint(folder: golden.folder.appendingPathComponent("expected").path)
        #expect(model.tensors.count == expected.tensors.count)
        var worst = 0.0
        for tensor in model.tensors {
            let theirs = try expected.load(tensor.name).withBytes { Array($0.bindMemory(to: Float.self)) }
            let ours = model.withGradient { Array($0[tensor.range]) }
            let off = difference(ours, theirs)
            #expect(off < 1e-4, "\(tensor.name) is off by \(off)")
            worst = max(worst, off)
        }
        print("largest gradient difference from PyTorch, relative: \(worst)")
    }

    @Test(arguments: [Tuning.head, .last(0), .last(1), .last(2), .last(3), .last(99)])
    func `tuning less moves the same numbers by the same gradient`(tuning: Tuning) throws {
        let golden = try GradientGolden()
        let all = try golden.model()
        let some = try golden.model(tuning: tuning)
        _ = try golden.learn(all)
        _ = try golden.learn(some)
        #expect(some.trainable.upperBound == all.trainable.upperBound)
        #expect(some.trainable.count < all.trainable.count)
        #expect(some.withGradient { Array($0) } == all.withGradient { Array($0[some.trainable]) })
    }

    @Test func `two lanes get the same bits every time`() throws {
        let golden = try GradientGolden()
        let model = try golden.model(lanes: 2, tokensAtOnce: 64)
        _ = try golden.learn(model)
        let first = model.withGradient { Array($0) }
        for _ in 0..<5 {
            _ = try golden.learn(model)
            #expect(model.withGradient { Array($0) } == first)
        }
    }

    @Test func `the rewards while learning are those of the scoring path`() async throws {
        let golden = try GradientGolden()
        let logits = try golden.model(lanes: 2, tokensAtOnce: 50).logits(of: golden.batch)
        let scoring = try RewardModel(
            checkpoint: Checkpoint(folder: golden.folder.path),
            head: .linear(weight: "score.weight", bias: "score.bias"),
            reduction: .softmax(1),
            compute: ComputeSettings(threads: 2),
            progress: nil
        )
        let sequences = golden.batch.map { TokenSequence(ids: $0.ids, readPositions: $0.readPositions) }
        let rewards = try await scoring.forward(PackedBatch(sequences))
        let ours = logits.flatMap { logits in
            stride(from: 0, to: logits.count, by: 2).map { 1 / (1 + expf(logits[$0] - logits[$0 + 1])) }
        }
        #expect(ours.count == rewards.count)
        for (one, other) in zip(ours, rewards) { #expect(abs(one - other) < 1e-5) }
    }
}
