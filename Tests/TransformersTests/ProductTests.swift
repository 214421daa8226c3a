// Panels against their definition, bit by bit, in every version that this machine has.
import CKernels
import Fixtures
import Testing

/// inputs, outputs, rows
private let shapes = [
    (1, 1, 1), (3, 65, 2), (4, 64, 3), (5, 3, 4), (31, 7, 5), (63, 64, 6), (64, 10, 7), (65, 129, 2), (255, 9, 11),
    (256, 64, 13), (257, 5, 12), (300, 70, 8), (511, 3, 9), (512, 2, 10), (599, 4, 6), (896, 3, 2), (1536, 2, 3),
]

/// Rows, weights, and the product by definition.
private struct Sample {
    let inputs: Int
    let rows: Int
    let x: [Float]
    let weights: [Float]
    let outlierInputs: [UInt32]
    let format: lp_format
    let dtype: lp_dtype

    init(_ shape: (Int, Int, Int), format: lp_format, outliers: Int = 0, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        (inputs, rows) = (shape.0, shape.2)
        self.format = format
        dtype = format == LP_FORMAT_INT8 ? LP_BFLOAT16 : lp_dtype(rawValue: format.rawValue)
        outlierInputs = Array((0..<UInt32(shape.0)).shuffled(using: &generator).prefix(outliers)).sorted()
        var x = generator.floats(shape.0 * shape.2, scale: 3)
        for input in outlierInputs {
            for row in 0..<shape.2 { x[row * shape.0 + Int(input)] *= 100 }
        }
        self.x = x
        let drawn = generator.floats(shape.0 * shape.1)
        var widened = drawn
        #expect(lp_widen(encoded(drawn, dtype), dtype, drawn.count, &widened) == LP_OK)
        weights = widened
    }

    var packed: PackedSample {
        PackedSample(weights, dtype: dtype, format: format, inputs: inputs, outlierInputs: outlierInputs)
    }

    var expected: [Float] {
        let x = (0..<rows).map { Array(self.x[$0 * inputs..<($0 + 1) * inputs]) }
        let w = (0..<weights.count / inputs).map { Array(weights[$0 * inputs..<($0 + 1) * inputs]) }
        return x.flatMap { x in
            w.map { format == LP_FORMAT_INT8 ? int8Element(x, $0, outlierInputs: outlierInputs) : floatElement(x, $0) }
        }
    }

    /// Computed from cells in which the rows stand at `firstRow`.
    func result(_ version: lp_isa, _ packed: PackedSample, firstRow: Int = 0) -> [Float] {
        let cells = CellSample(
            width: inputs,
            capacity: firstRow + rows,
            isInt8: format == LP_FORMAT_INT8,
            outlierInputs: outlierInputs
        )
        #expect(cells.fill(version, x, firstRow: firstRow) == LP_OK)
        return product(version, packed, cells, firstRow: firstRow, rows: rows)
    }
}

