// Inputs whose weights are far larger than the others'.
import CKernels

/// The few inputs of a quantised layer that stay in float32.
///
/// One input a hundred times the rest would set the scale of its group, and leave its neighbours a single step of it (the
/// observation of LLM.int8(), Dettmers et al. 2022, arXiv:2208.07339, on the side of the weights).
final class OutlierInputs {
    /// Ascending.
    let inputs: [UInt32]
    private let memory: UnsafeMutablePointer<UInt32>

    var count: Int { inputs.count }
    var start: UnsafePointer<UInt32> { UnsafePointer(memory) }

    init(_ inputs: [UInt32]) {
        self.inputs = inputs
        memory = .allocate(capacity: max(inputs.count, 1))
        memory.initialize(from: inputs, count: inputs.count)
    }

    deinit { memory.deallocate() }

    /// How many times the median input's largest weight makes an outlier. Inputs of trained and of random matrices stay
    /// within 3 (Qwen2.5's shapes).
    private static let ratio: Float = 6

    /// The largest outliers of layers that read the same inputs, at most one in 128 inputs (but 8 of the smallest
    /// layers): each costs what four quantised inputs cost.
    convenience init(of matrices: [StoredMatrix], workers: Workers) {
        let inputs = matrices[0].columns
        let peaks = workers.channelPeaks(of: matrices)
        let median = peaks.sorted()[inputs / 2]
        let limit = max(8, inputs / 128)
        let found = peaks.indices.filter { peaks[$0] > Self.ratio * median }
        let largest = found.sorted { peaks[$0] > peaks[$1] }.prefix(limit)
        self.init(largest.sorted().map { UInt32(truncatingIfNeeded: $0) })
    }
}

extension Workers {
    /// The largest absolute weight of each input.
    fileprivate func channelPeaks(of matrices: [StoredMatrix]) -> [Float] {
        let inputs = matrices[0].columns
        var peaks = [Float](repeating: 0, count: inputs)
        let pieces = count
        // A thread's own peaks; their maximum is the same whoever saw which rows.
        let partial = FloatBuffer(count: pieces * inputs)
        for matrix in matrices {
            run(pieces) { piece, _ in
                for row in matrix.rows * piece / pieces..<matrix.rows * (piece + 1) / pieces {
                    let status = lp_channel_peaks(matrix.row(row), matrix.dtype, inputs, partial.start + piece * inputs)
                    precondition(status == LP_OK, "a stored type has no kernel")
                }
            }
        }
        for piece in 0..<pieces {
            for input in 0..<inputs { peaks[input] = max(peaks[input], partial.start[piece * inputs + input]) }
        }
        return peaks
    }
}
