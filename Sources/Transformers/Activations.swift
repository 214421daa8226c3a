// The memory a batch flows through, kept between batches.
import Checkpoints

/// Buffers that grow to the largest batch seen and are reused by all layers and batches.
final class Activations {
    /// Rows of the widest buffers: the MLP takes a batch in pieces, so that its width is paid for so many rows at
    /// most.
    static let mlpRows = 1024

    private let hidden = FloatBuffer(count: 0)
    private let normed = FloatBuffer(count: 0)
    private let queries = FloatBuffer(count: 0)
    private let keys = FloatBuffer(count: 0)
    private let values = FloatBuffer(count: 0)
    private let attended = FloatBuffer(count: 0)
    private let gate = FloatBuffer(count: 0)
    private let up = FloatBuffer(count: 0)
    private let cosine = FloatBuffer(count: 0)
    private let sine = FloatBuffer(count: 0)

    /// One batch's part of every buffer; valid until the next call of `views`.
    struct Views {
        /// [rows, hidden]
        let hidden: Matrix
        /// [rows, hidden]
        let normed: Matrix
        /// [rows, heads * dimension]
        let queries: Matrix
        /// [rows, key-value heads * dimension]
        let keys: Matrix
        /// [rows, key-value heads * dimension]
        let values: Matrix
        /// [rows, heads * dimension]
        let attended: Matrix
        /// [min(rows, mlpRows), intermediate]
        let gate: Matrix
        /// [min(rows, mlpRows), intermediate]
        let up: Matrix
        /// [rows, dimension / 2]
        let cosine: Matrix
        /// [rows, dimension / 2]
        let sine: Matrix
    }

    func views(rows: Int, of blueprint: Blueprint) -> Views {
        func view(_ buffer: FloatBuffer, _ rows: Int, _ width: Int) -> Matrix {
            buffer.reserve(rows * width)
            return Matrix(buffer, rows: rows, width: width)
        }
        let config = blueprint.config
        let mlpRows = min(rows, Activations.mlpRows)
        return Views(
            hidden: view(hidden, rows, config.hiddenSize),
            normed: view(normed, rows, config.hiddenSize),
            queries: view(queries, rows, blueprint.queryWidth),
            keys: view(keys, rows, blueprint.keyValueWidth),
            values: view(values, rows, blueprint.keyValueWidth),
            attended: view(attended, rows, blueprint.queryWidth),
            gate: view(gate, mlpRows, config.intermediateSize),
            up: view(up, mlpRows, config.intermediateSize),
            cosine: view(cosine, rows, config.headDimension / 2),
            sine: view(sine, rows, config.headDimension / 2)
        )
    }
}
