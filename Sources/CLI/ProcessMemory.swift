// How much memory this process has taken.
import Glibc

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

    /// Begins `peakBytes` anew, where the kernel lets a process do so.
    static func forgetPeak() {
        let file = open("/proc/self/clear_refs", O_WRONLY)
        guard file >= 0 else { return }
        _ = write(file, "5", 1)
        close(file)
    }
}
