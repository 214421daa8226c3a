// Stored types to float32, every bit pattern.
import CKernels
import Testing

@Suite struct WidenTests {
    private func widened(_ halves: [UInt16], _ dtype: lp_dtype) -> [Float] {
        var floats = [Float](repeating: -1, count: halves.count)
        #expect(lp_widen(halves, dtype, halves.count, &floats) == LP_OK)
        return floats
    }

    @Test func `every float16 keeps its value`() {
        let all = (0...UInt16.max).map(\.self)
        for (bits, float) in zip(all, widened(all, LP_FLOAT16)) {
            let expected = Float(Float16(bitPattern: bits))
            #expect(
                expected.isNaN ? float.isNaN : float.bitPattern == expected.bitPattern,
                "\(String(bits, radix: 16)): \(float) is not \(expected)"
            )
        }
    }

    @Test func `every bfloat16 is the upper half of its float32`() {
        let all = (0...UInt16.max).map(\.self)
        #expect(widened(all, LP_BFLOAT16).bits == all.map { UInt32($0) << 16 })
    }

    @Test func `float32 is copied`() {
        let numbers: [Float] = [0, -0.0, 1.5, .infinity, .leastNonzeroMagnitude]
        var copy = [Float](repeating: -1, count: numbers.count)
        #expect(lp_widen(numbers, LP_FLOAT32, numbers.count, &copy) == LP_OK)
        #expect(copy.bits == numbers.bits)
    }

    @Test func `an unknown type is refused and has no size`() {
        var float: Float = 7
        #expect(lp_widen([UInt16(0)], lp_dtype(rawValue: 9), 1, &float) == LP_BAD_DTYPE)
        #expect(float == 7)
        #expect(
            [LP_FLOAT32, LP_FLOAT16, LP_BFLOAT16, lp_dtype(rawValue: 9)].map { lp_dtype_size($0) } == [4, 2, 2, 0]
        )
    }

    @Test func `embedding rows come widened, in the order of their ids`() {
        let table: [Float16] = [0, 1, 2, 3, 4, 5, 6, 7]
        var out = [Float](repeating: -1, count: 6)
        #expect(lp_embedding(table, LP_FLOAT16, 4, 2, [3, 0, 3], 3, &out) == LP_OK)
        #expect(out == [6, 7, 0, 1, 6, 7])
    }

    @Test(arguments: [-1, 4, .max, .min] as [Int32]) func `an id outside of the table is refused`(id: Int32) {
        let table: [Float] = [0, 1, 2, 3]
        var out = [Float](repeating: -1, count: 2)
        #expect(lp_embedding(table, LP_FLOAT32, 4, 1, [3, id], 2, &out) == LP_BAD_INDEX)
        #expect(out == [3, -1])
    }
}
