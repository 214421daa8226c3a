// The system calls of a connected socket, none of which waits.
internal import Glibc

extension Descriptor {
    /// What is there, at most `count` bytes; nil where there is nothing yet, empty when the peer has finished.
    func receive(atMost count: Int) throws(SocketError) -> [UInt8]? {
        while true {
            var received = 0
            var code: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                received = recv(number, buffer.baseAddress, count, Int32(MSG_DONTWAIT))
                code = errno
                initialized = max(0, received)
            }
            guard received < 0 else { return bytes }
            switch code {
            case EINTR: continue
            case EAGAIN: return nil
            default: throw .lost(code: code)
            }
        }
    }

    /// How many bytes the kernel took; 0 where it has no room.
    func send(_ bytes: [UInt8], from start: Int) throws(SocketError) -> Int {
        while true {
            let count = bytes.withUnsafeBytes { buffer in
                let rest = UnsafeRawBufferPointer(rebasing: buffer[start...])
                // Without MSG_NOSIGNAL a peer that left would end the process by SIGPIPE.
                let flags = MSG_DONTWAIT | MSG_NOSIGNAL
                return Glibc.send(number, rest.baseAddress, rest.count, Int32(flags))
            }
            guard count < 0 else { return count }
            switch errno {
            case EINTR: continue
            case EAGAIN: return 0
            case let code: throw .lost(code: code)
            }
        }
    }

    /// Whether the peer has gone, whatever of its bytes is unread.
    var hangUp: HangUp? {
        var look = pollfd(fd: number, events: Int16(truncatingIfNeeded: pollPeerFinished), revents: 0)
        guard poll(&look, 1, 0) > 0 else { return nil }
        let dead = Int16(truncatingIfNeeded: POLLHUP | POLLERR | POLLNVAL)
        return look.revents & dead != 0 ? .lost : .finished
    }

    func finishSending() { _ = shutdown(number, Int32(SHUT_WR)) }
}

/// POLLRDHUP of Linux, which Glibc shows only to _GNU_SOURCE.
private let pollPeerFinished: Int32 = 0x2000
