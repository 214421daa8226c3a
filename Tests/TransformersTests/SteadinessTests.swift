// The self-check must be able to refuse.
import CKernels
import Testing
import Transformers

private let own: lp_product = lp_product_own
private let ownPlain: lp_product = lp_product_own_plain

/// Every tenth row a little too large: what a kernel with a special tail does.
private let unsteadyByPosition: lp_product = { tile, panel, inputs, columns, out in
    lp_product_own(tile, panel, inputs, columns, out)
    guard let out else { return }
    for row in stride(from: 9, to: Int(LP_TILE_ROWS), by: 10) { out[row * columns] *= 1.000_001 }
}

/// A path for tiles that are mostly empty: what a kernel that counts rows does.
private let unsteadyByCompany: lp_product = { tile, panel, inputs, columns, out in
    lp_product_own(tile, panel, inputs, columns, out)
    guard let tile, let out else { return }
    let isSparse = (1..<Int(LP_TILE_ROWS) - 1).allSatisfy { tile[$0 * inputs] == 0 }
    if isSparse { for i in 0..<Int(LP_TILE_ROWS) * columns { out[i] *= 1.000_001 } }
}

/// Rows that lean on the row before them.
private let unsteadyByNeighbour: lp_product = { tile, panel, inputs, columns, out in
    lp_product_own(tile, panel, inputs, columns, out)
    guard let tile, let out else { return }
    for row in 1..<Int(LP_TILE_ROWS) where tile[(row - 1) * inputs] > 0.5 { out[row * columns] *= 1.000_001 }
}

@Suite struct SteadinessTests {
    private func isSteady(_ product: @escaping lp_product, _ inputs: Int, _ columns: Int) -> Bool {
        var scratch = [Float](repeating: .nan, count: lp_steadiness_scratch(inputs, columns))
        return lp_product_is_steady(product, inputs, columns, 7, &scratch) != 0
    }

    @Test(arguments: [(1, 1), (32, 2), (32, 128), (33, 127), (513, 5), (1030, 3)]) func `our own product is steady`(
        shape: (Int, Int)
    ) {
        #expect(isSteady(own, shape.0, shape.1))
        #expect(isSteady(ownPlain, shape.0, shape.1))
    }

    @Test func `a product that treats positions, neighbours or empty tiles differently is refused`() {
        #expect(!isSteady(unsteadyByPosition, 32, 16))
        #expect(!isSteady(unsteadyByNeighbour, 32, 16))
        #expect(!isSteady(unsteadyByCompany, 32, 16))
    }

    @Test func `a layer falls back to our own product if one of its panels is refused`() {
        // Steady for full panels, not for the narrow last one.
        var chooser = ProductChooser(candidate: { tile, panel, inputs, columns, out in
            let product = columns == 128 ? lp_product_own : unsteadyByPosition
            product(tile, panel, inputs, columns, out)
        })
        _ = chooser.product(inputs: 8, outputs: 256)
        #expect(chooser.refused.isEmpty)
        _ = chooser.product(inputs: 8, outputs: 130)
        _ = chooser.product(inputs: 8, outputs: 5)
        #expect(chooser.refused.map(\.columns).sorted() == [2, 5])
    }
}
