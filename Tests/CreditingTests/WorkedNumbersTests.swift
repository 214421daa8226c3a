// The worked numbers of reference/credit-methods.md 10.1.

import Crediting
import Testing

/// One row: a temperature, the weights, the credits and the pooled value, to 6 digits.
struct Row: Sendable, CustomTestStringConvertible {
    let scale: Scale
    let temperature: Double
    let weights: [Double]
    let credits: [Double]
    let pooled: Double

    var testDescription: String { "\(scale) T \(temperature)" }
}

private let margins: [Double] = [0.9, 0.8, -0.6, 0.4]
private let probabilities: [Double] = [0.95, 0.90, 0.20, 0.70]

private let rows = [
    Row(
        scale: .margin,
        temperature: 0.1,
        weights: [0.000000, 0.000001, 0.999953, 0.000045],
        credits: [0.000000, 0.000001, -0.599972, 0.000018],
        pooled: -0.599953
    ),
    Row(
        scale: .margin,
        temperature: 0.5,
        weights: [0.039960, 0.048807, 0.802612, 0.108622],
        credits: [0.035964, 0.039045, -0.481567, 0.043449],
        pooled: -0.363109
    ),
    Row(
        scale: .margin,
        temperature: 1,
        weights: [0.121424, 0.134195, 0.544186, 0.200195],
        credits: [0.109282, 0.107356, -0.326512, 0.080078],
        pooled: -0.029796
    ),
    Row(
        scale: .probability,
        temperature: 0.05,
        weights: [0, 0.000001, 0.999953, 0.000045],
        credits: [0, 0.000001, 0.199991, 0.000032],
        pooled: 0.200024
    ),
    Row(
        scale: .probability,
        temperature: 0.1,
        weights: [0.000549, 0.000904, 0.991864, 0.006683],
        credits: [0.000521, 0.000814, 0.198373, 0.004678],
        pooled: 0.204386
    ),
    Row(
        scale: .probability,
        temperature: 0.5,
        weights: [0.121424, 0.134195, 0.544186, 0.200195],
        credits: [0.115353, 0.120775, 0.108837, 0.140136],
        pooled: 0.485102
    ),
    Row(
        scale: .probability,
        temperature: 1,
        weights: [0.183409, 0.192813, 0.388277, 0.235502],
        credits: [0.174239, 0.173531, 0.077655, 0.164851],
        pooled: 0.590276
    ),
    Row(
        scale: .probability,
        temperature: 10,
        weights: [0.243415, 0.244635, 0.262373, 0.249577],
        credits: [0.231244, 0.220172, 0.052475, 0.174704],
        pooled: 0.678594
    ),
]

@Suite struct WorkedNumbersTests {
    @Test(arguments: rows, [Scale.margin, .probability])
    func `the softmax-weighted sum has the worked weights, credits and value`(row: Row, given: Scale) throws {
        let settings = try CreditSettings(pooling: .sws, temperature: row.temperature, scale: row.scale)
        let result = try credit(for: given == .margin ? margins : probabilities, on: given, settings: settings)
        for (step, (weight, share)) in zip(result.steps, zip(row.weights, row.credits)) {
            let step = try #require(step)
            #expect(abs(step.weight - weight) <= 0.6e-6)
            #expect(abs(step.credit - share) <= 0.6e-6)
        }
        #expect(abs(result.pooled - row.pooled) <= 0.6e-6)
        #expect(result.weakestStep == 2)
    }

    @Test func `PURE's returns are the suffix sums of its contributions`() throws {
        let settings = try CreditSettings(pooling: .sws, temperature: 0.1, scale: .margin)
        let returns = try credit(for: margins, on: .margin, settings: settings).steps.map { try #require($0).return }
        for (value, worked) in zip(returns, [-0.599953, -0.599953, -0.599954, 0.000018]) {
            #expect(abs(value - worked) <= 0.6e-6)
        }
    }

    @Test func `PURE's transform has the weights of the default`() throws {
        let pure = try CreditSettings(pooling: .sws, temperature: 0.1, scale: .margin)
        let ours = try credit(for: probabilities, on: .probability, settings: .standard)
        let theirs = try credit(for: probabilities, on: .probability, settings: pure)
        for (one, other) in zip(ours.steps, theirs.steps) {
            #expect(agree(try #require(one).weight, try #require(other).weight))
        }
        #expect(agree(theirs.pooled, 2 * ours.pooled - 1))
        #expect(try CreditSettings() == .standard)
    }

    @Test(arguments: [
        (Pooling.min, 0.20), (.product, 0.1197), (.mean, 0.6875), (.last, 0.70), (.sws, 0.200024), (.softmin, 0.269312),
        (.geometricMean, 0.588198),
    ])
    func `every pooling of the worked rollout is there`(pooling: Pooling, value: Double) throws {
        let result = try credit(for: probabilities, on: .probability, settings: .standard)
        let found = try #require(result.poolings.first { $0.pooling == pooling })
        #expect(abs(found.value - value) <= 0.6e-6)
        #expect(result.poolings.map(\.pooling) == Pooling.allCases)
    }

    @Test(arguments: [(0.05, 0.269312), (0.1, 0.337812), (1, 0.640257)])
    func `log-sum-exp has the worked values`(temperature: Double, value: Double) throws {
        let settings = try CreditSettings(pooling: .softmin, temperature: temperature)
        #expect(abs(try credit(for: probabilities, on: .probability, settings: settings).pooled - value) <= 0.6e-6)
    }

    @Test(arguments: [(0.1, 0.026894), (0.128, 0.027846), (0.2, 0.023841), (0.5, 0.003346), (1.0, 0.000045)])
    func `a better good step can lower the softmax-weighted sum`(good: Double, value: Double) throws {
        let settings = try CreditSettings(pooling: .sws, temperature: 0.1)
        #expect(abs(try credit(for: [0, good], on: .probability, settings: settings).pooled - value) <= 0.6e-6)
    }

    /// credit-methods.md 1.5: one bad step of 0.1 among n - 1 good ones of 0.9.
    @Test(arguments: [
        (0.1, 2, 0.100), (0.1, 11, 0.103), (0.1, 51, 0.113), (0.2, 2, 0.114), (0.2, 11, 0.224), (0.2, 51, 0.482),
    ])
    func `a long good chain dilutes its bad step`(temperature: Double, steps: Int, value: Double) throws {
        let settings = try CreditSettings(pooling: .sws, temperature: temperature)
        let chain = [0.1] + [Double](repeating: 0.9, count: steps - 1)
        #expect(abs(try credit(for: chain, on: .probability, settings: settings).pooled - value) <= 0.6e-3)
    }
}
