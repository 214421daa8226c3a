// What the forward pass keeps for the way back.
import Checkpoints

/// The activations of one micro-batch; buffers grow to the largest one seen and are used again.
final class Tape {
    /// Kept of one layer.
    final class Layer {
        /// What came in: [rows, hidden].
        let input = FloatBuffer(count: 0)
        let inputNormed = FloatBuffer(count: 0)
        /// Queries, keys and values side by side, turned: [rows, projection width].
        let projected = FloatBuffer(count: 0)
        /// [rows, heads]
        let logSum = FloatBuffer(count: 0)
        /// [rows, heads * dimension]
        let attended = FloatBuffer(count: 0)
        /// Between attention and MLP: [rows, hidden].
        let middle = FloatBuffer(count: 0)
        let middleNormed = FloatBuffer(count: 0)
        /// [rows, 2 * intermediate]; the backward pass leaves its gradient here.
        let gateUp = FloatBuffer(count: 0)
        /// [rows, intermediate]
        let gated = FloatBuffer(count: 0)
    }

    let layers: [Layer]
    /// After the last layer: [rows, hidden].
    let hidden = FloatBuffer(count: 0)
    let cosine = FloatBuffer(count: 0)
    let sine = FloatBuffer(count: 0)

    /// - Parameter frozen: how many of the first layers need not be remembered.
    init(layerCount: Int, frozen: Int) {
        let shared = Layer()
        layers = (0..<layerCount).map { $0 < frozen ? shared : Layer() }
    }

    /// Makes room for so many rows.
    func reserve(rows: Int, for blueprint: Blueprint) {
        let config = blueprint.config
        let hiddenFloats = rows * config.hiddenSize
        for layer in layers {
            for buffer in [layer.input, layer.inputNormed, layer.middle, layer.middleNormed] {
                buffer.reserve(hiddenFloats)
            }
            layer.projected.reserve(rows * blueprint.projectionWidth)
            layer.logSum.reserve(rows * config.headCount)
            layer.attended.reserve(rows * blueprint.queryWidth)
            layer.gateUp.reserve(rows * 2 * config.intermediateSize)
            layer.gated.reserve(rows * config.intermediateSize)
        }
        hidden.reserve(hiddenFloats)
        cosine.reserve(rows * config.headDimension / 2)
        sine.reserve(rows * config.headDimension / 2)
    }
}

extension Blueprint {
    /// Queries, keys and values of a row side by side.
    var projectionWidth: Int { queryWidth + 2 * keyValueWidth }
}
