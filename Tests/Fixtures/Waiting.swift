// What tests of sockets and servers measure and wait for.
import Glibc

/// How many descriptors this process has open.
package func openDescriptors() -> Int {
    guard let folder = opendir("/proc/self/fd") else { return -1 }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    return count - 3  // `.`, `..` and the folder itself
}

/// A system call that failed, with its errno.
package struct SystemCallFailure: Error {
    package let call: String
    package let code: Int32
}

/// Lets this process have no more than `count` descriptors, until the result is called.
package func limitDescriptors(to count: Int) throws -> () -> Void {
    let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(kind, &limit) == 0 else { throw SystemCallFailure(call: "getrlimit", code: errno) }
    var lowered = rlimit(rlim_cur: rlim_t(count), rlim_max: limit.rlim_max)
    guard setrlimit(kind, &lowered) == 0 else { throw SystemCallFailure(call: "setrlimit", code: errno) }
    return {
        var limit = limit
        _ = setrlimit(kind, &limit)
    }
}

/// Waits until something holds, looking every few milliseconds.
package func eventually(
    within time: Duration = .seconds(60),
    isolation: isolated (any Actor)? = #isolation,
    _ condition: () async -> Bool
) async -> Bool {
    let deadline = ContinuousClock.now + time
    while ContinuousClock.now < deadline {
        if await condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return await condition()
}

/// The most memory that this process has held, in bytes, since `resetPeakMemory`.
package func peakMemory() -> Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, 256, file) != nil {
        let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            .split(whereSeparator: \.isWhitespace)
        if words.first == "VmHWM:", words.count > 1, let kibibytes = Int(words[1]) { return kibibytes << 10 }
    }
    return 0
}

/// Lets `peakMemory` begin anew (proc_pid_clear_refs(5)).
package func resetPeakMemory() {
    guard let file = fopen("/proc/self/clear_refs", "w") else { return }
    fputs("5", file)
    fclose(file)
}
