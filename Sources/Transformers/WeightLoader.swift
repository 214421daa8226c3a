// Brings planned tensors into memory, once they all fit.
import CKernels
import Checkpoints

/// Reads tensors by plan, all of which were checked before, and counts what it read. Tensors that no plan names are
/// never read.
struct WeightLoader {
    private let checkpoint: Checkpoint
    private let progress: LoadProgress?
    private(set) var chooser: ProductChooser
    /// Elements of all tensors read.
    private(set) var parameterCount = 0
    /// Bytes that they take in memory.
    private(set) var memoryBytes = 0

    init(checkpoint: Checkpoint, progress: LoadProgress?, chooser: ProductChooser) {
        self.checkpoint = checkpoint
        self.progress = progress
        self.chooser = chooser
    }

    /// Refuses a tensor that is missing, has another shape than planned or that a decoder so planned would leave out,
    /// from the files' headers alone and before gigabytes are read; then announces what will be read.
    func check(_ plans: [TensorPlan]) throws(ModelError) {
        var total = 0
        for plan in plans {
            guard let info = checkpoint.tensors[plan.name] else { throw absence(of: plan.name) }
            guard info.shape == plan.shape else {
                throw .wrongShape(tensor: plan.name, expected: plan.shape, found: info.shape)
            }
            // A plan's shape is never empty, and its rows lie within it.
            total += plan.rows.map { $0.count * (info.byteCount / plan.shape[0]) } ?? info.byteCount
        }
        if let name = stranger(to: plans) { throw .unexpectedTensor(name) }
        progress?.addTotal(total)
    }

    /// A tensor of the decoder that no plan names: another family's bias or norm, or a layer that config.json does not
    /// count. Heads and output layers have names of their own, and may lie there unused.
    private func stranger(to plans: [TensorPlan]) -> String? {
        let planned = Set(plans.map(\.name))
        let names = Array(checkpoint.tensors.keys) + checkpoint.unsupportedTensors.keys
        return names.filter {
            // Frequencies that older files stored, and that config.json tells as well.
            $0.hasPrefix("model.") && !planned.contains($0) && !$0.hasSuffix(".rotary_emb.inv_freq")
        }.min()
    }

    /// A tensor may lie in the files in a type that nobody computes with.
    private func absence(of name: String) -> ModelError {
        guard let other = checkpoint.unsupportedTensors[name] else { return .missingTensor(name) }
        return .checkpoint(.tensor(name, file: other.file, .unsupportedDType(other.dtype)))
    }

    mutating func matrix(_ plan: TensorPlan) throws(ModelError) -> StoredMatrix {
        if let rows = plan.rows { return try gather(rows, of: plan) }
        let tensor = try read(plan)
        memoryBytes += tensor.bytes.count
        return StoredMatrix(tensor: tensor, rows: plan.shape[0], columns: plan.shape[1])
    }

    /// Some rows, one by one and widened: the rest of the matrix, often a gigabyte, stays in the file.
    private mutating func gather(_ rows: [Int], of plan: TensorPlan) throws(ModelError) -> StoredMatrix {
        let columns = plan.shape[1]
        let gathered = FloatBuffer(count: rows.count * columns)
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
        parameterCount += rows.count * columns
        memoryBytes += rows.count * columns * MemoryLayout<Float>.stride
        return StoredMatrix(gathered: gathered, rows: rows.count, columns: columns)
    }

    /// A norm's weight or a bias, widened: they are small, and used beside float32 numbers.
    mutating func vector(_ plan: TensorPlan) throws(ModelError) -> FloatBuffer {
        let tensor = try read(plan)
        let vector = FloatBuffer(count: plan.shape[0])
        let status = tensor.withBytes { lp_widen($0.baseAddress, tensor.dtype.kernelType, vector.count, vector.start) }
        precondition(status == LP_OK, "a stored type has no kernel")
        memoryBytes += vector.count * MemoryLayout<Float>.stride
        return vector
    }

    /// A tensor, widened, to memory with room for it.
    mutating func copy(_ plan: TensorPlan, to memory: UnsafeMutablePointer<Float>) throws(ModelError) {
        let tensor = try read(plan)
        let count = plan.shape.reduce(1, *)
        let status = tensor.withBytes { lp_widen($0.baseAddress, tensor.dtype.kernelType, count, memory) }
        precondition(status == LP_OK, "a stored type has no kernel")
    }

    mutating func vector(ifPlanned plan: TensorPlan?) throws(ModelError) -> FloatBuffer? {
        guard let plan else { return nil }
        return try vector(plan)
    }

    mutating func linear(_ plan: LinearPlan) throws(ModelError) -> Linear {
        let weight = try matrix(plan.weight)
        let bias = try vector(ifPlanned: plan.bias)
        return Linear(
            weight: weight,
            bias: bias,
            product: chooser.product(inputs: weight.columns, outputs: weight.rows)
        )
    }

    private mutating func read(_ plan: TensorPlan) throws(ModelError) -> Tensor {
        let tensor: Tensor
        do throws(CheckpointError) {
            tensor = try checkpoint.load(plan.name, progress: progress)
        } catch {
            throw .checkpoint(error)
        }
        parameterCount += plan.shape.reduce(1, *)
        return tensor
    }
}
