// A tensor in memory that we own.
import Glibc

/// The bytes of one tensor as stored: row-major, little-endian, immutable.
// Unchecked because a raw pointer is not Sendable; nothing writes through it once the tensor is made.
package final class Tensor: @unchecked Sendable {
    package let name: String
    package let dtype: DType
    package let shape: [Int]
    /// Aligned to 64 bytes; only for those who keep the tensor, which frees it: where it is used no more, that may be
    /// right after this property was read. Others use `withBytes`.
    package let bytes: UnsafeRawBufferPointer

    package var elementCount: Int { bytes.count / dtype.byteCount }

    /// Keeps the tensor alive while the closure reads its bytes.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(bytes) }
    }

    /// Takes the memory over.
    fileprivate init(_ info: TensorInfo, _ memory: consuming AlignedMemory) {
        name = info.name
        dtype = info.dtype
        shape = info.shape
        bytes = UnsafeRawBufferPointer(memory.release())
    }

    deinit { free(UnsafeMutableRawPointer(mutating: bytes.baseAddress)) }
}

/// Memory that is freed unless a tensor takes it over.
private struct AlignedMemory: ~Copyable {
    let buffer: UnsafeMutableRawBufferPointer

    private static let hugePage = 2 << 20

    /// Nil where the machine has less: a sparse file can claim any size, and Swift's own allocation would trap.
    init?(byteCount: Int) {
        let machine = sysconf(Int32(_SC_PHYS_PAGES)).multipliedReportingOverflow(by: sysconf(Int32(_SC_PAGESIZE)))
        guard !machine.overflow, byteCount <= machine.partialValue else { return nil }
        var pointer: UnsafeMutableRawPointer?
        let hugePages = byteCount / Self.hugePage
        let alignment = hugePages > 1 ? Self.hugePage : 64
        guard posix_memalign(&pointer, alignment, max(byteCount, 1)) == 0, let pointer else { return nil }
        // One page fault in place of 512: a large tensor loads in half the time. Only a hint, so its failure is none.
        if hugePages > 1 { _ = madvise(pointer, hugePages * Self.hugePage, MADV_HUGEPAGE) }
        buffer = UnsafeMutableRawBufferPointer(start: pointer, count: byteCount)
    }

    consuming func release() -> UnsafeMutableRawBufferPointer {
        let buffer = buffer
        discard self
        return buffer
    }

    deinit { free(buffer.baseAddress) }
}

extension Checkpoint {
    /// Read and scanned in pieces that a core's cache holds.
    private static let pieceBytes = 1 << 20

    /// Copies a tensor out of its file; refuses one whose file has changed or that holds a NaN or an infinity.
    /// - Parameter progress: gets the bytes done, not the total.
    package func load(_ name: String, progress: LoadProgress? = nil) throws(CheckpointError) -> Tensor {
        guard let info = tensors[name], let file = files[info.file] else {
            guard let other = unsupportedTensors[name] else { throw .missingTensor(name) }
            throw .tensor(name, file: other.file, .unsupportedDType(other.dtype))
        }
        try file.checkUnchanged()
        guard let memory = AlignedMemory(byteCount: info.byteCount) else {
            throw .outOfMemory(tensor: name, bytes: info.byteCount)
        }
        for start in stride(from: 0, to: info.byteCount, by: Self.pieceBytes) {
            let end = min(start + Self.pieceBytes, info.byteCount)
            let piece = UnsafeMutableRawBufferPointer(rebasing: memory.buffer[start..<end])
            try file.read(into: piece, at: info.fileOffset + start)
            if let element = info.dtype.firstNonFinite(in: UnsafeRawBufferPointer(piece)) {
                throw .tensor(name, file: info.file, .notFinite(element: start / info.dtype.byteCount + element))
            }
            progress?.addDone(piece.count)
        }
        try file.checkUnchanged()
        return Tensor(info, memory)
    }
}
