// A weight matrix as the file stores it.
import CKernels
import Checkpoints

/// [rows, columns] in one of the stored types; keeps whoever owns its numbers alive.
struct StoredMatrix {
    let rows: Int
    let columns: Int
    let dtype: lp_dtype
    let start: UnsafeRawPointer?
    let byteCount: Int
    private let owner: AnyObject

    init(tensor: Tensor, _ rows: Int, _ columns: Int) {
        self.rows = rows
        self.columns = columns
        dtype = tensor.dtype.kernelType
        start = tensor.bytes.baseAddress
        byteCount = tensor.bytes.count
        owner = tensor
    }

    /// Rows that were gathered, and widened on the way.
    init(gathered: FloatBuffer, rows: Int, columns: Int) {
        precondition(rows * columns <= gathered.count, "a matrix reaches past its buffer")
        self.rows = rows
        self.columns = columns
        dtype = LP_FLOAT32
        start = UnsafeRawPointer(gathered.start)
        byteCount = rows * columns * MemoryLayout<Float>.stride
        owner = gathered
    }

    init(memory: PackedMemory, dtype: lp_dtype, rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        self.dtype = dtype
        start = UnsafeRawPointer(memory.start)
        byteCount = memory.byteCount
        owner = memory
    }

    /// Where a row begins.
    func row(_ index: Int) -> UnsafeRawPointer? { start.map { $0 + index * columns * lp_dtype_size(dtype) } }

    /// The same numbers in float32; itself where they are.
    var widened: StoredMatrix {
        guard dtype != LP_FLOAT32 else { return self }
        let floats = FloatBuffer(count: rows * columns)
        widen(to: floats.start)
        return StoredMatrix(gathered: floats, rows: rows, columns: columns)
    }

    func widen(to floats: UnsafeMutablePointer<Float>) {
        let status = withExtendedLifetime(owner) { lp_widen(start, dtype, rows * columns, floats) }
        precondition(status == LP_OK, "a stored type has no kernel")
    }
}

extension DType {
    var kernelType: lp_dtype {
        switch self {
        case .float32: LP_FLOAT32
        case .float16: LP_FLOAT16
        case .bfloat16: LP_BFLOAT16
        }
    }
}

extension lp_dtype {
    /// The format that keeps the numbers as they are.
    var format: lp_format {
        switch self {
        case LP_FLOAT16: LP_FORMAT_FLOAT16
        case LP_BFLOAT16: LP_FORMAT_BFLOAT16
        default: LP_FORMAT_FLOAT32
        }
    }
}
