// One open file of a model folder, read with `pread`.
import Glibc

/// A regular file that stays open, so that its bytes outlive a rename or a removal.
///
/// Symbolic links are followed: the Hub's cache is made of them. Never mapped: a mapped file that shrinks kills the
/// process with SIGBUS.
final class ModelFile: Sendable {
    let name: String
    private let descriptor: Int32
    private let version: Version

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

    /// Nil where there is no such file.
    init?(_ name: String, in folder: String) throws(CheckpointError) {
        guard Self.isPlainName(name) else { throw .badFileName(name) }
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
        self.descriptor = descriptor
        version = Version(status)
    }

    deinit { close(descriptor) }

    /// When it was opened.
    var byteCount: Int { version.byteCount }

    func checkUnchanged() throws(CheckpointError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(file: name, errno: errno) }
        guard Version(status) == version else { throw .fileChanged(name) }
    }

    /// Fills the whole buffer, or throws.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(CheckpointError) {
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

extension ModelFile {
    /// The whole file; nil where there is none.
    static func contents(of name: String, in folder: String, limit: Int) throws(CheckpointError) -> [UInt8]? {
        guard let file = try ModelFile(name, in: folder) else { return nil }
        guard file.byteCount <= limit else {
            throw .fileTooLarge(name, bytes: file.byteCount, limit: limit)
        }
        let bytes = try file.bytes(0..<file.byteCount)
        try file.checkUnchanged()
        return bytes
    }

    static func exists(_ name: String, in folder: String) -> Bool { access(folder + "/" + name, F_OK) == 0 }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return !path.utf8.contains(0) && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Whether a name stays inside its folder: no separator, no "..", no NUL, at most 255 bytes.
    static func isPlainName(_ name: String) -> Bool {
        // On bytes: as Characters, a slash with a combining accent is no slash, yet the kernel sees one.
        let bytes = Array(name.utf8)
        let climbs = zip(bytes, bytes.dropFirst()).contains { $0 == (UInt8(ascii: "."), UInt8(ascii: ".")) }
        return (1...255).contains(bytes.count) && !bytes.contains(UInt8(ascii: "/")) && !bytes.contains(0) && !climbs
            && name != "."
    }
}
