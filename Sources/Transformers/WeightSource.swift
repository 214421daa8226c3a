// Where weights come from: a checkpoint, or chance.
import CKernels
import Checkpoints

/// What a loader reads tensors from.
enum WeightSource {
    case checkpoint(Checkpoint, LoadProgress?)
    /// Random bfloat16 numbers of the planned shapes, for measurements: a model of any size without a file.
    case random(seed: UInt64)

    /// All of a tensor, as it is stored; a vector is one row.
    func tensor(_ plan: TensorPlan, workers: Workers) throws(ModelError) -> StoredMatrix {
        let columns = plan.shape.last ?? 0
        let rows = plan.shape.count == 2 ? plan.shape[0] : 1
        switch self {
        case .checkpoint(let checkpoint, let progress):
            do throws(CheckpointError) {
                return StoredMatrix(tensor: try checkpoint.load(plan.name, progress: progress), rows, columns)
            } catch {
                throw .checkpoint(error)
            }
        case .random(let seed):
            // Norms near 1; matrices that keep the size of what they multiply; biases small.
            let isNorm = plan.name.hasSuffix("norm.weight")
            let scale = rows > 1 ? (3 / Float(columns)).squareRoot() : 0.01
            let seed = plan.name.utf8.reduce(seed) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
            return try workers.randomMatrix(rows, columns, around: isNorm ? 1 : 0, scale: scale, seed: seed)
        }
    }

    /// Some rows of a matrix, one by one and widened: the rest of it, often a gigabyte, stays in the file.
    func rows(_ rows: [Int], of plan: TensorPlan, workers: Workers) throws(ModelError) -> StoredMatrix {
        let columns = plan.shape[1]
        let gathered = FloatBuffer(count: rows.count * columns)
        guard case .checkpoint(let checkpoint, let progress) = self else {
            return StoredMatrix(gathered: gathered, rows: rows.count, columns: columns)
        }
        // Room for one row as it is stored, which is never wider.
        let stored = FloatBuffer(count: columns)
        // Else it could be freed while its numbers are in use.
        defer { withExtendedLifetime(stored) {} }
        let room = UnsafeMutableRawBufferPointer(start: stored.start, count: columns * MemoryLayout<Float>.stride)
        for (index, row) in rows.enumerated() {
            let dtype: DType
            do throws(CheckpointError) {
                dtype = try checkpoint.readRow(row, of: plan.name, into: room, progress: progress)
            } catch {
                throw .checkpoint(error)
            }
            let status = lp_widen(stored.start, dtype.kernelType, columns, gathered.start + index * columns)
            precondition(status == LP_OK, "a stored type has no kernel")
        }
        return StoredMatrix(gathered: gathered, rows: rows.count, columns: columns)
    }
}

extension Workers {
    /// Uniform bfloat16 numbers in `around` ± `scale`; equal seeds give equal bits.
    fileprivate func randomMatrix(
        _ rows: Int,
        _ columns: Int,
        around: Float,
        scale: Float,
        seed: UInt64
    ) throws(ModelError) -> StoredMatrix {
        let memory = try PackedMemory(byteCount: rows * columns * MemoryLayout<UInt16>.stride)
        let numbers = memory.start.bindMemory(to: UInt16.self, capacity: rows * columns)
        run(rows) { row, _ in
            var state = (seed ^ UInt64(row)) &* 0x9E37_79B9_7F4A_7C15 | 1
            for column in 0..<columns {
                // xorshift64 (Marsaglia 2003)
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                let uniform = Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-31
                numbers[row * columns + column] = UInt16((around + uniform * scale).bitPattern >> 16)
            }
        }
        return StoredMatrix(memory: memory, dtype: LP_BFLOAT16, rows: rows, columns: columns)
    }
}
