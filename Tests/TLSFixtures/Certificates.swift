// Certificates for the tests, fresh in every run.
package import Fixtures
package import Foundation

/// An authority with a server's and a client's certificate, and another authority's.
package struct Certificates: Sendable {
    package let folder: TemporaryFolder

    /// Made once by the `openssl` command: 40 ms.
    package static let made = Result { try Certificates() }

    private init() throws {
        folder = try TemporaryFolder()
        for authority in ["authority", "stranger"] { try Self.make(authority, in: folder.url) }
        try Self.make("server", by: "authority", in: folder.url)
        try Self.make("renewed", by: "authority", in: folder.url)
        try Self.make("client", by: "authority", in: folder.url)
        try Self.make("intruder", by: "stranger", in: folder.url)
        try folder.write(Array("no certificate\n".utf8), to: "garbage.pem")
        try Self.openssl(
            ["ec", "-in", "server.key", "-aes128", "-passout", "pass:secret", "-out", "locked.key"],
            in: folder.url
        )
        try Self.make("rsa", kind: ["rsa:2048"], in: folder.url)
        try Self.make("weak", kind: ["rsa:1024"], in: folder.url)
    }

    package func path(_ file: String) -> String { folder.url.appendingPathComponent(file).path }

    /// The subject's common name is `name`, the files are `name.pem` and `name.key`.
    private static func make(
        _ name: String,
        by authority: String? = nil,
        kind: [String] = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        in folder: URL
    ) throws {
        var arguments = ["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=\(name)", "-newkey"] + kind
        arguments += ["-keyout", "\(name).key", "-out", "\(name).pem"]
        if let authority {
            arguments += ["-CA", "\(authority).pem", "-CAkey", "\(authority).key"]
            arguments += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
            arguments += ["-addext", "basicConstraints=critical,CA:FALSE"]
        }
        try openssl(arguments, in: folder)
    }

    /// What stops a test that needs the command.
    package struct CommandFailed: Error {
        package let arguments: [String]
        package let output: String
    }

    /// The command's output, both of its streams; `input` is fed to it and then ended.
    @discardableResult
    package static func openssl(
        _ arguments: [String],
        in folder: URL? = nil,
        input: String = "",
        failing: Bool = false
    ) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = folder
        let (feed, output) = (Pipe(), Pipe())
        process.standardInput = feed
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try feed.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try feed.fileHandleForWriting.close()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard failing || process.terminationStatus == 0 else {
            throw CommandFailed(arguments: arguments, output: text)
        }
        return text
    }
}
