// Linear layers, packed as the kernels read them.
import CKernels

/// One product: y = x W^T + b. Several layers that read the same rows may stand side by side in one.
struct Linear {
    let weights: lp_weights
    /// [panels * LP_PANEL], or nil.
    let bias: FloatBuffer?
    let outliers: OutlierInputs
    /// Outputs without those that only fill a panel.
    private let usefulOutputs: Int
    private let memory: PackedMemory
    private let outlierWeights: FloatBuffer

    var inputs: Int { weights.inputs }
    var outputs: Int { weights.outputs }
    var panels: Int { lp_panels(weights.outputs) }
    var byteCount: Int { memory.byteCount + (outlierWeights.count + (bias?.count ?? 0)) * MemoryLayout<Float>.stride }

    func operations(rows: Int) -> Double { 2 * Double(rows) * Double(inputs) * Double(usefulOutputs) }

    func bias(ofPanel panel: Int) -> UnsafePointer<Float>? {
        bias.map { UnsafePointer($0.start) + panel * Int(LP_PANEL) }
    }

    /// Packs layers of the same inputs, on all threads.
    ///
    /// - Parameters:
    ///   - gated: two layers of the same size, 32 outputs of each in turn, as `lp_tile_gate` wants them.
    ///   - isInt8: quantised; else as stored.
    init(
        _ stored: [StoredMatrix],
        biases: [FloatBuffer?],
        gated: Bool = false,
        isInt8: Bool,
        workers: Workers
    ) throws(ModelError) {
        let sameType = stored.allSatisfy { $0.dtype == stored[0].dtype }
        let matrices = sameType ? stored : stored.map(\.widened)
        let inputs = matrices[0].columns
        let order = OutputOrder(counts: matrices.map(\.rows), gated: gated)
        let format = isInt8 ? LP_FORMAT_INT8 : matrices[0].dtype.format
        let outliers = isInt8 ? OutlierInputs(of: matrices, workers: workers) : OutlierInputs([])
        let panels = lp_panels(order.count)
        let bytes = lp_panel_bytes(format, inputs)
        let memory = try PackedMemory(byteCount: panels * bytes)
        let outlierWeights = FloatBuffer(count: panels * outliers.count * Int(LP_PANEL))
        workers.run(panels) { panel, _ in
            let rows = (0..<Int(LP_PANEL)).map { output in
                order.place(panel * Int(LP_PANEL) + output).flatMap { matrices[$0.layer].row($0.output) }
            }
            let status = lp_pack_panel(
                format,
                rows,
                matrices[0].dtype,
                inputs,
                outliers.start,
                outliers.count,
                memory.start + panel * bytes,
                outlierWeights.start + panel * outliers.count * Int(LP_PANEL)
            )
            precondition(status == LP_OK, "the packing refused what the model had checked")
        }
        withExtendedLifetime(matrices) {}
        weights = lp_weights(
            panels: memory.start,
            outliers: UnsafePointer(outlierWeights.start),
            outlier_count: outliers.count,
            inputs: inputs,
            outputs: order.count,
            format: format
        )
        bias = Self.arranged(biases, in: order, panels: panels)
        self.outliers = outliers
        usefulOutputs = matrices.reduce(0) { $0 + $1.rows }
        self.memory = memory
        self.outlierWeights = outlierWeights
    }

    /// Biases in the order of the outputs, zeros where a layer has none; nil where none has.
    private static func arranged(_ biases: [FloatBuffer?], in order: OutputOrder, panels: Int) -> FloatBuffer? {
        guard biases.contains(where: { $0 != nil }) else { return nil }
        let arranged = FloatBuffer(count: panels * Int(LP_PANEL))
        for output in 0..<panels * Int(LP_PANEL) {
            guard let place = order.place(output), let bias = biases[place.layer] else { continue }
            arranged.start[output] = bias.start[place.output]
        }
        return arranged
    }
}

/// Which layer's output stands where.
private struct OutputOrder {
    /// Outputs of each layer.
    let counts: [Int]
    let gated: Bool

    /// Columns of the product; gated layers fill panels of two halves.
    var count: Int {
        guard gated else { return counts.reduce(0, +) }
        let half = Int(LP_PANEL) / 2
        return (counts[0] + half - 1) / half * Int(LP_PANEL)
    }

    /// Nil for a column that only fills its panel.
    func place(_ column: Int) -> (layer: Int, output: Int)? {
        if gated {
            let half = Int(LP_PANEL) / 2
            let output = column / Int(LP_PANEL) * half + column % half
            return output < counts[0] ? (column % Int(LP_PANEL) / half, output) : nil
        }
        var rest = column
        for (layer, count) in counts.enumerated() {
            if rest < count { return (layer, rest) }
            rest -= count
        }
        return nil
    }
}
