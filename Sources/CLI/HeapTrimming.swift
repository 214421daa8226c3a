// Gives back to the system what requests have freed.
import CMalloc
import ServiceLifecycle

/// The C allocator as a server wants it, and a look now and then at what it keeps.
struct HeapTrimming: Service, CustomStringConvertible {
    let description = "HeapTrimming"

    /// To be called once, before there are threads.
    static func configure() {
        // By default freed memory is kept apart for each of many threads: 138 MiB where 98 suffice (measured with 16,000
        // requests, 256 at a time).
        mallopt(M_ARENA_MAX, 2)
        // By default the first large body teaches it to keep all later ones: 500 MiB after a dozen hostile ones. Once
        // said, these stay: what is large goes back when it is freed, and the end of the heap when it is long.
        mallopt(M_MMAP_THRESHOLD, 1 << 20)
        mallopt(M_TRIM_THRESHOLD, 4 << 20)
    }

    /// Bytes that are worth giving back.
    private static let worthwhile = 4 << 20
    private static let pause = Duration.seconds(1)

    /// Of a tree of small values something always lies at the end of the heap, and holds what is before it.
    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            // What is given back still counts as free, so only more of it is worth another look.
            var known = mallinfo2().fordblks
            while true {
                try await Task.sleep(for: Self.pause)
                var free = mallinfo2().fordblks
                if free > known + Self.worthwhile {
                    malloc_trim(0)
                    free = mallinfo2().fordblks
                    known = free
                }
                known = min(known, free)
            }
        }
    }
}
