// The kernels, on matrices and with all threads.
import CKernels

/// What the kernel refuses was refused when the model was loaded; here it is our own mistake.
func expectSuccess(_ status: lp_status) {
    precondition(status == LP_OK, "a kernel refused what the model had checked")
}

extension Workers {
    /// Scratch that every operation here finds enough, for rows of this width at most.
    static func scratchFloats(width: Int) -> Int {
        max(RowBlocks.scratchFloats(cellInputs: Int(LP_GROUP)), normRows * width)
    }

    /// Rows that are normed before they are laid in cells.
    private static let normRows = 8

    /// y = x W^T + b.
    func multiply(_ x: lp_cells, _ layer: Linear, into y: Matrix) { multiply(x, layer, y, adds: false) }

    /// y += x W^T + b, the residual connection.
    func multiply(_ x: lp_cells, _ layer: Linear, addingTo y: Matrix) { multiply(x, layer, y, adds: true) }

    private func multiply(_ x: lp_cells, _ layer: Linear, _ y: Matrix, adds: Bool) {
        precondition(layer.inputs == x.width && layer.outputs == y.width && x.capacity == y.rows, "shapes disagree")
        let blocks = RowBlocks(y.rows)
        let panels = layer.panels
        // Panels that follow one another: while one is multiplied the next is fetched.
        let together = panels * blocks.count >= Self.worthJoining * count ? 2 : 1
        let tasks = (panels + together - 1) / together
        run(tasks * blocks.count) { index, scratch in
            let rows = blocks[index / tasks]
            let first = index % tasks * together
            for panel in first..<min(panels, first + together) {
                multiply(x, layer, panel, rows, y, adds: adds, scratch)
            }
        }
    }

    /// Panels a thread from which they are taken two at a time: the threads still end together.
    private static let worthJoining = 16

    private func multiply(
        _ x: lp_cells,
        _ layer: Linear,
        _ panel: Int,
        _ rows: Range<Int>,
        _ y: Matrix,
        adds: Bool,
        _ scratch: UnsafeMutablePointer<Float>
    ) {
        var (weights, x) = (layer.weights, x)
        let tile = scratch + Int(LP_PANEL_SCRATCH)
        let first = panel * Int(LP_PANEL)
        let to = y[rows].start + first
        expectSuccess(
            lp_multiply_panel_toward(
                kernel,
                &weights,
                panel,
                &x,
                rows.lowerBound,
                rows.count,
                scratch,
                tile,
                to,
                y.width
            )
        )
        let columns = min(Int(LP_PANEL), y.width - first)
        let bias = layer.bias(ofPanel: panel)
        if adds {
            lp_tile_add(kernel, tile, bias, rows.count, columns, to, y.width)
        } else {
            lp_tile_store(kernel, tile, bias, rows.count, columns, to, y.width)
        }
    }

    /// y = silu(gate) * up of a gated layer, in cells: a task computes whole cells, so that it can quantise them.
    func gate(_ x: lp_cells, _ layer: Linear, into y: lp_cells, cellInputs: Int) {
        precondition(layer.inputs == x.width && x.capacity == y.capacity, "shapes disagree")
        let half = Int(LP_PANEL) / 2
        let blocks = RowBlocks(x.capacity)
        let cells = (y.width + cellInputs - 1) / cellInputs
        run(cells * blocks.count) { index, scratch in
            let (rows, cell) = (blocks[index / cells], index % cells)
            let tile = scratch + Int(LP_PANEL_SCRATCH)
            let gated = tile + rows.count * Int(LP_PANEL)
            let outputs = cell * cellInputs..<min(y.width, (cell + 1) * cellInputs)
            var (weights, x, y) = (layer.weights, x, y)
            for first in stride(from: outputs.lowerBound, to: outputs.upperBound, by: half) {
                let panel = first / half
                expectSuccess(
                    lp_multiply_panel(kernel, &weights, panel, &x, rows.lowerBound, rows.count, scratch, tile)
                )
                let columns = min(half, outputs.upperBound - first)
                let to = gated + (first - outputs.lowerBound)
                lp_tile_gate(kernel, tile, layer.bias(ofPanel: panel), rows.count, columns, to, cellInputs)
            }
            expectSuccess(
                lp_cells_fill(
                    kernel,
                    &y,
                    gated,
                    cellInputs,
                    rows.lowerBound,
                    rows.count,
                    outputs.lowerBound,
                    outputs.count
                )
            )
        }
    }

