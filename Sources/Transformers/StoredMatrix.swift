// A weight matrix as the file stores it.
import CKernels
import Checkpoints

/// [rows, columns] in one of the stored types; keeps whoever owns its numbers alive.
struct StoredMatrix {
    let rows: Int
    let columns: Int
    let dtype: lp_dtype
    let start: UnsafeRawPointer?
    private let owner: AnyObject

    init(tensor: Tensor, rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        dtype = tensor.dtype.kernelType
        start = tensor.bytes.baseAddress
        owner = tensor
    }

    /// Rows that were gathered, and widened on the way.
    init(gathered: FloatBuffer, rows: Int, columns: Int) {
        precondition(rows * columns <= gathered.count, "a matrix reaches past its buffer")
        self.rows = rows
        self.columns = columns
        dtype = LP_FLOAT32
        start = UnsafeRawPointer(gathered.start)
        owner = gathered
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
