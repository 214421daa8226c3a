// Gives back to the system what requests have freed.
import CMalloc
import ServiceLifecycle
import Serving

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
        mallopt(M_MMAP_THRESHOLD, 256 << 10)
        mallopt(M_TRIM_THRESHOLD, 4 << 20)
        // By default small pieces are put aside as they are, and joined only later, when `malloc_trim` asks: at the end of
        // an arena that is not the main one it then gives nothing back. 400,000 pieces of 48 bytes left 26 MiB for good,
        // 1,000,000 steps once 10 MiB in CI; joined at once they leave 4 MiB at most.
        mallopt(M_MXFAST, 0)
    }

    /// What the server counts.
    let counters: Counters

    private static let pause = Duration.seconds(1)

    /// Of a tree of small values something always lies at the end of the heap, and holds what is before it.
    ///
    /// Neither what is resident nor what is free tells the two apart, so it is done after every second in which an answer
    /// went out or a connection ended: a millisecond, and the pages that are needed again. (2,000 handshakes that came to
    /// nothing, and no answer after them, left 125 MiB.)
    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var freed = 0
            while true {
                try await Task.sleep(for: Self.pause)
                let now = counters.now
                let ends = now.responses + now.acceptedConnections - now.openConnections
                if ends != freed { malloc_trim(0) }
                freed = ends
            }
        }
    }
}