    /// The normed rows, in cells.
    func rmsnorm(_ x: Matrix, weight: FloatBuffer, epsilon: Float, into cells: lp_cells) {
        precondition(weight.count == x.width && cells.width == x.width && cells.capacity == x.rows, "shapes disagree")
        run((x.rows + Self.normRows - 1) / Self.normRows) { index, scratch in
            let rows = x[index * Self.normRows..<min(x.rows, (index + 1) * Self.normRows)]
            var cells = cells
            lp_rmsnorm(kernel, rows.start, weight.start, epsilon, rows.rows, x.width, scratch)
            expectSuccess(
                lp_cells_fill(kernel, &cells, scratch, x.width, index * Self.normRows, rows.rows, 0, x.width)
            )
        }
    }

    func rmsnorm(_ x: Matrix, weight: FloatBuffer, epsilon: Float, into out: Matrix) {
        precondition(weight.count == x.width && out.width == x.width && out.rows == x.rows, "shapes disagree")
        run(rows: x.rows, width: x.width) { rows, _ in
            lp_rmsnorm(kernel, x[rows].start, weight.start, epsilon, rows.count, x.width, out[rows].start)
        }
    }

    /// The rows as they are, in cells.
    func fill(_ cells: lp_cells, from x: Matrix) {
        precondition(cells.width == x.width && cells.capacity == x.rows, "shapes disagree")
        run(rows: x.rows, width: x.width) { rows, _ in
            var cells = cells
            expectSuccess(
                lp_cells_fill(kernel, &cells, x[rows].start, x.width, rows.lowerBound, rows.count, 0, x.width)
            )
        }
    }

    /// Rows of the embedding table. Every id has been checked.
    func embed(_ ids: [Int32], from table: StoredMatrix, into out: Matrix) {
        ids.withUnsafeBufferPointer { ids in
            run(rows: out.rows, width: out.width) { rows, _ in
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
            run(rows: cosine.rows, width: cosine.width) { rows, _ in
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

    /// Queries, keys and values as attention wants them.
    func finish(_ projection: lp_projection, rows count: Int) {
        run(rows: count, width: projection.stride) { rows, _ in
            var projection = projection
            lp_finish_projection(kernel, &projection, rows.lowerBound, rows.count)
        }
    }

    /// Attention of every block of queries, one key-value head a task.
    func attend(_ attention: lp_attention, _ queries: QueryBlocks, of batch: PackedBatch) {
        let heads = attention.key_value_heads
        queries.positions.withUnsafeBufferPointer { positions in
            run(queries.blocks.count * heads) { index, scratch in
                let block = queries.blocks[index / heads]
                var attention = attention
                let status = batch.pieces[block.piece].path.withUnsafeBufferPointer { slots in
                    lp_attention_block(
                        kernel,
                        &attention,
                        slots.baseAddress,
                        positions.baseAddress.map { $0 + block.firstRow },
                        block.count,
                        block.firstRow,
                        index % heads,
                        scratch
                    )
                }
                expectSuccess(status)
            }
        }
    }
}

extension Matrix {
    /// Some rows, copied one after the other.
    func rows(_ indices: [Int], into out: Matrix) -> Matrix {
        precondition(out.rows == indices.count && out.width <= width, "shapes disagree")
        for (place, row) in indices.enumerated() {
            out[place..<place + 1].start.update(from: self[row..<row + 1].start, count: out.width)
        }
        return out
    }
}
