// How activations go into cells.
import CKernels
import Fixtures
import Testing

@Suite struct CellTests {
    /// Groups that a rule is about, each in the company of ordinary numbers.
    private static let groups: [[Float]] = [
        [], [0, -0.0, 0], [127, 126.5, 125.5, -0.5, 0.5, 1.5], [-3e38, 3e38, 1], [.leastNonzeroMagnitude],
        [0x1p-119], [0x1p-120], [0x1p-119, -0x1.8p-120, 0x1p-140], [.nan], [.infinity, 1], [-.infinity], [1, .nan, 2],
        [.greatestFiniteMagnitude], [1e-30, -1e-30],
    ]

    @Test(arguments: groups) func `a group is quantised by its definition`(numbers: [Float]) {
        var generator = SeededGenerator(seed: 90)
        let company: Float = numbers.allSatisfy { abs($0) < 1e-20 } ? 0 : 1
        var rows = generator.floats(2 * 256).map { $0 * company }
        for (place, number) in numbers.enumerated() { rows[256 + place * 7] = number }
        for version in versionsHere {
            let cells = CellSample(width: 256, capacity: 2, isInt8: true)
            #expect(cells.fill(version, rows) == LP_OK)
            for row in 0..<2 {
                let expected = QuantizedGroup(Array(rows[row * 256..<(row + 1) * 256]))
                #expect([cells.scaleNumbers[row]].comparableBits == [expected.scale].comparableBits, "\(version)")
                let bytes = cells.bytes[row * 256..<(row + 1) * 256].map { Int($0) - 128 }
                #expect(bytes == expected.q, "\(version)")
            }
        }
    }

    @Test(arguments: [1, 31, 64, 255, 256, 257, 600, 896, 1536])
    func `every version fills the same bytes`(width: Int) {
        var generator = SeededGenerator(seed: 91)
        let outliers = [0, width / 2, width - 1].map(UInt32.init)
        let inputs = Array(Set(outliers)).sorted()
        let rows = generator.floats(5 * width, scale: 10)
        for isInt8 in [false, true] {
            let samples = versionsHere.map { version in
                let cells = CellSample(width: width, capacity: 7, isInt8: isInt8, outlierInputs: isInt8 ? inputs : [])
                cells.fill(version, rows, firstRow: 1)
                return cells
            }
            for cells in samples {
                #expect(cells.bytes == samples[0].bytes)
                #expect(cells.scaleNumbers.comparableBits == samples[0].scaleNumbers.comparableBits)
            }
        }
    }

    @Test func `an outlier input keeps its value and leaves the scale alone`() {
        var rows = [Float](repeating: 1, count: 3 * 300)
        for row in 0..<3 {
            rows[row * 300 + 7] = 100 + Float(row)
            rows[row * 300 + 299] = -.infinity
        }
        for version in versionsHere {
            let cells = CellSample(width: 300, capacity: 3, isInt8: true, outlierInputs: [7, 299])
            cells.fill(version, rows)
            #expect(cells.outlierNumbers == [100, -.infinity, 101, -.infinity, 102, -.infinity])
            #expect(cells.scaleNumbers == [Float](repeating: 1 / 127, count: 6))
            #expect(cells.bytes[7] == 128 && cells.bytes[8] == 255)
            let second = Array(cells.bytes[3 * 256..<3 * 256 + 46])
            #expect(second == [UInt8](repeating: 255, count: 43) + [128, 128, 128])
        }
    }

    @Test func `float32 cells hold 64 inputs of each row`() {
        let rows = (0..<2 * 70).map(Float.init)
        for version in versionsHere {
            let cells = CellSample(width: 70, capacity: 3, isInt8: false)
            cells.fill(version, rows, firstRow: 1)
            let numbers = cells.bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
            #expect(Array(numbers[64..<128]) == Array(rows[0..<64]))
            #expect(Array(numbers[128..<192]) == Array(rows[70..<134]))
            #expect(Array(numbers[256..<262]) == Array(rows[64..<70]))
            #expect(Array(numbers[320..<326]) == Array(rows[134..<140]))
        }
    }

    @Test(arguments: [false, true]) func `cells filled piece by piece are the same, and the rest stays`(isInt8: Bool) {
        var generator = SeededGenerator(seed: 92)
        let (width, capacity) = (600, 9)
        let rows = generator.floats(capacity * width)
        for version in versionsHere {
            let whole = CellSample(width: width, capacity: capacity, isInt8: isInt8)
            whole.fill(version, rows)
            let pieces = CellSample(width: width, capacity: capacity, isInt8: isInt8)
            for (first, count) in [(512, 88), (0, 256), (256, 256)] {
                for (row, height) in [(0, 4), (4, 5)] {
                    let status = withUnsafePointer(to: pieces.cells) { cells in
                        rows.withUnsafeBufferPointer { rows in
                            let from = rows.baseAddress.map { $0 + row * width + first }
                            return lp_cells_fill(version, cells, from, width, row, height, first, count)
                        }
                    }
                    #expect(status == LP_OK)
                }
            }
            #expect(pieces.bytes == whole.bytes, "\(version)")
            #expect(pieces.scaleNumbers == whole.scaleNumbers)
            let apart = CellSample(width: width, capacity: capacity, isInt8: isInt8)
            let untouched = apart.bytes
            apart.fill(version, Array(rows[..<width]), firstRow: 4)
            for cell in 0..<apart.bytes.count / 256 where cell % capacity != 4 {
                #expect(apart.bytes[cell * 256..<(cell + 1) * 256] == untouched[cell * 256..<(cell + 1) * 256])
            }
        }
    }

    /// first row, rows, first input, count of 600 inputs and 4 rows
    @Test(arguments: [
        (0, 5, 0, 600), (5, 0, 0, 600), (1, 4, 0, 600), (-1, 2, 0, 600), (0, 1, 1, 256), (0, 1, 0, 255),
        (0, 1, 512, 89), (0, 1, 768, 0), (0, 1, 256, 100),
    ])
    func `what does not end where a cell ends is refused`(call: (Int, Int, Int, Int)) {
        let numbers = [Float](repeating: 1, count: 6 * 600)
        for isInt8 in [false, true] {
            let cells = CellSample(width: 600, capacity: 4, isInt8: isInt8)
            let before = cells.bytes
            let status = withUnsafePointer(to: cells.cells) {
                lp_cells_fill(LP_PLAIN, $0, numbers, 600, call.0, call.1, call.2, call.3)
            }
            #expect(status == LP_BAD_SHAPE)
            #expect(cells.bytes == before)
        }
    }
}
