// One file of a model, read piece by piece.
import Glibc

/// A regular file that stays open, so that its bytes outlive a rename or a removal; or bytes in memory.
///
/// Symbolic links are followed: the Hub's cache is made of them. Never mapped: a mapped file that shrinks kills the
/// process with SIGBUS.
final class ModelFile: Sendable {
    let name: String
    private let source: Source

    private enum Source: Sendable {
        /// An open descriptor, and what the file was when it was opened.
        case disk(Int32, Version)
        case memory(ModelPlace.ResidentBytes)
    }

    /// What changes when somebody writes to the file in place.
    private struct Version: Equatable {
        let byteCount: Int
        let seconds: Int
        let nanoseconds: Int

        init(_ status: stat) {
            byteCount = Int(status.st_size)
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
        }
    }

    /// Nil where there is no such file; the caller has checked that the name stays inside the folder.
    init?(_ name: String, in folder: String) throws(CheckpointError) {
        // Without O_NONBLOCK a pipe would hold up the open for ever.
        let descriptor = open(folder + "/" + name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .unreadable(file: name, errno: errno)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .notRegularFile(name)
        }
        self.name = name
        source = .disk(descriptor, Version(status))
    }

    init(_ name: String, resident: ModelPlace.ResidentBytes) {
        self.name = name
        source = .memory(resident)
    }

    deinit {
        if case .disk(let descriptor, _) = source { close(descriptor) }
    }

    /// When it was opened.
    var byteCount: Int {
        switch source {
        case .disk(_, let version): version.byteCount
        case .memory(let resident): resident.bytes.count
        }
    }

    /// Whether a clone without Git LFS left its pointer here (git-lfs docs/spec.md: under 1,024 bytes, this first).
    func isGitPointer() throws(CheckpointError) -> Bool {
        let beginning = "version https://git-lfs.github.com/spec/".utf8
        guard (beginning.count..<1024).contains(byteCount) else { return false }
        return try bytes(0..<beginning.count).elementsEqual(beginning)
    }

    func checkUnchanged() throws(CheckpointError) {
        guard case .disk(let descriptor, let version) = source else { return }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(file: name, errno: errno) }
        guard Version(status) == version else { throw .fileChanged(name) }
    }

    /// Fills the whole buffer, or throws.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(CheckpointError) {
        switch source {
        case .disk(let descriptor, _):
            try read(descriptor, into: buffer, at: offset)
        case .memory(let resident):
            guard offset >= 0, buffer.count <= resident.bytes.count, offset <= resident.bytes.count - buffer.count
            else { throw .fileChanged(name) }
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: resident.bytes[offset..<offset + buffer.count]))
        }
    }

    private func read(
        _ descriptor: Int32,
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: Int
    ) throws(CheckpointError) {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(file: name, errno: errno) }
            // The end of the file came before the end that it had when it was opened.
            guard count > 0 else { throw .fileChanged(name) }
            done += count
        }
    }

    /// The caller has checked that the range lies within `byteCount`, and that it is small.
    func bytes(_ range: Range<Int>) throws(CheckpointError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        let outcome: Result<Void, CheckpointError> = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(CheckpointError) in try read(into: buffer, at: range.lowerBound) }
        }
        try outcome.get()
        return bytes
    }
}
