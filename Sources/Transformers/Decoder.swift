// The decoder, in the order in which one would draw it.
//
// Qwen2, Qwen3, Llama and Mistral (transformers `modeling_qwen2.py` and its like), float32 arithmetic on weights as they
// are stored. All rows of all rollouts go through every layer together; only attention knows where a rollout begins.
import CKernels
import Checkpoints

/// One layer: attention and MLP, each behind a norm and beside a residual connection.
struct DecoderLayer {
    let inputNorm: FloatBuffer
    let query: Linear
    let key: Linear
    let value: Linear
    let queryNorm: FloatBuffer?
    let keyNorm: FloatBuffer?
    let output: Linear
    let postNorm: FloatBuffer
    let gate: Linear
    let up: Linear
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

    /// Hidden states of all rows after the last layer, before the final norm: [rows, hidden]. Every id has a row in
    /// `embedding`.
    func hiddenStates(of batch: PackedBatch, in activations: Activations, workers: Workers) -> Matrix {
        let a = activations.views(rows: batch.ids.count, of: blueprint)
        let rollouts = batch.rollouts
        workers.embed(batch.ids, from: embedding, into: a.hidden)
        workers.angles(of: batch.positions, frequencies: frequencies, cosine: a.cosine, sine: a.sine)
        for layer in layers {
            attend(a, layer, rollouts: rollouts, workers: workers)
            transform(a, layer, workers: workers)
        }
        return a.hidden
    }

    /// hidden += output(attention(rope(query), rope(key), value)) of the normed rows.
    private func attend(_ a: Activations.Views, _ layer: DecoderLayer, rollouts: [Range<Int>], workers: Workers) {
        let config = blueprint.config
        workers.rmsnorm(a.hidden, weight: layer.inputNorm, epsilon: config.normEpsilon, into: a.normed)
        workers.linear(
            a.normed,
            through: [(layer.query, into: a.queries), (layer.key, into: a.keys), (layer.value, into: a.values)]
        )
        if let queryNorm = layer.queryNorm, let keyNorm = layer.keyNorm {
            let queryHeads = a.queries.split(into: config.headCount)
            let keyHeads = a.keys.split(into: config.keyValueHeadCount)
            workers.rmsnorm(queryHeads, weight: queryNorm, epsilon: config.normEpsilon, into: queryHeads)
            workers.rmsnorm(keyHeads, weight: keyNorm, epsilon: config.normEpsilon, into: keyHeads)
        }
        workers.rotate(a.queries, heads: config.headCount, cosine: a.cosine, sine: a.sine)
        workers.rotate(a.keys, heads: config.keyValueHeadCount, cosine: a.cosine, sine: a.sine)
        let attention = lp_attention(
            queries: a.queries.start,
            keys: a.keys.start,
            values: a.values.start,
            out: a.attended.start,
            heads: config.headCount,
            key_value_heads: config.keyValueHeadCount,
            dimension: config.headDimension,
            window: layer.window
        )
        workers.attend(attention, rollouts: rollouts)
        workers.linear(a.attended, through: layer.output, addingTo: a.hidden)
    }

    /// hidden += down(silu(gate) * up) of the normed rows, some rows at a time.
    private func transform(_ a: Activations.Views, _ layer: DecoderLayer, workers: Workers) {
        workers.rmsnorm(a.hidden, weight: layer.postNorm, epsilon: blueprint.config.normEpsilon, into: a.normed)
        for first in stride(from: 0, to: a.hidden.rows, by: Activations.mlpRows) {
            let rows = first..<min(a.hidden.rows, first + Activations.mlpRows)
            let gate = a.gate[0..<rows.count]
            let up = a.up[0..<rows.count]
            workers.linear(a.normed[rows], through: [(layer.gate, into: gate), (layer.up, into: up)])
            workers.silu(gate, times: up)
            workers.linear(gate, through: layer.down, addingTo: a.hidden[rows])
        }
    }
}
