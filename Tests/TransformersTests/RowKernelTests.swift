// Norm, rope and activation against double precision.
import CKernels
import Fixtures
import Foundation
import Testing

@Suite struct RowKernelTests {
    @Test(arguments: [1, 8, 15, 16, 17, 896]) func `rmsnorm divides by the root mean square`(width: Int) {
        var generator = SeededGenerator(seed: 1)
        let rows = 3
        let x = generator.floats(rows * width, scale: 5)
        let weight = generator.floats(width)
        var out = [Float](repeating: 0, count: x.count)
        lp_rmsnorm(lp_isa_best(), x, weight, 1e-5, rows, width, &out)

        var expected: [Double] = []
        for row in 0..<rows {
            let values = x[row * width..<(row + 1) * width].map(Double.init)
            let mean = values.reduce(0) { $0 + $1 * $1 } / Double(width)
            expected += zip(values, weight).map { $0 / (mean + 1e-5).squareRoot() * Double($1) }
        }
        #expect(largestDifference(out, expected) < 1e-6)
    }

    @Test(arguments: [1, 2, 15, 16, 17, 100, 128, 896])
    func `every version of norm, turn and gate gives the same bits`(half: Int) {
        var generator = SeededGenerator(seed: 4)
        let rows = 3
        let x = generator.floats(rows * 2 * half, scale: 10)
        let weight = generator.floats(2 * half)
        let (cosine, sine) = (generator.floats(rows * half), generator.floats(rows * half))
        func results(_ version: lp_isa) -> [UInt32] {
            var normed = x
            lp_rmsnorm(version, x, weight, 1e-5, rows, 2 * half, &normed)
            var (turned, turnedBack, gated) = (x, x, x)
            lp_rope_rotate(version, &turned, cosine, sine, rows, 1, 2 * half)
            lp_rope_turn(version, &turnedBack, 2 * half, cosine, sine, -1, rows, 1, 2 * half)
            lp_silu_times(version, &gated, turned, x.count)
            return (normed + turned + turnedBack + gated).bits
        }
        let expected = results(LP_PLAIN)
        for version in versionsHere { #expect(results(version) == expected, "\(version)") }
    }

    @Test func `a NaN in a row is a NaN in all that is computed of it`() {
        for version in versionsHere {
            var x = [Float](repeating: 1, count: 40)
            x[27] = .nan
            var normed = x
            lp_rmsnorm(version, x, [Float](repeating: 1, count: 20), 1e-5, 2, 20, &normed)
            #expect(normed.map(\.isNaN) == (0..<40).map { $0 >= 20 }, "\(version)")
            lp_silu_times(version, &x, [Float](repeating: 1, count: 40), 40)
            #expect(x.map(\.isNaN) == (0..<40).map { $0 == 27 }, "\(version)")
        }
    }

    @Test func `rmsnorm works in place, and a row of zeros stays zero`() {
        var x: [Float] = [3, 4, 0, 0]
        x.withUnsafeMutableBufferPointer {
            lp_rmsnorm(lp_isa_best(), $0.baseAddress, [1, 2], 0, 1, 2, $0.baseAddress)
        }
        #expect(largestDifference(Array(x[0..<2]), [3 / 12.5.squareRoot(), 8 / 12.5.squareRoot()]) < 1e-6)
        var zeros: [Float] = [0, 0]
        zeros.withUnsafeMutableBufferPointer {
            lp_rmsnorm(lp_isa_best(), $0.baseAddress, [1, 1], 1e-6, 1, 2, $0.baseAddress)
        }
        #expect(zeros == [0, 0])
    }

    @Test(arguments: [(10_000, 8), (10_000, 128), (1_000_000, 64)] as [(Double, Int)])
    func `rope frequencies fall from one to almost 1 / theta`(theta: Double, dimension: Int) {
        var frequencies = [Float](repeating: 0, count: dimension / 2)
        #expect(lp_rope_frequencies(theta, dimension, &frequencies) == LP_OK)
        for (j, frequency) in frequencies.enumerated() {
            let expected = pow(theta, -2 * Double(j) / Double(dimension))
            #expect(abs(Double(frequency) / expected - 1) < 2e-6)
        }
        #expect(frequencies[0] == 1)
    }

    @Test(arguments: [(0, 8), (-1, 8), (.nan, 8), (10_000, 0), (10_000, 7)] as [(Double, Int)])
    func `rope without a base or with half a pair is refused`(theta: Double, dimension: Int) {
        var frequencies = [Float](repeating: 0, count: 8)
        #expect(lp_rope_frequencies(theta, dimension, &frequencies) == LP_BAD_SHAPE)
    }

    @Test func `rope turns the halves of each head by the row's own angle`() {
        let (rows, heads, dimension) = (3, 2, 6)
        let positions: [Int32] = [0, 1, 4095]
        var frequencies = [Float](repeating: 0, count: 3)
        _ = lp_rope_frequencies(10_000, dimension, &frequencies)
        var cosine = [Float](repeating: 0, count: rows * 3)
        var sine = cosine
        lp_rope_angles(positions, rows, frequencies, dimension, &cosine, &sine)
        var generator = SeededGenerator(seed: 2)
        let x = generator.floats(rows * heads * dimension)
        var turned = x
        lp_rope_rotate(lp_isa_best(), &turned, cosine, sine, rows, heads, dimension)

        var expected = x.map(Double.init)
        for row in 0..<rows {
            for head in 0..<heads {
                for j in 0..<3 {
                    let angle = Double(Float(positions[row]) * frequencies[j])
                    let place = (row * heads + head) * dimension + j
                    let (a, b) = (Double(x[place]), Double(x[place + 3]))
                    expected[place] = a * cos(angle) - b * sin(angle)
                    expected[place + 3] = b * cos(angle) + a * sin(angle)
                }
            }
        }
        #expect(largestDifference(turned, expected) < 1e-6)
        #expect(Array(turned[0..<12]) == Array(x[0..<12]), "position 0 does not turn")
    }

    @Test(arguments: [1, 7, 8, 33, 1000]) func `silu times up`(count: Int) {
        var generator = SeededGenerator(seed: 3)
        let gate = generator.floats(count, scale: 20)
        let up = generator.floats(count, scale: 3)
        let expected = zip(gate, up).map { Double($0) / (1 + exp(-Double($0))) * Double($1) }
        for version in versionsHere {
            var found = gate
            lp_silu_times(version, &found, up, count)
            #expect(largestDifference(found, expected) < 1e-5)
        }
    }

    @Test func `silu at the ends of the range neither overflows nor hides a NaN`() {
        var gate: [Float] = [-1000, -88, -87, 0, 88, 1000, .greatestFiniteMagnitude, .nan]
        lp_silu_times(lp_isa_best(), &gate, [Float](repeating: 1, count: 8), 8)
        #expect(gate[0..<3].allSatisfy { abs($0) < 1e-34 })
        #expect(Array(gate[3..<7]) == [0, 88, 1000, .greatestFiniteMagnitude])
        #expect(gate[7].isNaN)
    }

    @Test func `silu of an element does not depend on its place`() {
        let up = [Float](repeating: 1, count: 40)
        for count in 1...40 {
            var gate = [Float](repeating: 0.7310586, count: count)
            lp_silu_times(lp_isa_best(), &gate, up, count)
            #expect(Set(gate.bits).count == 1)
        }
    }

    @Test func `relu keeps what is positive, and a NaN`() {
        var x: [Float] = [-1, -0.0, 0, 2, .nan]
        lp_relu(&x, 5)
        #expect(Array(x[0..<4]) == [0, 0, 0, 2])
        #expect(x[4].isNaN)
    }
}
