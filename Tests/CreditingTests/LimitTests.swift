// The ends of the ranges of temperatures and rewards.

import Crediting
import Fixtures
import Testing

/// What `credit` refuses these rewards with, or nil.
private func refusal(_ rewards: [Double?], on scale: Scale, creditOn target: Scale = .probability) -> CreditError? {
    do throws(CreditError) {
        _ = try credit(for: rewards, on: scale, settings: CreditSettings(scale: target))
        return nil
    } catch {
        return error
    }
}

private let smallest = Double.leastNonzeroMagnitude
private let largest = Double.greatestFiniteMagnitude

@Suite struct LimitTests {
    @Test(arguments: [1e-300, Double.leastNormalMagnitude, smallest])
    func `the smallest temperatures give the minimum`(temperature: Double) throws {
        for chain in [[0.5, 0.3, 0.3, 0.3, 0.9], [1, 1, 0.25], [0.1, 0.7]] {
            for pooling in [Pooling.sws, .softmin] {
                let settings = try CreditSettings(pooling: pooling, temperature: temperature)
                let result = try credit(for: chain, on: .probability, settings: settings)
                #expect(result.pooled == chain.min())
                let share = 1 / Double(chain.count { $0 == chain.min() })
                #expect(result.steps.map { $0?.weight } == chain.map { $0 == chain.min() ? share : 0 })
            }
        }
    }

    @Test(arguments: [1e300, largest])
    func `the largest temperatures give the mean`(temperature: Double) throws {
        for chain in [[0.5, 0.3, 0.3, 0.3, 0.9], [0, 1, 0.25], [1e-9, 0.7], [0.1, 0.2, 0.3]] {
            for pooling in [Pooling.sws, .softmin] {
                let settings = try CreditSettings(pooling: pooling, temperature: temperature)
                let mean = try credit(for: chain, on: .probability, settings: CreditSettings(pooling: .mean))
                let result = try credit(for: chain, on: .probability, settings: settings)
                #expect(result.pooled == mean.pooled)
                #expect(result.steps.map { $0?.weight } == mean.steps.map { $0?.weight })
            }
        }
    }

    @Test func `log-sum-exp keeps its digits at a large temperature`() throws {
        // mean - var/(2T), the next term being of order 1/T^2: here var = 1/4.
        let settings = try CreditSettings(pooling: .softmin, temperature: 1e6)
        let value = try credit(for: [0, 1], on: .probability, settings: settings).pooled
        #expect(agree(0.5 - value, 0.125e-6, within: 1e-15))
    }

    @Test(arguments: [smallest, 1e-300, 1, 1e300, largest])
    func `the widest scores overflow nothing`(temperature: Double) throws {
        for pooling in [Pooling.min, .sws, .softmin, .mean, .last] {
            let settings = try CreditSettings(pooling: pooling, temperature: temperature, scale: .logit)
            let chain = [-1e300, 1e300, 0, smallest, -1e300] + [Double](repeating: 1e300, count: 1000)
            let result = try credit(for: chain, on: .logit, settings: settings)
            #expect(result.pooled >= -1e300 && result.pooled <= 1e300)
            for step in result.steps {
                let step = try #require(step)
                #expect(step.weight.isFinite && step.credit.isFinite && step.return.isFinite)
            }
        }
    }

    @Test(arguments: [Pooling.product, .geometricMean])
    func `zeros share the weight of a product and make it nothing`(pooling: Pooling) throws {
        let settings = try CreditSettings(pooling: pooling)
        let result = try credit(for: [0.5, 0, 1, 0], on: .probability, settings: settings)
        #expect(result.pooled == 0)
        #expect(result.steps.map { $0?.weight } == [0, 0.5, 0, 0.5])
        #expect(result.steps.allSatisfy { $0?.credit == 0 })
        let tiny = try credit(for: [smallest, 1], on: .probability, settings: settings)
        #expect(tiny.steps.map { $0?.weight } == [1, smallest])
    }

    @Test func `the weight of the minimum falls on its first step`() throws {
        let settings = try CreditSettings(pooling: .min)
        let result = try credit(for: [nil, 0.9, 0.2, nil, 0.2], on: .probability, settings: settings)
        #expect(result.steps.map { $0?.weight } == [nil, 0, 1, nil, 0])
        #expect(result.steps.map { $0?.return } == [nil, 0.2, 0.2, nil, 0])
        #expect(result.weakestStep == 2)
    }

