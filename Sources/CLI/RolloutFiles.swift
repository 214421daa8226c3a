// Reads a file line by line, and writes one.
import Glibc

/// A text file as lines of bytes, read in pieces: a file of any size needs little memory.
struct LineReader: ~Copyable {
    private let path: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var start = 0
    private var atEnd = false
    /// Lines in all where the file can be read twice, else 0.
    let lineCount: Int

    init(path: String) throws {
        self.path = path
        descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure.file(path, String(cString: strerror(errno))) }
        lineCount = path == "-" ? 0 : Self.count(descriptor)
    }

    deinit { if descriptor != STDIN_FILENO { close(descriptor) } }

    private static func count(_ descriptor: Int32) -> Int {
        var lines = 0
        var offset: off_t = 0
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let read = pread(descriptor, &chunk, chunk.count, offset)
            if read <= 0 { return lines }
            lines += chunk[..<read].count { $0 == UInt8(ascii: "\n") }
            offset += off_t(read)
        }
    }

    /// Up to `limit` more lines, without their newlines; none at the end. Lines of nothing but white space are passed.
    mutating func next(_ limit: Int) throws -> [[UInt8]] {
        var lines: [[UInt8]] = []
        while lines.count < limit, let line = try nextLine() {
            if line.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }) { lines.append(line) }
        }
        return lines
    }

    /// The next line without its newline, blank or not; nil at the end.
    mutating func nextLine() throws -> [UInt8]? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                return Array(buffer[start..<end])
            }
            searched = buffer.count
            if atEnd {
                guard start < buffer.count else { return nil }
                defer { start = buffer.count }
                return Array(buffer[start...])
            }
            searched -= start
            try fill()
        }
    }

    private mutating func fill() throws {
        buffer.removeFirst(start)
        start = 0
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(descriptor, &chunk, chunk.count)
        guard count >= 0 else { throw Failure.file(path, String(cString: strerror(errno))) }
        atEnd = count == 0
        buffer += chunk[..<count]
    }
}

/// A file of lines, or standard output; what was written is flushed before a command says it is done.
struct LineWriter: ~Copyable {
    private static let flushAt = 1 << 16

    private let path: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    init(path: String?) throws {
        self.path = path ?? "standard output"
        descriptor = path.map { open($0, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644) } ?? STDOUT_FILENO
        guard descriptor >= 0 else { throw Failure.file(self.path, String(cString: strerror(errno))) }
    }

    deinit { if descriptor != STDOUT_FILENO { close(descriptor) } }

    mutating func write(_ line: [UInt8]) throws {
        buffer += line
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count >= Self.flushAt { try flush() }
    }

    mutating func flush() throws {
        guard Output.write(buffer, to: descriptor) else { throw Failure.file(path, String(cString: strerror(errno))) }
        buffer.removeAll(keepingCapacity: true)
    }
}
