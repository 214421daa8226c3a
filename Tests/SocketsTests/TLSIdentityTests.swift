// Certificates and keys that can be used, and those that cannot.
import Fixtures
import Sockets
import TLSFixtures
import Testing

@Suite(.timeLimit(.minutes(5))) struct `A TLS identity` {
    private let certificates: Certificates

    init() throws { certificates = try Certificates.made.get() }

    private func failure(_ certificate: String, _ key: String, _ authorities: String? = nil) -> SocketError? {
        let files = TLSFiles(
            certificate: certificates.path(certificate),
            key: certificates.path(key),
            clientAuthorities: authorities.map(certificates.path)
        )
        do throws(SocketError) {
            _ = try TLSIdentity(files)
            return nil
        } catch {
            return error
        }
    }

    @Test func `is taken where the key is the certificate's`() {
        #expect(failure("server.pem", "server.key") == nil)
        #expect(failure("rsa.pem", "rsa.key") == nil)
        #expect(failure("server.pem", "server.key", "authority.pem") == nil)
    }

    @Test(arguments: [
        ("server.pem", "client.key"), ("server.pem", "rsa.key"), ("rsa.pem", "server.key"),
    ])
    func `is refused where the key is another's`(certificate: String, key: String) {
        let expected = SocketError.strangeKey(file: certificates.path(key), certificate: certificates.path(certificate))
        #expect(failure(certificate, key) == expected)
    }

    @Test(
        arguments: [
            ("nowhere.pem", "server.key", nil, "nowhere.pem", "No such file or directory"),
            ("garbage.pem", "server.key", nil, "garbage.pem", "no start line"),
            ("server.key", "server.key", nil, "server.key", "no start line"),
            ("weak.pem", "weak.key", nil, "weak.pem", "ee key too small"),
            ("server.pem", "nowhere.key", nil, "nowhere.key", "No such file or directory"),
            ("server.pem", "garbage.pem", nil, "garbage.pem", "unsupported"),
            ("server.pem", "server.pem", nil, "server.pem", "unsupported"),
            ("server.pem", "locked.key", nil, "locked.key", "interrupted or cancelled"),
            ("server.pem", "server.key", "nowhere.pem", "nowhere.pem", "No such file or directory"),
            ("server.pem", "server.key", "garbage.pem", "garbage.pem", "no certificate or crl found"),
        ] as [(String, String, String?, String, String)]
    )
    func `is refused with the file and the reason`(
        certificate: String,
        key: String,
        authorities: String?,
        file: String,
        reason: String
    ) {
        let expected = SocketError.unusable(file: certificates.path(file), reason: reason)
        #expect(failure(certificate, key, authorities) == expected)
    }

    @Test func `is replaced for new connections, and stays where the new one is bad`() async throws {
        let folder = try TemporaryFolder()
        let files = TLSFiles(certificate: folder.path + "/c.pem", key: folder.path + "/k.pem")
        func put(_ name: String, key: String? = nil) throws {
            try folder.copy(certificates.path("\(name).pem"), to: "c.pem")
            try folder.copy(certificates.path("\(key ?? name).key"), to: "k.pem")
        }
        try put("server")
        let harbour = try SealedHarbour(files: files)
        let (first, firstServer) = try await harbour.pair()
        #expect(await first.peer == "server")

        try put("renewed")
        try harbour.identity.reload()
        let (second, secondServer) = try await harbour.pair()
        #expect(await second.peer == "renewed")

        try put("server", key: "client")
        #expect(throws: SocketError.strangeKey(file: files.key, certificate: files.certificate)) {
            try harbour.identity.reload()
        }
        try folder.copy(certificates.path("garbage.pem"), to: "c.pem")
        #expect(throws: SocketError.unusable(file: files.certificate, reason: "no start line")) {
            try harbour.identity.reload()
        }
        let (third, thirdServer) = try await harbour.pair()
        #expect(await third.peer == "renewed")

        for (client, server) in [(first, firstServer), (second, secondServer), (third, thirdServer)] {
            try await client.write("still here")
            #expect(try await server.read() == Array("still here".utf8))
            await client.close()
            await server.close()
        }
    }

    @Test func `can be replaced from one thread while others shake hands`() async throws {
        let harbour = try SealedHarbour()
        let reloading = Task {
            while !Task.isCancelled {
                try harbour.identity.reload()
                await Task.yield()
            }
        }
        for _ in 0..<100 {
            let (client, server) = try await harbour.pair()
            await client.close()
            await server.close()
        }
        reloading.cancel()
        try await reloading.value
    }
}
