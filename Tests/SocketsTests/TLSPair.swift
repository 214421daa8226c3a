// Both ends of a connection under TLS, for the tests.
import Sockets
import TLSFixtures

/// A listener whose connections are TLS.
struct SealedHarbour {
    let harbour: Harbour
    let identity: TLSIdentity

    init(files: TLSFiles? = nil) throws {
        harbour = try Harbour()
        identity = try TLSIdentity(files ?? .server())
    }

    /// Both ends, before their handshake.
    func strangers(_ wishes: ClientWishes = ClientWishes()) async throws -> (SealedClient, TLSStream) {
        let (client, socket) = try await raw()
        return (try SealedClient(client, wishes), socket)
    }

    /// A client that may send what it likes, and the server's end.
    func raw() async throws -> (PlainStream, TLSStream) {
        let client = try await harbour.connect()
        guard let socket = await harbour.listener.accept(),
            let stream = TLSStream(socket, identity.context, on: harbour.loop)
        else { throw SocketError.closed }
        return (client, stream)
    }

    /// Both ends, after their handshake.
    func pair(_ wishes: ClientWishes = ClientWishes()) async throws -> (SealedClient, TLSStream) {
        let (client, server) = try await strangers(wishes)
        async let accepted: Void = server.handshake(until: .now + .seconds(60))
        try await client.handshake()
        try await accepted
        return (client, server)
    }
}

extension TLSFiles {
    /// The tests' certificate `name`, with the clients of `clientAuthorities`.
    static func server(_ name: String = "server", clientAuthorities: String? = nil) throws -> TLSFiles {
        let certificates = try Certificates.made.get()
        return TLSFiles(
            certificate: certificates.path("\(name).pem"),
            key: certificates.path("\(name).key"),
            clientAuthorities: clientAuthorities.map(certificates.path)
        )
    }
}

extension ClientWishes {
    static let oldest = ClientWishes(least: 0x0301, most: 0x0302)
    static let old = ClientWishes(most: 0x0303)
    static let new = ClientWishes(least: 0x0304)
}

extension TLSStream {
    /// What the handshake ends with, where it does not succeed.
    func failureOfHandshake(within time: Duration = .seconds(60)) async -> SocketError? {
        do throws(SocketError) {
            try await handshake(until: .now + time)
            return nil
        } catch {
            return error
        }
    }
}
