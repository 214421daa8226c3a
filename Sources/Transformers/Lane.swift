// One thread's way through the decoder, and back.
//
// The same decoder as in Decoder.swift, for learning: what the way back needs is kept, and products run over whole
// matrices. Owns its activations and its gradient; parameters are shared, and nobody writes them meanwhile.
import CKernels
import Checkpoints

/// A decoder's forward pass with everything kept; the backward pass is in `LaneBackward.swift`.
final class Lane {
    let blueprint: Blueprint
    let layout: ParameterLayout
    /// The floats of the block that move; the gradient has one for each.
    let trainable: Range<Int>
    let gradient: FloatBuffer
    let tape: Tape
    let memory = LaneMemory()
    private let parameters: FloatBuffer
    private let frequencies: FloatBuffer

    init(blueprint: Blueprint, layout: ParameterLayout, parameters: FloatBuffer, trainable: Range<Int>) {
        self.blueprint = blueprint
        self.layout = layout
        self.parameters = parameters
        self.trainable = trainable
        gradient = FloatBuffer(count: trainable.count)
        // Layers that do not learn leave nothing behind, so they all use one layer's memory.
        let frozen = layout.layers.count { $0.inputNorm.lowerBound < trainable.lowerBound }
        tape = Tape(layerCount: layout.layers.count, frozen: frozen)
        frequencies = rotaryFrequencies(of: blueprint.config)
    }

    var hidden: Int { blueprint.config.hiddenSize }
    var epsilon: Float { blueprint.config.normEpsilon }

    func parameter(_ range: Range<Int>) -> UnsafeMutablePointer<Float> { parameters.start + range.lowerBound }

    /// Where the gradient of these parameters is added up; nil where they do not move.
    func slot(_ range: Range<Int>) -> UnsafeMutablePointer<Float>? {
        guard !range.isEmpty, range.lowerBound >= trainable.lowerBound else { return nil }
        return gradient.start + (range.lowerBound - trainable.lowerBound)
    }

    /// Fills the tape. Every id has a row in the embedding.
    func forward(_ batch: MicroBatch) {
        let rows = batch.ids.count
        tape.reserve(rows: rows, for: blueprint)
        memory.reserve(rows: rows, longest: batch.rollouts.map(\.count).max() ?? 0, for: blueprint)
        embed(batch)
        for index in tape.layers.indices {
            let out = index + 1 < tape.layers.count ? tape.layers[index + 1].input : tape.hidden
            attend(batch, tape.layers[index], layout.layers[index], window: blueprint.config.slidingWindows[index] ?? 0)
            transform(rows, tape.layers[index], layout.layers[index], into: out)
        }
    }

    private func embed(_ batch: MicroBatch) {
        let config = blueprint.config
        let out = tape.layers.first?.input ?? tape.hidden
        let table = parameter(layout.embedding)
        let status = lp_embedding(
            table,
            LP_FLOAT32,
            config.vocabularySize,
            hidden,
            batch.ids,
            batch.ids.count,
            out.start
        )
        precondition(status == LP_OK, "an id that was checked has no row")
        lp_rope_angles(
            batch.positions,
            batch.positions.count,
            frequencies.start,
            config.headDimension,
            tape.cosine.start,
            tape.sine.start
        )
    }

    func attention(_ kept: Tape.Layer, window: Int) -> lp_trained_attention {
        lp_trained_attention(
            projected: kept.projected.start,
            out: kept.attended.start,
            log_sum: kept.logSum.start,
            heads: blueprint.config.headCount,
            key_value_heads: blueprint.config.keyValueHeadCount,
            dimension: blueprint.config.headDimension,
            window: window
        )
    }

    /// Turns queries and keys, which stand side by side, by their positions; back with `direction` -1.
    func turn(_ projected: FloatBuffer, rows: Int, direction: Float) {
        let config = blueprint.config
        lp_rope_turn(
            lp_isa_best(),
            projected.start,
            blueprint.projectionWidth,
            tape.cosine.start,
            tape.sine.start,
            direction,
            rows,
            config.headCount + config.keyValueHeadCount,
            config.headDimension
        )
    }

