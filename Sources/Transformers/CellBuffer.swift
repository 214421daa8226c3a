// Activations in the layout that products read.
import CKernels

/// Memory for rows in cells (cells.h), of one precision; it grows to the largest use.
final class CellBuffer {
    private let isInt8: Bool
    private let cells = FloatBuffer(count: 0)
    private let scales = FloatBuffer(count: 0)
    private let outlierValues = FloatBuffer(count: 0)

    init(isInt8: Bool) { self.isInt8 = isInt8 }

    /// Inputs of one cell.
    var cellInputs: Int { isInt8 ? Int(LP_GROUP) : Int(LP_CELL_FLOATS) }

    /// Room for rows of a layer's inputs; valid until the next call.
    func view(rows: Int, for layer: Linear) -> lp_cells {
        cells.reserve(lp_cells_bytes(layer.inputs, rows, isInt8 ? 1 : 0) / MemoryLayout<Float>.stride)
        if isInt8 {
            // One a cell.
            scales.reserve((layer.inputs + cellInputs - 1) / cellInputs * rows)
            outlierValues.reserve(rows * layer.outliers.count)
        }
        return lp_cells(
            cells: UnsafeMutableRawPointer(cells.start),
            scales: isInt8 ? scales.start : nil,
            outliers: isInt8 ? outlierValues.start : nil,
            outlier_inputs: isInt8 ? layer.outliers.start : nil,
            outlier_count: isInt8 ? layer.outliers.count : 0,
            capacity: rows,
            width: layer.inputs,
            is_int8: isInt8 ? 1 : 0
        )
    }
}
