// The binary under TLS, met by OpenSSL's own client.
import Fixtures
import Foundation
import TLSFixtures
import Testing

@Suite(.timeLimit(.minutes(5))) struct TLSTests {
    private let golden = Shared.checkout.appendingPathComponent("Tests/Goldens/tiny-prm").path
    private let certificates: Certificates

    init() throws { certificates = try Certificates.made.get() }

    private func client(_ port: UInt16, _ flags: [String], input: String = "", failing: Bool = false) throws -> String {
        let arguments = ["s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", certificates.path("authority.pem")]
        return try Certificates.openssl(
            arguments + ["-verify_return_error", "-ign_eof"] + flags,
            input: input,
            failing: failing
        )
    }

    private let request = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    @Test func `serves TLS 1_2 and 1_3 and nothing older`() throws {
        let server = try Linchpin(
            model: golden,
            flags: ["--tls-cert", certificates.path("server.pem"), "--tls-key", certificates.path("server.key")]
        )
        for (flag, version) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
            let said = try client(server.port, [flag, "-alpn", "h2,http/1.1"], input: request)
            for words in [
                version, "HTTP/1.1 200", "ALPN protocol: http/1.1", "Verify return code: 0", "Compression: NONE",
            ] {
                #expect(said.contains(words), "\(words) in \(said)")
            }
        }
        let other = try client(server.port, ["-alpn", "h2"], failing: true)
        #expect(other.contains("no application protocol"), "\(other)")
        let old = try client(server.port, ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], failing: true)
        #expect(old.contains("protocol version"), "\(old)")
        #expect(server.stop() == 0)
    }

    @Test func `asks clients for a certificate where it has an authority for them`() throws {
        let server = try Linchpin(
            model: golden,
            flags: [
                "--tls-cert", certificates.path("server.pem"), "--tls-key", certificates.path("server.key"),
                "--tls-client-ca", certificates.path("authority.pem"),
            ]
        )
        func flags(_ name: String) -> [String] {
            ["-cert", certificates.path("\(name).pem"), "-key", certificates.path("\(name).key")]
        }
        #expect(try client(server.port, flags("client"), input: request).contains("HTTP/1.1 200"))
        for refused in [[], flags("intruder")] {
            let said = try client(server.port, refused, input: request, failing: true)
            #expect(!said.contains("HTTP/1.1 200") && said.contains("alert"), "\(said)")
        }
        #expect(server.stop() == 0)
    }

    @Test func `takes a new certificate on SIGHUP, and keeps the old one where the new is bad`() async throws {
        let folder = try TemporaryFolder()
        func put(_ name: String, key: String? = nil) throws {
            try folder.copy(certificates.path("\(name).pem"), to: "c.pem")
            try folder.copy(certificates.path("\(key ?? name).key"), to: "k.pem")
        }
        try put("server")
        let server = try Linchpin(
            model: golden,
            environment: ["LINCHPIN_TLS_CERT": folder.path + "/c.pem", "LINCHPIN_TLS_KEY": folder.path + "/k.pem"]
        )
        func subject() throws -> String {
            let said = try client(server.port, [], input: request)
            return said.split(separator: "\n").first { $0.contains("subject=") }.map(String.init) ?? said
        }
        #expect(try subject().hasSuffix("server"))
        try put("renewed")
        kill(server.process.processIdentifier, SIGHUP)
        #expect(await eventually { (try? subject().hasSuffix("renewed")) ?? false })
        try put("server", key: "client")
        kill(server.process.processIdentifier, SIGHUP)
        try await Task.sleep(for: .milliseconds(300))
        #expect(try subject().hasSuffix("renewed"))
        #expect(server.stop() == 0)
    }

    @Test(arguments: [
        (["--tls-cert", "server.pem"], "--tls-key"), (["--tls-key", "server.key"], "--tls-cert"),
        (["--tls-client-ca", "authority.pem"], "--tls-cert"),
        (["--tls-cert", "server.pem", "--tls-key", "client.key"], "not the key"),
        (["--tls-cert", "garbage.pem", "--tls-key", "server.key"], "garbage.pem"),
        (["--tls-cert", "server.pem", "--tls-key", "locked.key"], "locked.key"),
        (["--tls-cert", "server.pem", "--tls-key", "nowhere.key"], "No such file"),
    ])
    func `is not begun with half of what it needs`(flags: [String], named: String) throws {
        let placed = flags.map { $0.hasPrefix("--") ? $0 : certificates.path($0) }
        let run = try Run(["serve", "--model", golden, "--port", "0"] + placed)
        let lines = run.errors.split(separator: "\n").filter { $0.hasPrefix("linchpin: ") }
        #expect(run.status == 2 && lines.count == 1 && lines.allSatisfy { $0.contains(named) }, "\(run.errors)")
    }
}
