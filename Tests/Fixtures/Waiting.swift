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