@Suite struct ProductTests {
    @Test(arguments: shapes, [LP_FORMAT_FLOAT32, LP_FORMAT_FLOAT16, LP_FORMAT_BFLOAT16])
    func `a stored product is a chain of fused multiply-adds`(shape: (Int, Int, Int), format: lp_format) {
        let sample = Sample(shape, format: format, seed: 80)
        let (packed, expected) = (sample.packed, sample.expected.bits)
        for version in versionsHere { #expect(sample.result(version, packed).bits == expected, "\(version)") }
    }

    @Test(arguments: shapes, [0, 1, 5])
    func `an int8 product is exact in its groups`(shape: (Int, Int, Int), outliers: Int) {
        let sample = Sample(shape, format: LP_FORMAT_INT8, outliers: outliers, seed: 81)
        let (packed, expected) = (sample.packed, sample.expected.bits)
        for version in versionsHere {
            #expect(sample.result(version, packed, firstRow: 3).bits == expected, "\(version)")
        }
    }

    /// Promise P2, at the size of the blocks that scoring takes.
    @Test(arguments: [LP_FORMAT_BFLOAT16, LP_FORMAT_INT8], [192, 200])
    func `a row has the same bits in any block and any company`(format: lp_format, rows: Int) {
        let sample = Sample((300, 66, rows), format: format, outliers: 1, seed: 82)
        let packed = sample.packed
        let isInt8 = format == LP_FORMAT_INT8
        let cells = CellSample(width: 300, capacity: 210, isInt8: isInt8, outlierInputs: sample.outlierInputs)
        let plain = sample.result(LP_PLAIN, packed).bits
        for version in versionsHere {
            cells.fill(version, sample.x, firstRow: 5)
            #expect(product(version, packed, cells, firstRow: 5, rows: rows).bits == plain, "\(version)")
            var row = 0
            for count in [1, 7, 2, 64, 3, 13, 5, 4, 6] {
                let block = product(version, packed, cells, firstRow: 5 + row, rows: count)
                #expect(block.bits == Array(plain[row * 66..<(row + count) * 66]), "\(version) \(row)")
                row += count
            }
        }
    }

    @Test(arguments: [1, -1] as [Float], [1, -1] as [Float])
    func `the largest bytes on both sides do not saturate`(x: Float, w: Float) {
        let packed = PackedSample(
            Array(repeating: w, count: 64 * 600),
            dtype: LP_FLOAT32,
            format: LP_FORMAT_INT8,
            inputs: 600
        )
        let scale = Float(1) / 127
        var expected: Float = 0
        for count in [256, 256, 88] {
            let dot = Float(Int(x * w) * count * 127 * 127)
            expected = expected.addingProduct(dot * scale, scale)
        }
        for version in versionsHere {
            let cells = CellSample(width: 600, capacity: 7, isInt8: true)
            cells.fill(version, Array(repeating: x, count: 7 * 600))
            let y = product(version, packed, cells, rows: 7)
            #expect(y.allSatisfy { $0.bitPattern == expected.bitPattern }, "\(version)")
        }
    }

    @Test(arguments: [LP_FORMAT_FLOAT32, LP_FORMAT_INT8], [Float.nan, .infinity, -.infinity])
    func `a row that is not finite says so in every output, and nowhere else`(format: lp_format, strange: Float) {
        let sample = Sample((520, 20, 9), format: format, seed: 83)
        let packed = sample.packed
        let expected = sample.result(LP_PLAIN, packed)
        var x = sample.x
        x[4 * 520 + 300] = strange
        for version in versionsHere {
            let cells = CellSample(width: 520, capacity: 9, isInt8: format == LP_FORMAT_INT8)
            cells.fill(version, x)
            let y = product(version, packed, cells, rows: 9)
            for row in 0..<9 {
                let found = y[row * 20..<(row + 1) * 20]
                if row == 4 {
                    #expect(found.allSatisfy { !$0.isFinite }, "\(version)")
                } else {
                    #expect(found.bits == expected[row * 20..<(row + 1) * 20].bits, "\(version) \(row)")
                }
            }
        }
    }

    @Test(arguments: [LP_FORMAT_BFLOAT16, LP_FORMAT_INT8])
    func `a product that fetches where it goes is the same, and touches nothing there`(format: lp_format) {
        let sample = Sample((700, 64, 13), format: format, seed: 84)
        let packed = sample.packed
        let cells = CellSample(width: 700, capacity: 13, isInt8: format == LP_FORMAT_INT8)
        for version in versionsHere {
            cells.fill(version, sample.x)
            let memory = AlignedMemory(bytes: Int(LP_PANEL_SCRATCH) * 4 + 13 * 256)
            let (target, tile) = (AlignedMemory(bytes: 13 * 400), memory.floats + Int(LP_PANEL_SCRATCH))
            let before = target.bytes
            var (weights, x) = (packed.weights, cells.cells)
            let status = lp_multiply_panel_toward(
                version,
                &weights,
                0,
                &x,
                0,
                13,
                memory.floats,
                tile,
                target.floats,
                100
            )
            #expect(status == LP_OK)
            let found = Array(UnsafeBufferPointer(start: tile, count: 13 * 64))
            #expect(found.bits == product(version, packed, cells, rows: 13).bits, "\(version)")
            #expect(target.bytes == before)
        }
    }

    @Test func `no rows are no work`() {
        let packed = PackedSample([1, 2], dtype: LP_FLOAT32, format: LP_FORMAT_FLOAT32, inputs: 2)
        let cells = CellSample(width: 2, capacity: 1, isInt8: false)
        for version in versionsHere { #expect(product(version, packed, cells, firstRow: 1, rows: 0) == []) }
    }

    @Test func `what does not fit is refused`() {
        let packed = PackedSample([1, 2, 3, 4], dtype: LP_FLOAT32, format: LP_FORMAT_FLOAT32, inputs: 2)
        func status(
            of weights: lp_weights,
            panel: Int = 0,
            width: Int = 2,
            isInt8: Bool = false,
            firstRow: Int = 0,
            rows: Int = 3
        ) -> lp_status {
            let cells = CellSample(width: width, capacity: 3, isInt8: isInt8)
            let memory = AlignedMemory(bytes: Int(LP_PANEL_SCRATCH) * 4 + 3 * 256)
            var (weights, x) = (weights, cells.cells)
            return lp_multiply_panel(
                LP_PLAIN,
                &weights,
                panel,
                &x,
                firstRow,
                rows,
                memory.floats,
                memory.floats + Int(LP_PANEL_SCRATCH)
            )
        }
        #expect(status(of: packed.weights) == LP_OK)
        #expect(status(of: packed.weights, panel: 1) == LP_BAD_INDEX)
        #expect(status(of: packed.weights, width: 3) == LP_BAD_SHAPE)
        #expect(status(of: packed.weights, isInt8: true) == LP_BAD_SHAPE)
        #expect(status(of: packed.weights, firstRow: 1) == LP_BAD_SHAPE)
        #expect(status(of: packed.weights, firstRow: 4, rows: 0) == LP_BAD_SHAPE)
        #expect(status(of: packed.weights, firstRow: .max, rows: 2) == LP_BAD_SHAPE)
        var strange = packed.weights
        strange.format = lp_format(rawValue: 9)
        #expect(status(of: strange) == LP_BAD_DTYPE)
        strange = packed.weights
        strange.inputs = 0
        #expect(status(of: strange, width: 0) == LP_BAD_SHAPE)
        let int8 = PackedSample([1, 2, 3, 4], dtype: LP_FLOAT32, format: LP_FORMAT_INT8, inputs: 2, outlierInputs: [1])
        #expect(status(of: int8.weights, isInt8: true) == LP_BAD_SHAPE)
    }
}
