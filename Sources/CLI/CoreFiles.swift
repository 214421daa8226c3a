// Keeps prompts and keys out of core files and backtraces.
import CProcess
import Glibc

enum CoreFiles {
    /// No core file is written of what callers send.
    static func forbid() {
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
    }

    /// Nor is one handed to a program (core(5): the limit does not hold there), and no process of the same user may look
    /// into this one's memory. Its files in /proc are root's from now on, hence only where there is a key to keep.
    static func forbidLooking() {
        _ = linchpin_forbid_dumps()
        // Where Swift's toolchain is, its backtrace of a crash prints the memory that registers point at.
        for crash in [SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGBUS, SIGSEGV, SIGQUIT] { signal(crash, SIG_DFL) }
    }
}