    @Test func `the weight of the last falls on the last present step`() throws {
        let settings = try CreditSettings(pooling: .last)
        let result = try credit(for: [0.9, 0.2, nil], on: .probability, settings: settings)
        #expect(result.steps.map { $0?.weight } == [0, 1, nil])
        #expect(result.pooled == 0.2)
    }

    @Test(arguments: [[], [nil], [nil, nil, nil]] as [[Double?]])
    func `no present step is refused`(rewards: [Double?]) {
        #expect(refusal(rewards, on: .probability) == .noSteps)
    }

    @Test(arguments: [0, -0.0, -1, -smallest, .nan, .infinity, -.infinity])
    func `a temperature that is not finite and positive is refused`(temperature: Double) {
        #expect { _ = try CreditSettings(temperature: temperature) } throws: { error in
            guard case .temperature(let named) = error as? CreditError else { return false }
            return named == temperature || named.isNaN && temperature.isNaN
        }
    }

    @Test(arguments: [Pooling.product, .geometricMean], [Scale.margin, .logit])
    func `a product exists on probabilities only`(pooling: Pooling, scale: Scale) throws {
        #expect(throws: CreditError.undefined(pooling, scale)) { try CreditSettings(pooling: pooling, scale: scale) }
        let settings = try CreditSettings(pooling: .mean, scale: scale)
        let result = try credit(for: [0.5], on: .probability, settings: settings)
        #expect(result.poolings.map(\.pooling) == [.min, .sws, .softmin, .mean, .last])
    }

    @Test(arguments: Scale.allCases, [Double.nan, .infinity, -.infinity, .signalingNaN])
    func `a reward that is not finite is refused by its step`(scale: Scale, value: Double) {
        #expect(refusal([0.5, nil, value], on: scale) == .notFinite(step: 2))
    }

    @Test(arguments: [
        (Scale.probability, 0.0, 1.0), (.margin, -1.0, 1.0), (.logit, -1e300, 1e300),
    ])
    func `both ends of a scale are in, their neighbours out`(scale: Scale, low: Double, high: Double) {
        #expect(refusal([low, high], on: scale) == nil)
        for value in [low.nextDown, high.nextUp] {
            #expect(refusal([0.5, value], on: scale) == .outOfRange(step: 1, value: value, scale: scale))
        }
    }

    @Test(arguments: [(Scale.probability, 0.0), (.probability, 1.0), (.margin, -1.0), (.margin, 1.0)])
    func `a certain step has no logit`(scale: Scale, value: Double) {
        #expect(refusal([0.5, value], on: scale, creditOn: .logit) == .infiniteLogit(step: 1))
        #expect(refusal([0.5, value], on: scale, creditOn: .margin) == nil)
    }

    @Test(arguments: [
        (Scale.probability, 0.75, Scale.margin, 0.5), (.margin, 0.5, .probability, 0.75),
        (.probability, 0.5, .logit, 0),
        (.logit, 0, .probability, 0.5), (.logit, 0, .margin, 0), (.probability, 0.75, .logit, 1.0986122886681098),
        (.margin, 0.5, .logit, 1.0986122886681098), (.margin, 1e-12, .logit, 2e-12), (.logit, 1000, .probability, 1),
        (.logit, -1000, .probability, 0),
        (.logit, 1e300, .margin, 1), (.probability, smallest, .logit, -744.4400719213812),
        (.logit, -700, .probability, 9.859676543759770e-305),
    ])
    func `scales convert`(from: Scale, value: Double, to: Scale, expected: Double) throws {
        let result = try from.convert(value, to: to, step: 0)
        #expect(abs(result - expected) <= 4 * expected.ulp)
    }

    @Test func `scales convert there and back`() throws {
        var chance = SeededGenerator(seed: 8)
        for _ in 0..<10_000 {
            let logit = Double.random(in: -12...12, using: &chance)
            for scale in Scale.allCases {
                let there = try Scale.logit.convert(logit, to: scale, step: 0)
                #expect(scale.range.contains(there))
                #expect(agree(try scale.convert(there, to: .logit, step: 0), logit, within: 1e-10))
            }
        }
    }

    @Test(arguments: [("min", Pooling.min), ("geometric_mean", .geometricMean), ("sws", .sws), ("softmin", .softmin)])
    func `poolings are spelt as on the wire`(word: String, pooling: Pooling) {
        #expect(Pooling(rawValue: word) == pooling)
        #expect(Pooling(rawValue: "geometricMean") == nil)
    }
}
