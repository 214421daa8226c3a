// Hidden states to the next token's log-probability and entropy.
import CKernels
import Checkpoints

/// The output layer of a language model, whose logits are summed tile by tile and never stand in memory.
struct VocabularyHead {
    /// Rows that are reduced at a time: what they take beside the decoder stays below 64 MiB at any real size.
    static let rows = 768

    /// [vocabulary, hidden] in the model's precision: at int8 too it is the largest product of all.
    let layer: Linear
    private let chosen = FloatBuffer(count: 0)
    private let masses = FloatBuffer(count: 0)
    private let cells: CellBuffer

    init(plan: LinearPlan, precision: Precision, loader: inout WeightLoader) throws(ModelError) {
        layer = try loader.linear([plan])
        cells = CellBuffer(isInt8: precision == .int8)
    }

    /// The output layer's tensor, the embedding where config.json ties the two.
    static func plan(for config: ModelConfig) -> LinearPlan {
        let name = config.tiesWordEmbeddings ? Blueprint.embeddingName : "lm_head.weight"
        return LinearPlan(weight: name, bias: nil, outputs: config.vocabularySize, inputs: config.hiddenSize)
    }

    /// Two numbers a row: log p(target), and the entropy of p in nats.
    ///
    /// - Parameter hidden: before the final norm.
    func signals(of hidden: Matrix, targets: [Int32], decoder: Decoder, workers: Workers) -> [Float] {
        var signals: [Float] = []
        signals.reserveCapacity(2 * hidden.rows)
        for first in stride(from: 0, to: hidden.rows, by: Self.rows) {
            let rows = first..<min(hidden.rows, first + Self.rows)
            let x = hidden[rows]
            let filled = cells.view(rows: x.rows, for: layer)
            let epsilon = decoder.blueprint.config.normEpsilon
            workers.rmsnorm(x, weight: decoder.finalNorm, epsilon: epsilon, into: filled)
            signals += reduce(filled, rows: x.rows, targets: Array(targets[rows]), workers)
        }
        return signals
    }

    private func reduce(_ x: lp_cells, rows: Int, targets: [Int32], _ workers: Workers) -> [Float] {
        let parts = (layer.panels + Int(LP_PART_PANELS) - 1) / Int(LP_PART_PANELS)
        let masses = roomForMasses(parts * rows)
        chosen.reserve(rows)
        // A target outside of the vocabulary, which nobody lets come here, would have no number rather than an old one.
        chosen.start.update(repeating: .nan, count: rows)
        workers.reduce(x, layer, targets: targets, into: masses, chosen: chosen.start)
        var signals = [Float](repeating: 0, count: 2 * rows)
        signals.withUnsafeMutableBufferPointer { signals in
            guard let start = signals.baseAddress else { return }
            workers.run(rows: rows, width: parts * Int(LP_PANEL)) { rows, _ in
                for row in rows {
                    lp_mass_join(masses + row, x.capacity, parts, chosen.start[row], start + 2 * row)
                }
            }
        }
        return signals
    }

    /// Each begins a cache line.
    private func roomForMasses(_ count: Int) -> UnsafeMutablePointer<lp_mass> {
        masses.reserve(count * MemoryLayout<lp_mass>.stride / MemoryLayout<Float>.stride)
        return UnsafeMutableRawPointer(masses.start).bindMemory(to: lp_mass.self, capacity: count)
    }
}

extension Workers {
    /// Sums a layer's outputs row by row, a part of them a task; of the outputs nothing but the sums stays.
    ///
    /// - Parameters:
    ///   - masses: [parts, rows]
    ///   - chosen: [rows], the outputs of the targets.
    fileprivate func reduce(
        _ x: lp_cells,
        _ layer: Linear,
        targets: [Int32],
        into masses: UnsafeMutablePointer<lp_mass>,
        chosen: UnsafeMutablePointer<Float>
    ) {
        precondition(layer.inputs == x.width && x.capacity == targets.count, "shapes disagree")
        let blocks = RowBlocks(x.capacity)
        let together = Int(LP_PART_PANELS)
        let parts = (layer.panels + together - 1) / together
        targets.withUnsafeBufferPointer { targets in
            run(parts * blocks.count) { index, scratch in
                // Blocks of rows take turns at one part, whose weights then come from a cache for all but the first.
                let (rows, part) = (blocks[index % blocks.count], index / blocks.count)
                var (weights, x) = (layer.weights, x)
                let tile = scratch + Int(LP_PANEL_SCRATCH)
                let to = masses + part * x.capacity + rows.lowerBound
                lp_mass_clear(to, rows.count)
                for panel in part * together..<min(layer.panels, (part + 1) * together) {
                    expectSuccess(
                        lp_multiply_panel(kernel, &weights, panel, &x, rows.lowerBound, rows.count, scratch, tile)
                    )
                    lp_mass_add(
                        kernel,
                        tile,
                        rows.count,
                        min(Int(LP_PANEL), layer.outputs - panel * Int(LP_PANEL)),
                        panel * Int(LP_PANEL),
                        targets.baseAddress.map { $0 + rows.lowerBound },
                        to,
                        chosen + rows.lowerBound
                    )
                }
            }
        }
    }
}
