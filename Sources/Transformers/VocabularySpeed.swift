// The output layer's bare product, for measurements.
import CKernels

extension RewardModel {
    /// Seconds of the output layer's product for so many rows of random numbers, its logits stored as any product's
    /// are, a block of rows at a time; 0 for a model without one.
    package func productSeconds(rows: Int) -> Double {
        guard let layer = vocabulary?.layer else { return 0 }
        let together = Int(LP_PANEL_ROWS)
        let x = FloatBuffer(count: together * layer.inputs)
        for index in 0..<x.count { x.start[index] = Float(index * 7919 % 2001 - 1000) / 1000 }
        let y = FloatBuffer(count: together * layer.outputs)
        let cells = CellBuffer(isInt8: compute.precision == .int8)
        let clock = ContinuousClock()
        let start = clock.now
        for first in stride(from: 0, to: rows, by: together) {
            let count = min(together, rows - first)
            let filled = cells.view(rows: count, for: layer)
            workers.fill(filled, from: Matrix(x, rows: count, width: layer.inputs))
            workers.multiply(filled, layer, into: Matrix(y, rows: count, width: layer.outputs))
        }
        return (clock.now - start) / .seconds(1)
    }
}
