// The rows of a product, cut into tasks.
import CKernels

/// About equal in size: a block's activations stay in a core's cache while the panels of weights pass by.
struct RowBlocks {
    let rows: Int
    let size: Int
    let count: Int

    /// A multiple of six: so many rows the kernels take at a time.
    private static let largest = Int(LP_PANEL_ROWS)

    init(_ rows: Int) {
        self.rows = rows
        let pieces = max(1, (rows + Self.largest - 1) / Self.largest)
        size = max(6, ((rows + pieces - 1) / pieces + 5) / 6 * 6)
        count = (rows + size - 1) / size
    }

    subscript(index: Int) -> Range<Int> { index * size..<min(rows, (index + 1) * size) }

    /// Floats of scratch for a task of a gated product of this cell width, the greediest.
    static func scratchFloats(cellInputs: Int) -> Int {
        Int(LP_PANEL_SCRATCH) + largest * (Int(LP_PANEL) + cellInputs)
    }
}
