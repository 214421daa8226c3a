// What training differentiates is what scoring pools.

import Crediting
import Fixtures
import Glibc
import Testing

private struct Case: Sendable, CustomStringConvertible {
    let pooling: LearntPooling
    let scale: LearntScale
    let right: Bool

    var description: String { "\(pooling) on \(scale), \(right ? "right" : "wrong")" }

    func logChance(_ logits: [Double], _ temperature: Double) throws -> LogChance {
        try ChancePooling(pooling: pooling, scale: scale)
            .logChance(right: right, logits: logits, temperature: temperature)
    }

    static let all: [Case] = LearntPooling.allCases.flatMap { pooling in
        LearntScale.allCases.filter { pooling.pooling.exists(on: $0.scale) }.flatMap { scale in
            [true, false].map { Case(pooling: pooling, scale: scale, right: $0) }
        }
    }
}

/// Central differences with one Richardson step: error of fourth order.
private func slope(at x: Double, _ function: (Double) throws -> Double) rethrows -> Double {
    let step = 1e-3 * max(1, abs(x))
    func difference(_ h: Double) throws -> Double { (try function(x + h) - function(x - h)) / (2 * h) }
    return (4 * (try difference(step / 2)) - (try difference(step))) / 3
}

@Suite struct GradientTests {
    @Test(arguments: Case.all)
    fileprivate func `the gradient is that of finite differences`(_ example: Case) throws {
        var chance = SeededGenerator(seed: 7)
        for count in [1, 2, 3, 5, 9] {
            let logits = (0..<count).map { _ in Double.random(in: -4...4, using: &chance) }
            let temperature = Double.random(in: 0.3...2, using: &chance)
            let found = try example.logChance(logits, temperature)
            let scale = found.logits.map(abs).max() ?? 0
            for index in logits.indices {
                let expected = try slope(at: logits[index]) { value in
                    var moved = logits
                    moved[index] = value
                    return try example.logChance(moved, temperature).value
                }
                #expect(abs(found.logits[index] - expected) <= 1e-6 * max(scale, abs(expected)))
            }
            let expected = try slope(at: temperature) { try example.logChance(logits, $0).value }
            #expect(abs(found.temperature - expected) <= 1e-6 * max(abs(expected), 1e-3))
        }
    }

    @Test(arguments: Case.all)
    fileprivate func `its value is the one that scoring pools`(_ example: Case) throws {
        var chance = SeededGenerator(seed: 8)
        for _ in 0..<200 {
            let logits = (0..<Int.random(in: 1...8, using: &chance)).map { _ in
                Double.random(in: -6...6, using: &chance)
            }
            let settings = try CreditSettings(
                pooling: example.pooling.pooling,
                temperature: 0.1,
                scale: example.scale.scale
            )
            let pooled = try credit(for: logits, on: .logit, settings: settings).pooled
            let right = example.scale == .probability ? pooled : 1 / (1 + exp(-pooled))
            let found = exp(try example.logChance(logits, 0.1).value)
            #expect(abs(found - (example.right ? right : 1 - right)) < 1e-12)
        }
    }

    @Test(arguments: Case.all)
    fileprivate func `the largest logits have finite losses and gradients`(_ example: Case) throws {
        for temperature in [1e-3, 0.05, 1, 100] {
            for logits in [
                [1000.0], [-1000.0], [1000, -1000], [-1000, 1000], [50, 50, 50], [-50, -50], [1000, 1000, 1000],
                [-1000, -1000], [1000, 999, 50], [0, 1000], [0, -1000], [-50, 50, 0],
            ] {
                let found = try example.logChance(logits, temperature)
                #expect(found.value.isFinite && found.value <= 0)
                #expect(found.logits.allSatisfy(\.isFinite) && found.temperature.isFinite)
            }
        }
    }

    @Test(arguments: Case.all)
    fileprivate func `a step that is surely judged the wrong way keeps its full gradient`(_ example: Case) throws {
        let found = try example.logChance([example.right ? -1000 : 1000], 0.1)
        #expect(abs(found.value + 1000) < 1e-9)
        #expect(abs(found.logits[0] - (example.right ? 1 : -1)) < 1e-12)
    }

    @Test(arguments: Case.all.filter { $0.pooling != .product })
    fileprivate func `equal steps are worth what one of them is`(_ example: Case) throws {
        for logit in [-1000, -50, -1, 0, 0.3, 50, 1000] as [Double] {
            let one = try example.logChance([logit], 0.1)
            let many = try example.logChance([Double](repeating: logit, count: 7), 0.1)
            #expect(abs(one.value - many.value) <= 1e-13 * max(1, abs(one.value)))
            #expect(abs(many.logits.reduce(0, +) - one.logits[0]) <= 1e-12)
            #expect(abs(many.temperature) <= 1e-9)
        }
    }

    @Test func `a product of many sure steps knows how sure it is`() throws {
        let product = try ChancePooling(pooling: .product, scale: .probability)
        let found = product.logChance(right: false, logits: [60, 61, 900], temperature: 1)
        #expect(abs(found.value - log(exp(-60) + exp(-61))) < 1e-12)
        #expect(abs(found.logits.reduce(0, +) + 1) < 1e-12)
    }

    @Test func `there is no product of logits`() {
        #expect(throws: CreditError.undefined(.product, .logit)) {
            try ChancePooling(pooling: .product, scale: .logit)
        }
    }
}
