// Two ends of one TCP connection, for the tests.
import Glibc
import Sockets

/// A listener on a free port and its clients.
struct Harbour {
    let loop = SocketLoop(label: "test")
    let listener: Listener

    init(host: String = "127.0.0.1") throws { listener = try Listener(host: host, port: 0, backlog: 128, on: loop) }

    func connect() async throws -> PlainStream {
        try await PlainStream.connect(to: listener.address, on: loop, until: .now + .seconds(60))
    }

    /// Both ends of a new connection.
    func pair() async throws -> (client: PlainStream, server: PlainStream) {
        let client = try await connect()
        guard let socket = await listener.accept() else { throw SocketError.closed }
        return (client, PlainStream(socket, on: loop))
    }
}

extension ByteStream {
    func read(_ count: Int = 65_536, within time: Duration = .seconds(60)) async throws(SocketError) -> [UInt8] {
        try await read(atMost: count, until: .now + time)
    }

    /// Reads until the peer has finished.
    func readAll(within time: Duration = .seconds(60)) async throws(SocketError) -> [UInt8] {
        let deadline = Instant.now + time
        var all: [UInt8] = []
        while true {
            let bytes = try await read(atMost: 65_536, until: deadline)
            if bytes.isEmpty { return all }
            all += bytes
        }
    }

    func write(_ text: String) async throws(SocketError) {
        try await write(Array(text.utf8), stall: .seconds(10), until: nil)
    }

    /// What reading ends with, where it does not succeed.
    func failureOfRead(within time: Duration = .seconds(60)) async -> SocketError? {
        do throws(SocketError) {
            _ = try await read(within: time)
            return nil
        } catch {
            return error
        }
    }
}
