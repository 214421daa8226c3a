// The descriptors that we are given, and how many we may have.
import Glibc

enum Descriptors {
    /// Opens what is closed of 0, 1 and 2 on nothing: else a connection would get the number, and the log with it.
    static func fillStandard() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest free number is given, and the lower ones are taken by now.
            _ = open("/dev/null", O_RDWR)
        }
    }

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
