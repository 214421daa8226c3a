// Back through the decoder: what each parameter was worth.
//
// The chain rule, layer by layer from the last to the first that learns; `memory.hiddenGradient` holds d loss / d hidden
// of every row all the way down.
import CKernels
import Checkpoints

extension Lane {
    /// Adds the gradient of every parameter that moves; the heads have left theirs in `memory.hiddenGradient`.
    func backward(_ batch: MicroBatch) {
        for index in layout.layers.indices.reversed() {
            let layer = layout.layers[index]
            guard layer.inputNorm.lowerBound >= trainable.lowerBound else { return }
            transformBackward(batch.ids.count, tape.layers[index], layer)
            let window = blueprint.config.slidingWindows[index] ?? 0
            attendBackward(batch, tape.layers[index], layer, window: window)
        }
        guard let table = slot(layout.embedding) else { return }
        lp_embedding_backward(memory.hiddenGradient.start, batch.ids, batch.ids.count, hidden, table)
    }

    /// Through out = middle + down(gated(gateUp(norm(middle)))).
    private func transformBackward(_ rows: Int, _ kept: Tape.Layer, _ layer: ParameterLayout.Layer) {
        let width = blueprint.config.intermediateSize
        let gradient = memory.hiddenGradient.start
        lp_dense_input_gradient(gradient, parameter(layer.down), rows, width, hidden, 0, memory.gatedGradient.start)
        lp_dense_weight_gradient(gradient, kept.gated.start, rows, width, hidden, slot(layer.down), nil)
        lp_gated_backward(kept.gateUp.start, memory.gatedGradient.start, rows, width)
        lp_dense_input_gradient(
            kept.gateUp.start,
            parameter(layer.gateUp),
            rows,
            hidden,
            2 * width,
            0,
            memory.normedGradient.start
        )
        lp_dense_weight_gradient(
            kept.gateUp.start,
            kept.middleNormed.start,
            rows,
            hidden,
            2 * width,
            slot(layer.gateUp),
            nil
        )
        normBackward(kept.middle.start, layer.postNorm, rows: rows)
    }

    /// Through middle = input + output(attention(rope(projection(norm(input))))).
    private func attendBackward(
        _ batch: MicroBatch,
        _ kept: Tape.Layer,
        _ layer: ParameterLayout.Layer,
        window: Int
    ) {
        let rows = batch.ids.count
        let width = blueprint.queryWidth
        let gradient = memory.hiddenGradient.start
        lp_dense_input_gradient(
            gradient,
            parameter(layer.output),
            rows,
            width,
            hidden,
            0,
            memory.attendedGradient.start
        )
        lp_dense_weight_gradient(gradient, kept.attended.start, rows, width, hidden, slot(layer.output), nil)
        var attention = attention(kept, window: window)
        for rollout in batch.rollouts {
            let status = lp_trained_attention_backward(
                &attention,
                rollout.lowerBound,
                rollout.count,
                memory.attendedGradient.start,
                memory.projectedGradient.start,
                memory.attention.start
            )
            precondition(status == LP_OK, "heads that do not divide")
        }
        turn(memory.projectedGradient, rows: rows, direction: -1)
        let projected = memory.projectedGradient.start
        lp_dense_input_gradient(
            projected,
            parameter(layer.projection),
            rows,
            hidden,
            blueprint.projectionWidth,
            0,
            memory.normedGradient.start
        )
        lp_dense_weight_gradient(
            projected,
            kept.inputNormed.start,
            rows,
            hidden,
            blueprint.projectionWidth,
            slot(layer.projection),
            slot(layer.projectionBias)
        )
        normBackward(kept.input.start, layer.inputNorm, rows: rows)
    }

    /// Adds what came through a norm to the residual's gradient.
    private func normBackward(_ x: UnsafeMutablePointer<Float>, _ weight: Range<Int>, rows: Int) {
        lp_rmsnorm_backward(
            x,
            parameter(weight),
            memory.normedGradient.start,
            epsilon,
            rows,
            hidden,
            memory.hiddenGradient.start,
            slot(weight)
        )
    }
}
