// How many connections the system lets us hold.
import Glibc

enum Descriptors {
    /// Raises the soft limit to the hard one: a shell's 1024 are few where a trainer opens 4,096 connections at once.
    static func allowAll() {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        // Where it fails the soft limit stays, and connections past it wait.
        setrlimit(resource, &limit)
    }
}
