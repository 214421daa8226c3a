// How many processors this process may keep busy.
// By hand: sysconf counts the machine's, whatever part of it a container was given, and Foundation, which asks for more,
// is not in this binary.
import Glibc

/// The processors of this process.
enum Processors {
    /// Those that it may run on, but no more than its control group pays for; at least 1.
    static let usable = max(1, min(allowed(), paid()))

    /// Enough to keep the network busy; the processors are there for the model.
    static var loops: Int { min(4, usable) }

    /// taskset, cpusets, `docker run --cpuset-cpus`: the bits of a line as `Cpus_allowed:\tff,ffffffff`.
    private static func allowed() -> Int {
        let lines = lines(of: "/proc/self/status")
        guard let line = lines.first(where: { $0.starts(with: "Cpus_allowed:".utf8) }) else {
            return sysconf(Int32(_SC_NPROCESSORS_ONLN))
        }
        let digits = line.dropFirst("Cpus_allowed:".utf8.count)
        return digits.reduce(0) { $0 + (Character(Unicode.Scalar($1)).hexDigitValue ?? 0).nonzeroBitCount }
    }

    /// systemd's CPUQuota, `docker run --cpus`, Kubernetes' limits: of the process's own control group and of those above.
    private static func paid() -> Int {
        var quotas: [Int] = []
        var path = group()
        while true {
            if let file = try? FileBytes.all(of: "/sys/fs/cgroup\(path)/cpu.max", limit: 4096),
                let count = quota(in: file)
            {
                quotas.append(count)
            }
            guard let end = path.lastIndex(of: "/") else { break }
            path = String(path[..<end])
        }
        return quotas.min() ?? .max
    }

    private static func lines(of path: String) -> [ArraySlice<UInt8>] {
        ((try? FileBytes.all(of: path, limit: 1 << 16)) ?? []).split(separator: UInt8(ascii: "\n"))
    }

    /// Of cgroup v2: the line `0::/system.slice/linchpin.service`; "" is the root, which is a container's own.
    private static func group() -> String {
        let lines = lines(of: "/proc/self/cgroup")
        guard let line = lines.first(where: { $0.starts(with: "0::/".utf8) }) else { return "" }
        let path = String(decoding: line.dropFirst(3), as: UTF8.self)
        return path == "/" ? "" : path
    }

    /// `cpu.max`: what may be used of each period, in microseconds (`250000 100000` are 3 processors), or `max`.
    private static func quota(in file: [UInt8]) -> Int? {
        let words = file.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        guard words.count == 2, let share = Int(String(decoding: words[0], as: UTF8.self)),
            let period = Int(String(decoding: words[1], as: UTF8.self)), share > 0, period > 0
        else { return nil }
        let (whole, rest) = share.quotientAndRemainder(dividingBy: period)
        return rest == 0 ? whole : whole + 1
    }
}
