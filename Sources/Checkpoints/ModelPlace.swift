// Where the files of a model are: a folder, or memory.
import Glibc

/// A folder on disk, or files whose bytes are in memory for as long as the process lives.
struct ModelPlace: Sendable {
    private enum Files: Sendable {
        case folder(String)
        case memory([String: ResidentBytes])
    }

    private let files: Files
    /// What was read of it with `contents`.
    let seen = SeenFiles()

    static func folder(_ path: String) -> ModelPlace { ModelPlace(files: .folder(path)) }

    static func memory(_ files: [String: ResidentBytes]) -> ModelPlace { ModelPlace(files: .memory(files)) }

    private init(files: Files) { self.files = files }

    /// Bytes that nobody frees.
    // Unchecked because a raw pointer is not Sendable; nobody writes through it.
    struct ResidentBytes: @unchecked Sendable {
        let bytes: UnsafeRawBufferPointer
    }

    /// Nil where there is no such file.
    func open(_ name: String) throws(CheckpointError) -> ModelFile? {
        guard Self.isPlainName(name) else { throw .badFileName(name) }
        let file: ModelFile?
        switch files {
        case .folder(let path): file = try ModelFile(name, in: path)
        case .memory(let files): file = files[name].map { ModelFile(name, resident: $0) }
        }
        if let file, try file.isGitPointer() { throw .pointer(name) }
        return file
    }

    /// The whole file; nil where there is none.
    func contents(of name: String, limit: Int) throws(CheckpointError) -> [UInt8]? {
        guard let file = try open(name) else {
            try seen.note(name, nil)
            return nil
        }
        guard file.byteCount <= limit else {
            throw .fileTooLarge(name, bytes: file.byteCount, limit: limit)
        }
        let bytes = try file.bytes(0..<file.byteCount)
        try file.checkUnchanged()
        try seen.note(name, bytes)
        return bytes
    }

    func has(_ name: String) -> Bool {
        switch files {
        case .folder(let path): access(path + "/" + name, F_OK) == 0
        case .memory(let files): files[name] != nil
        }
    }

    /// The first 4,096 names, in no order; none where the folder cannot be read.
    func names() -> [String] {
        switch files {
        case .memory(let files): return Array(files.keys)
        case .folder(let path):
            guard let folder = opendir(path) else { return [] }
            defer { closedir(folder) }
            var names: [String] = []
            while names.count < 4096, let entry = readdir(folder) {
                // The name ends with a NUL, within the 256 bytes that the struct has for it.
                names.append(
                    withUnsafeBytes(of: entry.pointee.d_name) { name in
                        String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
                    }
                )
            }
            return names
        }
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return !path.utf8.contains(0) && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The path without links; as it is where it leads nowhere.
    static func resolved(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
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
