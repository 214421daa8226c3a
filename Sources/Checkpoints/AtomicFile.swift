// A file that is there whole or not at all.
import Glibc

/// Written beside its place under a name of its own, and put there by `commit`; removed where that does not come.
///
/// A process that is killed leaves `NAME.partial-*` behind, and the file that stood there before.
struct AtomicFile: ~Copyable {
    private let path: String
    private let temporary: String
    private let descriptor: Int32
    private var isCommitted = false

    init(_ path: String) throws(CheckpointError) {
        // A NUL would end the path earlier for the kernel than for us.
        guard !path.utf8.contains(0) else { throw .badFileName(path) }
        let temporary = path + ".partial-" + String(UInt64.random(in: 0 ... .max), radix: 36)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o666)
        guard descriptor >= 0 else { throw .notWritten(path: path, errno: errno) }
        self.path = path
        self.temporary = temporary
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
        if !isCommitted { unlink(temporary) }
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .notWritten(path: path, errno: count < 0 ? errno : EIO) }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
    }

    mutating func write(_ bytes: [UInt8]) throws(CheckpointError) {
        let outcome: Result<Void, CheckpointError> = bytes.withUnsafeBytes { buffer in
            Result { () throws(CheckpointError) in try write(buffer) }
        }
        try outcome.get()
    }

    /// Its bytes reach the disk before its name does, and its name before this returns.
    consuming func commit() throws(CheckpointError) {
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else {
            throw .notWritten(path: path, errno: errno)
        }
        isCommitted = true
        let folder = open(Self.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .notWritten(path: path, errno: errno) }
        defer { close(folder) }
        // Some network file systems cannot sync a folder, and say so by EINVAL.
        guard fsync(folder) == 0 || errno == EINVAL else { throw .notWritten(path: path, errno: errno) }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

/// Writes a whole file, so that a reader finds the old one or the new one, and the new one after a power cut.
package func writeFile(_ bytes: [UInt8], to path: String) throws(CheckpointError) {
    var file = try AtomicFile(path)
    try file.write(bytes)
    try file.commit()
}
