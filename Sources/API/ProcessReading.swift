// What this process takes of the machine, as Prometheus names it.
import Glibc

/// One look at the process; a part that cannot be read is nil: out of descriptors, say.
struct ProcessReading {
    /// When the process started, since 1970, by the clocks of this moment: asked for once, no later jump moves it.
    static var startTime: Double? {
        guard let ticks = status?.startTicks else { return nil }
        let booted = seconds(of: CLOCK_REALTIME) - seconds(of: CLOCK_BOOTTIME)
        return booted + Double(ticks) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    let processorSeconds = Self.seconds(of: CLOCK_PROCESS_CPUTIME_ID)
    let residentBytes: Int?
    let virtualBytes: Int?
    let openDescriptors = Self.countDescriptors()
    let descriptorLimit: Double

    init() {
        let status = Self.status
        residentBytes = status?.residentBytes
        virtualBytes = status?.virtualBytes
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        descriptorLimit = Double(limit.rlim_cur)
    }

    private static func seconds(of clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// Of /proc/self/stat (proc(5)), whose second field, the name, may hold anything but ends with the last parenthesis.
    private static var status: (startTicks: Int, virtualBytes: Int, residentBytes: Int)? {
        let descriptor = open("/proc/self/stat", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0, let name = bytes[..<count].lastIndex(of: UInt8(ascii: ")")) else { return nil }
        // The third field comes first.
        let fields = bytes[name..<count].split(separator: UInt8(ascii: " ")).dropFirst()
            .map { Int(String(decoding: $0, as: UTF8.self)) }
        guard fields.count > 21, let ticks = fields[19], let mapped = fields[20], let pages = fields[21] else {
            return nil
        }
        return (ticks, mapped, pages * sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func countDescriptors() -> Int? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Without `.`, `..` and the descriptor that reads the folder.
        return count - 3
    }
}
