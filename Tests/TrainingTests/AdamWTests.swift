// Against the textbook, in Double.
import Fixtures
import Glibc
import Testing
import Training

@Suite struct AdamWTests {
    private static let count = 100_003
    private static let decayed = [10..<40_000, 70_000..<70_001]

    private static func numbers(_ seed: UInt64) -> [Float] {
        var chance = SeededGenerator(seed: seed)
        return (0..<count).map { _ in Float.random(in: -1...1, using: &chance) }
    }

    private static func run(threads: Int, steps: Int) -> (parameters: [Float], squares: Double) {
        var settings = TrainingSettings()
        settings.decay = 0.1
        let optimizer = AdamW(count: count, decayed: decayed, threads: threads)
        var parameters = numbers(1)
        var squares = 0.0
        for step in 1...steps {
            var gradient = numbers(UInt64(step) + 1)
            parameters.withUnsafeMutableBufferPointer { parameters in
                gradient.withUnsafeMutableBufferPointer { gradient in
                    squares = optimizer.squares(of: gradient)
                    optimizer.step(parameters, gradient: gradient, scale: 0.5, rate: 1e-2, step: step, settings)
                }
            }
        }
        return (parameters, squares)
    }

    @Test func `five steps are those of torch's formula in double precision`() {
        let found = Self.run(threads: 1, steps: 5)
        var expected = Self.numbers(1).map(Double.init)
        var first = [Double](repeating: 0, count: Self.count)
        var second = first
        var squares = 0.0
        for step in 1...5 {
            let gradient = Self.numbers(UInt64(step) + 1).map(Double.init)
            squares = gradient.reduce(0) { $0 + $1 * $1 }
            for index in expected.indices {
                let slope = gradient[index] * 0.5
                if Self.decayed.contains(where: { $0.contains(index) }) { expected[index] *= 1 - 1e-2 * 0.1 }
                first[index] = 0.9 * first[index] + 0.1 * slope
                second[index] = 0.98 * second[index] + 0.02 * slope * slope
                let mean = first[index] / (1 - pow(0.9, Double(step)))
                let square = second[index] / (1 - pow(0.98, Double(step)))
                expected[index] -= 1e-2 * mean / (square.squareRoot() + 1e-8)
            }
        }
        let worst = zip(found.parameters, expected).map { abs(Double($0) - $1) }.max() ?? 1
        #expect(worst < 1e-6)
        #expect(abs(found.squares - squares) < 1e-9 * squares)
    }

    @Test(arguments: [2, 3, 7])
    func `no bit depends on the threads`(_ threads: Int) {
        let one = Self.run(threads: 1, steps: 3)
        let many = Self.run(threads: threads, steps: 3)
        #expect(one.parameters == many.parameters && one.squares == many.squares)
    }
}
