// The memory a batch flows through, kept between batches.
import CKernels
import Checkpoints

/// Buffers that grow to the largest batch seen and are reused by all layers and batches.
final class Activations {
    /// Rows of the widest buffer: the MLP takes a batch in pieces, so that its width is paid for so many rows at most.
    static let mlpRows = 1024

    /// Inputs of the decoder's products; no two are alive at once but a layer's and its MLP's middle.
    let cells: CellBuffer
    let middle: CellBuffer
    private let hidden = FloatBuffer(count: 0)
    private let projected = FloatBuffer(count: 0)
    private let attended = FloatBuffer(count: 0)
    private let readHidden = FloatBuffer(count: 0)
    private let readQueries = FloatBuffer(count: 0)
    private let cosine = FloatBuffer(count: 0)
    private let sine = FloatBuffer(count: 0)

    init(precision: Precision) {
        cells = CellBuffer(isInt8: precision == .int8)
        middle = CellBuffer(isInt8: precision == .int8)
    }

    /// One batch's part of every buffer; valid until the next call of `views`.
    struct Views {
        /// [rows, hidden]
        let hidden: Matrix
        /// [rows, query width + 2 key-value width]
        let projected: Matrix
        /// [rows, query width]
        let attended: Matrix
        /// The rows that are read: [reads, hidden]
        let readHidden: Matrix
        /// [reads, query width]
        let readQueries: Matrix
        /// [rows, dimension / 2]
        let cosine: Matrix
        /// [rows, dimension / 2]
        let sine: Matrix
    }

    func views(rows: Int, reads: Int, of blueprint: Blueprint) -> Views {
        func view(_ buffer: FloatBuffer, _ rows: Int, _ width: Int) -> Matrix {
            buffer.reserve(rows * width)
            return Matrix(buffer, rows: rows, width: width)
        }
        let config = blueprint.config
        return Views(
            hidden: view(hidden, rows, config.hiddenSize),
            projected: view(projected, rows, blueprint.projectionWidth),
            attended: view(attended, rows, blueprint.queryWidth),
            readHidden: view(readHidden, reads, config.hiddenSize),
            readQueries: view(readQueries, reads, blueprint.queryWidth),
            cosine: view(cosine, rows, config.headDimension / 2),
            sine: view(sine, rows, config.headDimension / 2)
        )
    }
}
