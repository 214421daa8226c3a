// What holds for every rollout, on thousands of seeded ones.

import Crediting
import Fixtures
import Glibc
import Testing

private let cases = 2000

/// The value of `pooling` for scores that are used as they are.
private func pooled(_ scores: [Double], _ pooling: Pooling, _ temperature: Double, on scale: Scale = .logit) throws
    -> Double
{
    let settings = try CreditSettings(pooling: pooling, temperature: temperature, scale: scale)
    return try credit(for: scores, on: scale, settings: settings).pooled
}

@Suite struct IdentityTests {
    @Test func `minimum, weighted sum and mean keep their order`() throws {
        var chance = SeededGenerator(seed: 1)
        for _ in 0..<cases {
            let (p, t) = (chance.probabilities(), chance.temperature())
            let low = try pooled(p, .min, t, on: .probability)
            let sws = try pooled(p, .sws, t, on: .probability)
            let softmin = try pooled(p, .softmin, t, on: .probability)
            let mean = try pooled(p, .mean, t, on: .probability)
            let geometric = try pooled(p, .geometricMean, t, on: .probability)
            let product = try pooled(p, .product, t, on: .probability)
            #expect(low == p.min())
            #expect(low <= sws && sws <= mean + 1e-15)
            // Jensen: -T log E exp(-s/T) <= E s. Gibbs: the entropy of the weights is log n at most, so sws <= softmin.
            #expect(sws <= softmin + 1e-14 && softmin <= mean + 1e-14)
            #expect(softmin <= low + t * log(Double(p.count)) + 1e-14)
            #expect(product <= low && low <= geometric && geometric <= mean + 1e-15)
            // credit-methods.md 1.5: S - min <= T W((n - 1)/e), and W(x) <= log(1 + x).
            #expect(sws - low <= t * log1p(Double(p.count - 1) / M_E) + 1e-15)
        }
    }

    @Test func `a margin at T is a probability at half of T`() throws {
        var chance = SeededGenerator(seed: 2)
        for _ in 0..<cases {
            let (p, t) = (chance.probabilities(), chance.temperature())
            for pooling in [Pooling.min, .sws, .softmin, .mean, .last] {
                let onMargin = try CreditSettings(pooling: pooling, temperature: t, scale: .margin)
                let onProbability = try CreditSettings(pooling: pooling, temperature: t / 2, scale: .probability)
                let margin = try credit(for: p, on: .probability, settings: onMargin)
                let probability = try credit(for: p, on: .probability, settings: onProbability)
                #expect(agree(margin.pooled, 2 * probability.pooled - 1))
                for (one, other) in zip(margin.steps, probability.steps) {
                    #expect(agree(try #require(one).weight, try #require(other).weight, within: 1e-11))
                }
            }
        }
    }

