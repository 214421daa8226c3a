// Owns one file descriptor and closes it once.
internal import Glibc

/// A socket's number, closed when the last owner lets go of it.
package final class Descriptor: Sendable {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    deinit { _ = Glibc.close(number) }

    /// A new stream socket that does not block and is not inherited by children.
    static func stream(_ family: Int32) throws(SocketError) -> Descriptor {
        let number = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        guard number >= 0 else { throw .failed(call: "socket", code: errno) }
        let descriptor = Descriptor(number)
        descriptor.neverBlock()
        return descriptor
    }

    func neverBlock() {
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        _ = fcntl(number, F_SETFL, O_NONBLOCK)
    }

    /// Sets an option whose value is a C `int`.
    func set(_ option: Int32, at level: Int32 = SOL_SOCKET, to value: Int32) throws(SocketError) {
        var value = value
        let status = setsockopt(number, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        guard status == 0 else { throw .failed(call: "setsockopt", code: errno) }
    }

    /// The error that the kernel holds for this socket, 0 for none; reading it clears it.
    func takePendingError() -> Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        let status = getsockopt(number, SOL_SOCKET, SO_ERROR, &code, &length)
        return status == 0 ? code : errno
    }

    /// Makes the coming close a reset, which tells the peer at once that all is lost.
    func resetWhenClosed() {
        var choice = linger(l_onoff: 1, l_linger: 0)
        _ = setsockopt(number, SOL_SOCKET, SO_LINGER, &choice, socklen_t(MemoryLayout<linger>.size))
    }
}
