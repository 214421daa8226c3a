// Lines to a descriptor, without ever waiting for it.
import Dispatch
import Glibc
import Synchronization

/// Takes lines at once and writes them on a queue of its own; where nobody reads them, lines are dropped and counted.
///
/// A full pipe blocks one thread of Dispatch, which is the queue's, and nobody else. The descriptor is not made
/// non-blocking: that would change it for every process that has it.
package final class LogOutput: Sendable {
    private struct Waiting {
        var bytes: [UInt8] = []
        var lines = 0
        var isWriting = false
    }

    private let descriptor: Int32
    private let capacity: Int
    private let waiting = Mutex(Waiting())
    private let dropped = Atomic(0)
    private let queue = DispatchQueue(label: "linchpin.log")
    private let idle = DispatchGroup()

    /// - Parameters:
    ///   - descriptor: the caller's to keep open.
    ///   - capacity: bytes of lines that may wait; as many may be on their way beside them.
    package init(_ descriptor: Int32, capacity: Int = 1 << 20) {
        self.descriptor = descriptor
        self.capacity = capacity
    }

    /// Lines that found no room, or that could not be written.
    package var droppedLines: Int { dropped.load(ordering: .relaxed) }

    package func write(_ line: [UInt8]) {
        let mustStart = waiting.withLock { waiting -> Bool? in
            guard waiting.bytes.count + line.count <= capacity else { return nil }
            waiting.bytes += line
            waiting.lines += 1
            defer { waiting.isWriting = true }
            return !waiting.isWriting
        }
        guard let mustStart else { return drop(1) }
        guard mustStart else { return }
        idle.enter()
        queue.async { self.writeAll() }
    }

    /// Waits until what was taken is written, but no longer than this.
    package func finish(within limit: Duration) {
        _ = idle.wait(timeout: .now() + .milliseconds(Int(limit / .milliseconds(1))))
    }

    private func writeAll() {
        while let (bytes, lines) = take() {
            if !Self.write(bytes, to: descriptor) { drop(lines) }
        }
        idle.leave()
    }

    /// Nil where nothing waits; the next line starts anew then.
    private func take() -> (bytes: [UInt8], lines: Int)? {
        waiting.withLock { waiting in
            guard !waiting.bytes.isEmpty else {
                waiting.isWriting = false
                return nil
            }
            defer { waiting = Waiting(isWriting: true) }
            return (waiting.bytes, waiting.lines)
        }
    }

    private func drop(_ lines: Int) { dropped.wrappingAdd(lines, ordering: .relaxed) }

    /// True when all was written; blocks while the reader does.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var rest = UnsafeRawBufferPointer(buffer)
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count > 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
                } else if count < 0, errno == EAGAIN {
                    // Another process made it non-blocking.
                    var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&wanted, 1, -1)
                } else if count == 0 || errno != EINTR {
                    return false
                }
            }
            return true
        }
    }
}
