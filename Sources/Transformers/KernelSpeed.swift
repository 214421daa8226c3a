// How fast each kernel is, at the sizes of a real decoder.
import CKernels
package import Checkpoints

/// One kernel at one size, beside the peak of the same moment.
package struct KernelSpeed: Sendable {
    package let name: String
    /// Such as `1536x2048`.
    package let size: String
    /// Two a multiply-add.
    package let operationsPerSecond: Double
    package let peakOperationsPerSecond: Double
    /// The median over rounds, and its least and largest.
    package let share: (median: Double, least: Double, most: Double)
}

/// The products of one layer of a decoder, and its attention, on random numbers.
package final class KernelBench {
    private struct Kernel {
        let name: String
        let size: String
        let operations: Double
        let peak: MachinePeak
        let run: () -> Void
    }

    private let rows: Int
    private let workers: Workers
    private let blueprint: Blueprint
    private var loader: WeightLoader
    private let isInt8: Bool
    private var kernels: [Kernel] = []

    /// - Parameter rows: tokens that go through together.
    package init(config: ModelConfig, rows: Int, compute: ComputeSettings) throws(ModelError) {
        self.rows = rows
        blueprint = try Blueprint(config: config)
        workers = Workers(count: compute.threads, kernel: compute.kernel)
        workers.reserve(scratchFloats: Workers.scratchFloats(width: config.intermediateSize))
        loader = WeightLoader(source: .random(seed: 1), workers: workers, precision: compute.precision)
        isInt8 = compute.precision == .int8
        let peak = MachinePeak(compute)
        let plan = blueprint.layer(0)
        kernels = [
            try product("projections", [plan.query, plan.key, plan.value], peak),
            try product("output", [plan.output], peak),
            try gate([plan.gate, plan.up], before: plan.down, peak),
            try product("down", [plan.down], peak),
            attention(MachinePeak(ComputeSettings(threads: compute.threads, kernel: compute.kernel))),
        ]
    }

    /// Random rows in the layout that a layer reads.
    private func cells(for layer: Linear) -> (buffer: CellBuffer, view: lp_cells) {
        let buffer = CellBuffer(isInt8: isInt8)
        let view = buffer.view(rows: rows, for: layer)
        let x = FloatBuffer(count: rows * layer.inputs)
        for index in 0..<x.count { x.start[index] = Float((index &* 2_654_435_761) % 1_000) / 500 - 1 }
        workers.fill(view, from: Matrix(x, rows: rows, width: layer.inputs))
        return (buffer, view)
    }

    private func product(_ name: String, _ plans: [LinearPlan], _ peak: MachinePeak) throws(ModelError) -> Kernel {
        let layer = try loader.linear(plans)
        let (buffer, view) = cells(for: layer)
        let y = FloatBuffer(count: rows * layer.outputs)
        let out = Matrix(y, rows: rows, width: layer.outputs)
        let workers = workers
        return kernel(name, layer, plans, peak) {
            withExtendedLifetime((buffer, y)) { workers.multiply(view, layer, into: out) }
        }
    }

    private func gate(
        _ plans: [LinearPlan],
        before next: LinearPlan,
        _ peak: MachinePeak
    ) throws(ModelError) -> Kernel {
        let layer = try loader.linear(plans, gated: true)
        let (buffer, view) = cells(for: layer)
        let (middle, to) = cells(for: try loader.linear([next]))
        let workers = workers
        return kernel("gate_up", layer, plans, peak) {
            withExtendedLifetime((buffer, middle)) {
                workers.gate(view, layer, into: to, cellInputs: middle.cellInputs)
            }
        }
    }

    private func kernel(
        _ name: String,
        _ layer: Linear,
        _ plans: [LinearPlan],
        _ peak: MachinePeak,
        run: @escaping () -> Void
    ) -> Kernel {
        let size = "\(layer.inputs)x\(plans.reduce(0) { $0 + $1.outputs })"
        return Kernel(name: name, size: size, operations: layer.operations(rows: rows), peak: peak, run: run)
    }

    /// Causal attention of one rollout of so many tokens; float32 in every precision.
    private func attention(_ peak: MachinePeak) -> Kernel {
        let (blueprint, workers, rows) = (blueprint, workers, rows)
        let config = blueprint.config
        let keys = KeyValueMemory(layers: 1, width: blueprint.keyValueWidth)
        let hasRoom = keys.reserve(slots: rows)
        let queries = FloatBuffer(count: rows * blueprint.queryWidth)
        let out = FloatBuffer(count: rows * blueprint.queryWidth)
        let ids = [Int32](repeating: 0, count: rows)
        let batch = try? PackedBatch([TokenSequence(ids: ids, readPositions: [rows - 1])])
        let group = config.headCount / config.keyValueHeadCount
        workers.reserve(scratchFloats: lp_attention_scratch(group, config.headDimension))
        return Kernel(
            name: "attention",
            size: "\(config.headCount)x\(rows)x\(config.headDimension)",
            // Scores and sums of values, over the lower half of the square.
            operations: 2 * Double(rows) * Double(rows + 1) * Double(blueprint.queryWidth),
            peak: peak
        ) {
            guard hasRoom, let batch else { return }
            withExtendedLifetime((queries, out)) {
                keys.withSlabs(ofLayer: 0) { slabs in
                    let attention = lp_attention(
                        queries: queries.start,
                        query_stride: blueprint.queryWidth,
                        out: out.start,
                        out_stride: blueprint.queryWidth,
                        slabs: slabs,
                        heads: config.headCount,
                        key_value_heads: config.keyValueHeadCount,
                        dimension: config.headDimension,
                        window: 0
                    )
                    workers.attend(attention, QueryBlocks(batch), of: batch)
                }
            }
        }
    }

    /// Every kernel and the peak in turn, round after round.
    package func speeds(rounds: Int) -> [KernelSpeed] { kernels.map { speed($0, rounds: max(1, rounds)) } }

    private func speed(_ kernel: Kernel, rounds: Int) -> KernelSpeed {
        let clock = ContinuousClock()
        kernel.run()
        var (shares, speeds, peaks): ([Double], [Double], [Double]) = ([], [], [])
        for _ in 0..<rounds {
            let before = kernel.peak.operationsPerSecond()
            let seconds = clock.measure(kernel.run) / .seconds(1)
            // Clocks and neighbours change from moment to moment: the peak is that of both sides.
            let around = (before + kernel.peak.operationsPerSecond()) / 2
            speeds.append(kernel.operations / seconds)
            peaks.append(around)
            shares.append(kernel.operations / seconds / around)
        }
        shares.sort()
        return KernelSpeed(
            name: kernel.name,
            size: kernel.size,
            operationsPerSecond: speeds.sorted()[rounds / 2],
            peakOperationsPerSecond: peaks.sorted()[rounds / 2],
            share: (shares[rounds / 2], shares[0], shares[rounds - 1])
        )
    }
}
