// A weight matrix as the file stores it.
import CKernels
import Checkpoints

/// [rows, columns] in one of the stored types; keeps its tensor alive.
struct StoredMatrix {
    let tensor: Tensor
    let rows: Int
    let columns: Int

    var start: UnsafeRawPointer? { tensor.bytes.baseAddress }

    var dtype: lp_dtype { tensor.dtype.kernelType }
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
