// Brings planned tensors into memory, once they all fit.
import CKernels
import Checkpoints

/// Reads tensors by plan, all of which were checked before, and counts what it keeps. Tensors that no plan names are
/// never read; one that was packed is dropped before the next is read.
struct WeightLoader {
    private let source: WeightSource
    private let workers: Workers
    private let precision: Precision
    /// Elements of all tensors read.
    private(set) var parameterCount = 0
    /// Bytes that they take in memory.
    private(set) var memoryBytes = 0

    init(source: WeightSource, workers: Workers, precision: Precision) {
        self.source = source
        self.workers = workers
        self.precision = precision
    }

    /// A matrix that is used as it is stored.
    mutating func matrix(_ plan: TensorPlan) throws(ModelError) -> StoredMatrix {
        let matrix = try read(plan)
        memoryBytes += matrix.byteCount
        return matrix
    }

    /// A norm's weight or a bias, widened: they are small, and used beside float32 numbers.
    mutating func vector(_ plan: TensorPlan) throws(ModelError) -> FloatBuffer {
        let vector = FloatBuffer(count: plan.shape[0])
        try read(plan).widen(to: vector.start)
        memoryBytes += vector.count * MemoryLayout<Float>.stride
        return vector
    }

    mutating func vector(ifPlanned plan: TensorPlan?) throws(ModelError) -> FloatBuffer? {
        guard let plan else { return nil }
        return try vector(plan)
    }

    /// A tensor, widened, to memory with room for it.
    mutating func copy(_ plan: TensorPlan, to memory: UnsafeMutablePointer<Float>) throws(ModelError) {
        try read(plan).widen(to: memory)
    }

    /// Layers of the decoder that read the same rows, as one product in the model's precision.
    mutating func linear(_ plans: [LinearPlan], gated: Bool = false) throws(ModelError) -> Linear {
        try pack(plans, gated: gated, isInt8: precision == .int8)
    }

    /// A layer of the head, in float32 whatever the precision.
    mutating func headLinear(_ plan: LinearPlan) throws(ModelError) -> Linear {
        try pack([plan], gated: false, isInt8: false)
    }

    private mutating func pack(_ plans: [LinearPlan], gated: Bool, isInt8: Bool) throws(ModelError) -> Linear {
        var matrices: [StoredMatrix] = []
        var biases: [FloatBuffer?] = []
        for plan in plans {
            matrices.append(try read(plan.weight))
            var bias: FloatBuffer?
            if let plan = plan.bias {
                let vector = FloatBuffer(count: plan.shape[0])
                try read(plan).widen(to: vector.start)
                bias = vector
            }
            biases.append(bias)
        }
        let linear = try Linear(matrices, biases: biases, gated: gated, isInt8: isInt8, workers: workers)
        memoryBytes += linear.byteCount
        return linear
    }

    private mutating func read(_ plan: TensorPlan) throws(ModelError) -> StoredMatrix {
        guard let rows = plan.rows else {
            parameterCount += plan.shape.reduce(1, *)
            return try source.tensor(plan, workers: workers)
        }
        parameterCount += rows.count * plan.shape[1]
        return try source.rows(rows, of: plan, workers: workers)
    }
}
