// How weights are kept, and what they are computed with.
import CKernels

/// How the weights of the decoder's linear layers are kept; heads, norms and embeddings stay as they are stored.
package enum Precision: String, Sendable, CaseIterable {
    /// As in the file, with float32 arithmetic: within 1e-5 of a float32 reference (promise P4).
    case stored
    /// 8-bit integers with a scale for each output and 256 inputs; activations are quantised the same way as they come.
    /// Half the memory of bfloat16 and several times the speed; `linchpin eval --compare` measures what it costs.
    case int8
}

/// The instructions that kernels are compiled for. A reward has the same bits with any of them.
package enum Kernel: String, Sendable, CaseIterable {
    case plain
    case avx2
    case avx512
    case avx512VNNI = "avx512-vnni"
    case dotprod

    /// The fastest that this machine runs.
    package static var best: Kernel {
        let isa = lp_isa_best()
        return allCases.first { $0.isa == isa } ?? .plain
    }

    package var isSupported: Bool { lp_isa_runs(isa) != 0 }

    var isa: lp_isa {
        switch self {
        case .plain: LP_PLAIN
        case .avx2: LP_AVX2
        case .avx512: LP_AVX512
        case .avx512VNNI: LP_AVX512_VNNI
        case .dotprod: LP_DOTPROD
        }
    }
}

/// How a model computes; at one precision a reward has the same bits whatever the rest.
package struct ComputeSettings: Sendable, Equatable {
    /// Threads that compute together, the calling one among them; 1 to 1024.
    package var threads: Int
    package var precision: Precision
    package var kernel: Kernel

    package init(threads: Int = 1, precision: Precision = .stored, kernel: Kernel = .best) {
        self.threads = threads
        self.precision = precision
        self.kernel = kernel
    }
}
