// The kernels, on matrices and with all threads.
import CKernels

/// A linear layer with the memory that it borrows.
struct Linear {
    let weight: StoredMatrix
    let bias: FloatBuffer?
    let product: lp_product

    var inputs: Int { weight.columns }
    var outputs: Int { weight.rows }

    fileprivate var kernel: lp_linear {
        lp_linear(
            weight: weight.start,
            bias: bias.map { UnsafePointer($0.start) },
            inputs: inputs,
            outputs: outputs,
            dtype: weight.dtype,
            product: product
        )
    }
}

/// What the kernel refuses was refused when the model was loaded; here it is our own mistake.
private func expectSuccess(_ status: lp_status) {
    precondition(status == LP_OK, "a kernel refused what the model had checked")
}

extension Workers {
    /// Rows that one task of a linear layer takes: the weights of a panel are widened once for them.
    private static let linearRows = 8 * Int(LP_TILE_ROWS)

    /// Each y = x W^T + b of layers that read the same rows, as one pool of tasks: a narrow layer alone would leave
    /// threads idle.
    func linear(_ x: Matrix, through layers: [(Linear, into: Matrix)]) {
        run(linear: layers, x, accumulate: 0)
    }

    /// y += x W^T + b, the residual connection.
    func linear(_ x: Matrix, through layer: Linear, addingTo y: Matrix) {
        run(linear: [(layer, into: y)], x, accumulate: 1)
    }

    private func run(linear layers: [(Linear, into: Matrix)], _ x: Matrix, accumulate: Int32) {
        let pieces = (x.rows + Workers.linearRows - 1) / Workers.linearRows
        let panels = layers.flatMap { layer, y in
            (0..<lp_linear_panels(layer.outputs)).map { (kernel: layer.kernel, panel: $0, y: y) }
        }
        for (layer, y) in layers {
            precondition(layer.inputs == x.width && layer.outputs == y.width && x.rows == y.rows, "shapes disagree")
        }
        run(panels.count * pieces) { index, scratch in
            let task = panels[index / pieces]
            let first = index % pieces * Workers.linearRows
            let rows = first..<min(x.rows, first + Workers.linearRows)
            var kernel = task.kernel
            expectSuccess(
                lp_linear_panel(&kernel, task.panel, x[rows].start, rows.count, accumulate, task.y[rows].start, scratch)
            )
        }
    }

    /// Rows of the embedding table. Every id has been checked.
    func embed(_ ids: [Int32], from table: StoredMatrix, into out: Matrix) {
        ids.withUnsafeBufferPointer { ids in
            run(rows: out.rows, width: out.width) { rows in
                expectSuccess(
                    lp_embedding(
                        table.start,
                        table.dtype,
                        table.rows,
                        table.columns,
                        ids.baseAddress.map { $0 + rows.lowerBound },
                        rows.count,
                        out[rows].start
                    )
                )
            }
        }
    }

    /// Cosine and sine of every row's angles.
    func angles(of positions: [Int32], frequencies: FloatBuffer, cosine: Matrix, sine: Matrix) {
        positions.withUnsafeBufferPointer { positions in
            run(rows: cosine.rows, width: cosine.width) { rows in
                lp_rope_angles(
                    positions.baseAddress.map { $0 + rows.lowerBound },
                    rows.count,
                    frequencies.start,
                    cosine.width * 2,
                    cosine[rows].start,
                    sine[rows].start
                )
            }
        }
    }

    func rmsnorm(_ x: Matrix, weight: FloatBuffer, epsilon: Float, into out: Matrix) {
        precondition(weight.count == x.width && out.width == x.width && out.rows == x.rows, "shapes disagree")
        run(rows: x.rows, width: x.width) { rows in
            lp_rmsnorm(x[rows].start, weight.start, epsilon, rows.count, x.width, out[rows].start)
        }
    }

    /// Turns each head of each row by its row's angles.
    func rotate(_ x: Matrix, heads: Int, cosine: Matrix, sine: Matrix) {
        precondition(x.width == heads * cosine.width * 2 && cosine.rows == x.rows, "shapes disagree")
        run(rows: x.rows, width: x.width) { rows in
            lp_rope_rotate(
                x[rows].start,
                cosine[rows].start,
                sine[rows].start,
                rows.count,
                heads,
                cosine.width * 2
            )
        }
    }

    /// Attention of every head, block of queries and rollout.
    func attend(_ attention: lp_attention, rollouts: [Range<Int>]) {
        let blocks = rollouts.flatMap { rollout in
            (0..<lp_attention_blocks(rollout.count)).map { (rollout: rollout, block: $0) }
        }
        run(blocks.count * attention.heads) { index, scratch in
            // From the last block of a rollout to its first: the longest tasks come first, and threads end together.
            let (rollout, block) = blocks[blocks.count - 1 - index / attention.heads]
            var attention = attention
            expectSuccess(
                lp_attention_block(
                    &attention,
                    rollout.lowerBound,
                    rollout.count,
                    index % attention.heads,
                    block,
                    scratch
                )
            )
        }
    }

    /// gate = silu(gate) * up.
    func silu(_ gate: Matrix, times up: Matrix) {
        run(rows: gate.rows, width: gate.width) { rows in
            lp_silu_times(gate[rows].start, up[rows].start, rows.count * gate.width)
        }
    }
}
