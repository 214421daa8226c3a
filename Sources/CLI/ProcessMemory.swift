// How much memory this process has taken.

/// Read from /proc/self/status; 0 where that cannot be read.
enum ProcessMemory {
    /// The most that was resident at one time.
    static var peakBytes: Int {
        guard var reader = try? LineReader(path: "/proc/self/status"), let lines = try? reader.next(.max) else {
            return 0
        }
        for line in lines {
            let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            if words.first == "VmHWM:", words.count > 1, let kibibytes = Int(words[1]) { return kibibytes << 10 }
        }
        return 0
    }
}
