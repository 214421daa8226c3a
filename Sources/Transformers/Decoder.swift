// The decoder, in the order in which one would draw it.
//
// Qwen2, Qwen3, Llama and Mistral (transformers `modeling_qwen2.py` and its like). All rows of all rollouts go through
// every layer together; only attention knows what a row stands on.
import CKernels
import Checkpoints

/// One layer: attention and MLP, each behind a norm and beside a residual connection.
struct DecoderLayer {
    let inputNorm: FloatBuffer
    /// Queries, keys and values of all heads side by side.
    let projection: Linear
    let queryNorm: FloatBuffer?
    let keyNorm: FloatBuffer?
    let output: Linear
    let postNorm: FloatBuffer
    let gateUp: Linear
    let down: Linear
    /// Keys that a query sees, itself among them; 0 = all before it.
    let window: Int
}

/// Token ids to hidden states.
struct Decoder {
    let blueprint: Blueprint
    let embedding: StoredMatrix
    let layers: [DecoderLayer]
    let finalNorm: FloatBuffer
    /// [head dimension / 2]
    let frequencies: FloatBuffer

    /// Multiplications and additions of the linear layers for so many rows, of which some are read.
    func operations(rows: Int, reads: Int) -> Double {
        layers.enumerated().reduce(0) { sum, layer in
            let after = layer.offset == layers.count - 1 ? reads : rows
            let (first, rest) = (
                layer.element.projection, [layer.element.output, layer.element.gateUp, layer.element.down]
            )
            return sum + first.operations(rows: rows) + rest.reduce(0) { $0 + $1.operations(rows: after) }
        }
    }

    /// What one batch needs in every layer.
    struct Pass {
        let batch: PackedBatch
        let views: Activations.Views
        let memory: Activations
        let keys: KeyValueMemory
        let workers: Workers
        let clock: PartClock
    }

    /// Hidden states of the rows that are read, after the last layer and before the final norm: [reads, hidden]. Every
    /// id has a row in `embedding`, and every slot its memory.
    func hiddenStates(_ pass: Pass) -> Matrix {
        let (a, batch) = (pass.views, pass.batch)
        pass.clock.time(.embedding) {
            pass.workers.embed(batch.ids, from: embedding, into: a.hidden)
            pass.workers.angles(of: batch.positions, frequencies: frequencies, cosine: a.cosine, sine: a.sine)
        }
        let all = QueryBlocks(batch)
        for (index, layer) in layers.dropLast().enumerated() {
            project(pass, layer, index)
            attend(pass, layer, index, queries: a.projected, all, hidden: a.hidden)
            transform(pass, layer, hidden: a.hidden)
        }
        guard let last = layers.last else { return a.hidden.rows(batch.readRows, into: a.readHidden) }
        // Others may stand on any row's keys and values, but only rows that are read go on from here.
        project(pass, last, layers.count - 1)
        let hidden = a.hidden.rows(batch.readRows, into: a.readHidden)
        guard hidden.rows > 0 else { return hidden }
        let queries = a.projected.rows(batch.readRows, into: a.readQueries)
        attend(pass, last, layers.count - 1, queries: queries, QueryBlocks(readsOf: batch), hidden: hidden)
        transform(pass, last, hidden: hidden)
        return hidden
    }

    /// Queries of the normed rows, turned by their positions; keys, turned too, and values to their slots.
    private func project(_ pass: Pass, _ layer: DecoderLayer, _ index: Int) {
        let (a, workers) = (pass.views, pass.workers)
        let cells = pass.memory.cells.view(rows: a.hidden.rows, for: layer.projection)
        pass.clock.time(.norms) {
            workers.rmsnorm(a.hidden, weight: layer.inputNorm, epsilon: blueprint.config.normEpsilon, into: cells)
        }
        pass.clock.time(.projections) { workers.multiply(cells, layer.projection, into: a.projected) }
        pass.clock.time(.rotary) {
            pass.batch.slots.withUnsafeBufferPointer { slots in
                pass.keys.withSlabs(ofLayer: index) { slabs in
                    let projection = lp_projection(
                        projected: a.projected.start,
                        stride: a.projected.width,
                        slots: slots.baseAddress,
                        slabs: slabs,
                        cosine: a.cosine.start,
                        sine: a.sine.start,
                        query_norm: layer.queryNorm.map { UnsafePointer($0.start) },
                        key_norm: layer.keyNorm.map { UnsafePointer($0.start) },
                        epsilon: blueprint.config.normEpsilon,
                        heads: blueprint.config.headCount,
                        key_value_heads: blueprint.config.keyValueHeadCount,
                        dimension: blueprint.config.headDimension
                    )
                    workers.finish(projection, rows: a.projected.rows)
                }
            }
        }
    }

    /// hidden += output(attention(queries, keys, values)).
    private func attend(
        _ pass: Pass,
        _ layer: DecoderLayer,
        _ index: Int,
        queries: Matrix,
        _ blocks: QueryBlocks,
        hidden: Matrix
    ) {
        let config = blueprint.config
        let attended = pass.views.attended[0..<hidden.rows]
        pass.clock.time(.attention) {
            pass.keys.withSlabs(ofLayer: index) { slabs in
                let attention = lp_attention(
                    queries: queries.start,
                    query_stride: queries.width,
                    out: attended.start,
                    out_stride: attended.width,
                    slabs: slabs,
                    heads: config.headCount,
                    key_value_heads: config.keyValueHeadCount,
                    dimension: config.headDimension,
                    window: layer.window
                )
                pass.workers.attend(attention, blocks, of: pass.batch)
            }
        }
        let cells = pass.memory.cells.view(rows: hidden.rows, for: layer.output)
        pass.clock.time(.norms) { pass.workers.fill(cells, from: attended) }
        pass.clock.time(.output) { pass.workers.multiply(cells, layer.output, addingTo: hidden) }
    }

    /// hidden += down(silu(gate) * up) of the normed rows, some rows at a time.
    private func transform(_ pass: Pass, _ layer: DecoderLayer, hidden: Matrix) {
        let (workers, clock) = (pass.workers, pass.clock)
        for first in stride(from: 0, to: hidden.rows, by: Activations.mlpRows) {
            let rows = hidden[first..<min(hidden.rows, first + Activations.mlpRows)]
            let cells = pass.memory.cells.view(rows: rows.rows, for: layer.gateUp)
            let middle = pass.memory.middle.view(rows: rows.rows, for: layer.down)
            clock.time(.norms) {
                workers.rmsnorm(rows, weight: layer.postNorm, epsilon: blueprint.config.normEpsilon, into: cells)
            }
            clock.time(.gateUp) {
                workers.gate(cells, layer.gateUp, into: middle, cellInputs: pass.memory.middle.cellInputs)
            }
            clock.time(.down) { workers.multiply(middle, layer.down, addingTo: rows) }
        }
    }
}