    /// middle = input + output(attention(rope(projection(norm(input))))).
    private func attend(_ batch: MicroBatch, _ kept: Tape.Layer, _ layer: ParameterLayout.Layer, window: Int) {
        let rows = batch.ids.count
        lp_rmsnorm(
            lp_isa_best(),
            kept.input.start,
            parameter(layer.inputNorm),
            epsilon,
            rows,
            hidden,
            kept.inputNormed.start
        )
        lp_dense_forward(
            kept.inputNormed.start,
            parameter(layer.projection),
            layer.projectionBias.isEmpty ? nil : parameter(layer.projectionBias),
            rows,
            hidden,
            blueprint.projectionWidth,
            0,
            kept.projected.start
        )
        turn(kept.projected, rows: rows, direction: 1)
        var attention = attention(kept, window: window)
        for rollout in batch.rollouts {
            let status = lp_trained_attention_forward(
                &attention,
                rollout.lowerBound,
                rollout.count,
                memory.attention.start
            )
            precondition(status == LP_OK, "heads that do not divide")
        }
        kept.middle.start.update(from: kept.input.start, count: rows * hidden)
        lp_dense_forward(
            kept.attended.start,
            parameter(layer.output),
            nil,
            rows,
            blueprint.queryWidth,
            hidden,
            1,
            kept.middle.start
        )
    }

    /// out = middle + down(silu(gate) * up) of the normed rows.
    private func transform(_ rows: Int, _ kept: Tape.Layer, _ layer: ParameterLayout.Layer, into out: FloatBuffer) {
        let width = blueprint.config.intermediateSize
        lp_rmsnorm(
            lp_isa_best(),
            kept.middle.start,
            parameter(layer.postNorm),
            epsilon,
            rows,
            hidden,
            kept.middleNormed.start
        )
        lp_dense_forward(
            kept.middleNormed.start,
            parameter(layer.gateUp),
            nil,
            rows,
            hidden,
            2 * width,
            0,
            kept.gateUp.start
        )
        lp_gated_forward(kept.gateUp.start, rows, width, kept.gated.start)
        out.start.update(from: kept.middle.start, count: rows * hidden)
        lp_dense_forward(kept.gated.start, parameter(layer.down), nil, rows, width, hidden, 1, out.start)
    }
}

/// What a lane needs besides the tape; used again by every layer and micro-batch.
final class LaneMemory {
    let attention = FloatBuffer(count: 0)
    /// d loss / d hidden of every row.
    let hiddenGradient = FloatBuffer(count: 0)
    let normedGradient = FloatBuffer(count: 0)
    let gatedGradient = FloatBuffer(count: 0)
    let attendedGradient = FloatBuffer(count: 0)
    let projectedGradient = FloatBuffer(count: 0)
    // Of the rows that a head reads.
    let read = FloatBuffer(count: 0)
    let readNormed = FloatBuffer(count: 0)
    let readGradient = FloatBuffer(count: 0)
    let readNormedGradient = FloatBuffer(count: 0)
    let logits = FloatBuffer(count: 0)

    func reserve(rows: Int, longest: Int, for blueprint: Blueprint) {
        attention.reserve(lp_trained_attention_scratch(longest))
        hiddenGradient.reserve(rows * blueprint.config.hiddenSize)
        normedGradient.reserve(rows * blueprint.config.hiddenSize)
        gatedGradient.reserve(rows * blueprint.config.intermediateSize)
        attendedGradient.reserve(rows * blueprint.queryWidth)
        projectedGradient.reserve(rows * blueprint.projectionWidth)
    }

    func reserve(reads: Int, width: Int, classes: Int) {
        for buffer in [read, readNormed, readGradient, readNormedGradient] { buffer.reserve(reads * width) }
        logits.reserve(reads * classes)
    }
}