    @Test func `a shift of all scores shifts the value, a scaling scales it`() throws {
        var chance = SeededGenerator(seed: 3)
        for _ in 0..<cases {
            let (s, t) = (chance.probabilities(), chance.temperature())
            let shift = Double.random(in: -3...3, using: &chance)
            let scale = Double.random(in: 0.1...10, using: &chance)
            for pooling in [Pooling.min, .sws, .softmin, .mean, .last] {
                let value = try pooled(s, pooling, t)
                #expect(agree(try pooled(s.map { $0 + shift }, pooling, t), value + shift, within: 1e-10))
                #expect(
                    agree(
                        try pooled(s.map { $0 * scale }, pooling, t),
                        scale * (try pooled(s, pooling, t / scale)),
                        within: 1e-10
                    )
                )
            }
        }
    }

    @Test(arguments: Pooling.allCases)
    func `weights add up to one, credits to the value, returns are suffix sums`(pooling: Pooling) throws {
        var chance = SeededGenerator(seed: 4)
        for _ in 0..<cases {
            let (p, t) = (chance.probabilities(), chance.temperature())
            for scale in Scale.allCases where pooling.exists(on: scale) {
                let settings = try CreditSettings(pooling: pooling, temperature: t, scale: scale)
                // p is used as a number of each scale in turn: all of them hold [0, 1].
                let result = try credit(for: p, on: scale, settings: settings)
                let steps = try result.steps.map { try #require($0) }
                #expect(agree(steps.map(\.weight).reduce(0, +), 1))
                #expect(steps.allSatisfy { $0.weight >= 0 })
                #expect(agree(steps.map(\.credit).reduce(0, +), result.pooled))
                #expect(agree(try #require(steps.first).return, result.pooled))
                #expect(try #require(steps.last).return == steps.last?.credit)
                for (step, next) in zip(steps, steps.dropFirst()) {
                    #expect(step.return == next.return + step.credit)
                }
                #expect(result.poolings.contains { $0 == (pooling, result.pooled) })
                #expect(result.weakestStep == p.firstIndex(of: try #require(p.min())))
            }
        }
    }

    @Test(arguments: Pooling.allCases.filter { $0 != .product })
    func `equal steps have their own score as value`(pooling: Pooling) throws {
        var chance = SeededGenerator(seed: 5)
        for _ in 0..<cases {
            let (score, t) = (Double.random(in: 0...1, using: &chance), chance.temperature())
            let chain = [Double](repeating: score, count: Int.random(in: 1...30, using: &chance))
            #expect(try pooled(chain, pooling, t, on: .probability) == score)
        }
    }

    @Test(arguments: Pooling.allCases)
    func `one step has all the credit`(pooling: Pooling) throws {
        for score in [0, 0.1, 0.7, 1] {
            let settings = try CreditSettings(pooling: pooling)
            let result = try credit(for: [score], on: .probability, settings: settings)
            let step = try #require(result.steps.first ?? nil)
            #expect(result.steps.count == 1)
            #expect(step.weight == 1 && step.credit == score && step.return == score)
            #expect(result.poolings.allSatisfy { $0.value == score })
        }
    }

    @Test(arguments: Pooling.allCases)
    func `an absent step is as if it were not there`(pooling: Pooling) throws {
        var chance = SeededGenerator(seed: 6)
        for _ in 0..<cases {
            let (p, t) = (chance.probabilities(), chance.temperature())
            let settings = try CreditSettings(pooling: pooling, temperature: t)
            let full = try credit(for: p, on: .probability, settings: settings)
            let holed = p.flatMap { Bool.random(using: &chance) ? [nil, $0] : [$0, nil, nil] }
            let result = try credit(for: holed, on: .probability, settings: settings)
            #expect(result.steps.map { $0 == nil } == holed.map { $0 == nil })
            #expect(result.steps.compactMap { $0 } == full.steps.compactMap { $0 })
            #expect(result.pooled == full.pooled)
            #expect(holed[result.weakestStep] == p[full.weakestStep])
        }
    }

    @Test func `log-sum-exp never falls when a step rises`() throws {
        var chance = SeededGenerator(seed: 7)
        for _ in 0..<cases {
            var p = chance.probabilities()
            let t = chance.temperature()
            let before = try pooled(p, .softmin, t)
            p[Int.random(in: 0..<p.count, using: &chance)] += Double.random(in: 0...1, using: &chance)
            #expect(try pooled(p, .softmin, t) >= before - 1e-14)
        }
    }

    @Test(arguments: [Pooling.softmin, .product, .geometricMean])
    func `weights follow the slope of the value`(pooling: Pooling) throws {
        let p = [0.95, 0.9, 0.2, 0.7, 0.2]
        let settings = try CreditSettings(pooling: pooling, temperature: 0.3)
        let weights = try credit(for: p, on: .probability, settings: settings).steps.map { try #require($0).weight }
        let slopes = try p.indices.map { index in
            var (up, down) = (p, p)
            up[index] += 1e-6
            down[index] -= 1e-6
            return try pooled(up, pooling, 0.3, on: .probability) - pooled(down, pooling, 0.3, on: .probability)
        }
        let sum = slopes.reduce(0, +)
        for (weight, slope) in zip(weights, slopes) { #expect(agree(weight, slope / sum, within: 1e-7)) }
    }
}
