// Where tiles go, and what becomes of them.
import CKernels
import Fixtures
import Testing

@Suite struct TileTests {
    private typealias Epilogue =
        @Sendable (
            lp_isa, UnsafePointer<Float>?, UnsafePointer<Float>?, Int, Int, UnsafeMutablePointer<Float>?, Int
        ) -> Void

    /// y after the epilogue, [rows, columns + 3]; the last three must stay.
    private func result(
        _ version: lp_isa,
        _ epilogue: Epilogue,
        _ tile: [Float],
        bias: [Float]?,
        columns: Int,
        y: [Float]
    ) -> [Float] {
        var y = y
        if let bias {
            epilogue(version, tile, bias, tile.count / 64, columns, &y, columns + 3)
        } else {
            epilogue(version, tile, nil, tile.count / 64, columns, &y, columns + 3)
        }
        return y
    }

    @Test(arguments: [1, 2, 15, 16, 17, 32, 33, 47, 48, 63, 64], [false, true])
    func `a tile is stored or added, with its bias`(columns: Int, hasBias: Bool) {
        var generator = SeededGenerator(seed: 96)
        for rows in [1, 2, 5, 13] {
            let tile = generator.floats(rows * 64)
            let bias = hasBias ? generator.floats(columns) : nil
            let y = generator.floats(rows * (columns + 3))
            var (stored, added) = (y, y)
            for row in 0..<rows {
                for column in 0..<columns {
                    let number = tile[row * 64 + column] + (bias?[column] ?? -0.0)
                    stored[row * (columns + 3) + column] = number
                    added[row * (columns + 3) + column] += number
                }
            }
            for version in versionsHere {
                let store: Epilogue = { lp_tile_store($0, $1, $2, $3, $4, $5, $6) }
                let add: Epilogue = { lp_tile_add($0, $1, $2, $3, $4, $5, $6) }
                #expect(result(version, store, tile, bias: bias, columns: columns, y: y).bits == stored.bits)
                #expect(result(version, add, tile, bias: bias, columns: columns, y: y).bits == added.bits)
            }
        }
    }

    /// The gate of a tile is written apart from the activation, for speed; here both are one.
    @Test(arguments: [1, 15, 16, 17, 31, 32], [false, true])
    func `a gated tile has the bits of the activation`(columns: Int, hasBias: Bool) {
        var generator = SeededGenerator(seed: 97)
        for rows in [1, 3, 4, 5, 8, 13] {
            var tile = generator.floats(rows * 64, scale: 120)
            tile[0] = .nan
            tile[32] = .infinity
            if rows > 1 { (tile[64], tile[64 + columns / 2]) = (-.infinity, .infinity) }
            let bias = hasBias ? generator.floats(64) : nil
            let y = generator.floats(rows * (columns + 3))
            var expected = y
            for row in 0..<rows {
                let numbers = (0..<64).map { tile[row * 64 + $0] + (bias?[$0] ?? -0.0) }
                var gated = Array(numbers[..<columns])
                lp_silu_times(LP_PLAIN, &gated, Array(numbers[32..<32 + columns]), columns)
                expected.replaceSubrange(row * (columns + 3)..<row * (columns + 3) + columns, with: gated)
            }
            for version in versionsHere {
                let gate: Epilogue = { lp_tile_gate($0, $1, $2, $3, $4, $5, $6) }
                let found = result(version, gate, tile, bias: bias, columns: columns, y: y)
                #expect(found.comparableBits == expected.comparableBits, "\(version) \(rows)")
            }
        }
    }
}
