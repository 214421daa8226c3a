// Memory for weights: large, fixed, in huge pages.
import Glibc

/// Bytes from the system itself, so that they go back to it at once when a tensor has been packed and is dropped.
final class PackedMemory {
    let start: UnsafeMutableRawPointer
    let byteCount: Int
    private let mapped: Int

    private static let hugePage = 2 << 20

    /// Zeros.
    init(byteCount: Int) throws(ModelError) {
        self.byteCount = byteCount
        mapped = max(byteCount, 1)
        let memory = mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory, memory != MAP_FAILED else { throw .outOfMemory(bytes: byteCount) }
        start = memory
        // One page fault, and one entry of the translation cache, in place of 512. Only a hint.
        if mapped >= Self.hugePage { _ = madvise(memory, mapped, MADV_HUGEPAGE) }
    }

    deinit { munmap(start, mapped) }
}
