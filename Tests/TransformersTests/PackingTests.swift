// How weights lie in their panels.
import CKernels
import Fixtures
import Testing

@Suite struct PackingTests {
    @Test(arguments: [LP_FORMAT_FLOAT32, LP_FORMAT_FLOAT16, LP_FORMAT_BFLOAT16], [1, 31, 33, 64, 100])
    func `a stored panel is the weight turned over, filled up with zeros`(format: lp_format, inputs: Int) {
        let outputs = 67
        let dtype = lp_dtype(rawValue: format.rawValue)
        let numbers = (0..<outputs * inputs).map { Float($0 % 251) + 1 }
        let sample = PackedSample(numbers, dtype: dtype, format: format, inputs: inputs)
        var found = [Float](repeating: -1, count: 128 * inputs)
        #expect(lp_widen(sample.panelBytes, dtype, found.count, &found) == LP_OK)
        for panel in 0..<2 {
            for k in 0..<inputs {
                for column in 0..<64 {
                    let output = panel * 64 + column
                    let expected = output < outputs ? numbers[output * inputs + k] : 0
                    guard found[(panel * inputs + k) * 64 + column] == expected else {
                        Issue.record("panel \(panel), input \(k), column \(column)")
                        return
                    }
                }
            }
        }
    }

    @Test(arguments: [LP_FLOAT32, LP_FLOAT16, LP_BFLOAT16], [1, 5, 256, 259, 300])
    func `an int8 block is what its definition says`(dtype: lp_dtype, inputs: Int) {
        var generator = SeededGenerator(seed: 95)
        let drawn = generator.floats(3 * inputs)
        var numbers = drawn
        #expect(lp_widen(encoded(drawn, dtype), dtype, drawn.count, &numbers) == LP_OK)
        let outliers = inputs > 5 ? [UInt32(2), UInt32(inputs - 1)] : []
        let sample = PackedSample(
            numbers,
            dtype: dtype,
            format: LP_FORMAT_INT8,
            inputs: inputs,
            outlierInputs: outliers
        )
        let bytes = sample.panelBytes
        var block = 0
        for first in stride(from: 0, to: inputs, by: 256) {
            let count = min(256, inputs - first)
            for column in 0..<64 {
                var group = (0..<count).map { column < 3 ? numbers[column * inputs + first + $0] : 0 }
                for input in outliers where (first..<first + count).contains(Int(input)) {
                    group[Int(input) - first] = 0
                }
                let expected = QuantizedGroup(group)
                let (correction, scale) = bytes.withUnsafeBytes {
                    (
                        $0.loadUnaligned(fromByteOffset: block + column * 4, as: Int32.self),
                        $0.loadUnaligned(fromByteOffset: block + 256 + column * 4, as: Float.self)
                    )
                }
                let q = (0..<(count + 3) / 4 * 4).map {
                    Int(Int8(bitPattern: bytes[block + 512 + $0 / 4 * 256 + column * 4 + $0 % 4]))
                }
                #expect(q == expected.q + [Int](repeating: 0, count: q.count - count))
                #expect(Int(correction) == -128 * expected.q.reduce(0, +))
                #expect(scale.bitPattern == expected.scale.bitPattern)
            }
            block += 512 + (count + 3) / 4 * 256
        }
        #expect(block == lp_panel_bytes(LP_FORMAT_INT8, inputs))
        for (place, input) in outliers.enumerated() {
            let expected = (0..<64).map { $0 < 3 ? numbers[$0 * inputs + Int(input)] : 0 }
            #expect(Array(sample.outlierNumbers[place * 64..<(place + 1) * 64]) == expected)
        }
    }

    @Test func `panels are counted up, and their bytes are whole cache lines`() {
        #expect([0, 1, 64, 65, 17920].map { lp_panels($0) } == [0, 1, 1, 2, 280])
        for inputs in 1...600 {
            #expect(lp_panel_bytes(LP_FORMAT_FLOAT32, inputs) == inputs * 256)
            #expect(lp_panel_bytes(LP_FORMAT_FLOAT16, inputs) == inputs * 128)
            #expect(lp_panel_bytes(LP_FORMAT_BFLOAT16, inputs) == inputs * 128)
            #expect(lp_panel_bytes(LP_FORMAT_INT8, inputs) % 64 == 0)
        }
        #expect(lp_panel_bytes(lp_format(rawValue: 4), 1) == 0)
    }

    @Test func `the peak of an input is its largest magnitude in any row`() {
        var peaks: [Float] = [0, 0, 5, 0]
        #expect(lp_channel_peaks(encoded([-3, .nan, 4, -.infinity], LP_FLOAT16), LP_FLOAT16, 4, &peaks) == LP_OK)
        #expect(lp_channel_peaks(encoded([2, 1, -6, 1], LP_BFLOAT16), LP_BFLOAT16, 4, &peaks) == LP_OK)
        #expect(peaks == [3, 1, 6, .infinity])
        #expect(lp_channel_peaks([Float](), lp_dtype(rawValue: 3), 4, &peaks) == LP_BAD_DTYPE)
    }

    @Test func `what cannot be packed is refused`() {
        let numbers: [Float] = [1, 2, 3, 4]
        let memory = AlignedMemory(bytes: 4096)
        func status(
            _ format: lp_format,
            _ dtype: lp_dtype = LP_FLOAT32,
            inputs: Int = 4,
            outliers: [UInt32] = []
        ) -> lp_status {
            numbers.withUnsafeBytes { numbers in
                let rows: [UnsafeRawPointer?] = [numbers.baseAddress] + Array(repeating: nil, count: 63)
                let start = memory.start
                return lp_pack_panel(format, rows, dtype, inputs, outliers, outliers.count, start, memory.floats + 512)
            }
        }
        #expect(status(LP_FORMAT_FLOAT32) == LP_OK)
        #expect(status(LP_FORMAT_INT8, outliers: [0, 3]) == LP_OK)
        #expect(status(LP_FORMAT_FLOAT32, inputs: 0) == LP_BAD_SHAPE)
        #expect(status(LP_FORMAT_FLOAT16) == LP_BAD_DTYPE)
        #expect(status(LP_FORMAT_FLOAT32, LP_BFLOAT16) == LP_BAD_DTYPE)
        #expect(status(LP_FORMAT_INT8, lp_dtype(rawValue: 3)) == LP_BAD_DTYPE)
        #expect(status(lp_format(rawValue: 4)) == LP_BAD_DTYPE)
        #expect(status(LP_FORMAT_INT8, outliers: [4]) == LP_BAD_INDEX)
        #expect(status(LP_FORMAT_INT8, outliers: [2, 2]) == LP_BAD_INDEX)
        #expect(status(LP_FORMAT_INT8, outliers: [3, 1]) == LP_BAD_INDEX)
    }
}
