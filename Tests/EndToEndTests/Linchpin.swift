// Starts the built binary as a user does.
import Fixtures
import Foundation
import JSON

/// One run of the binary to its end.
struct Run {
    let status: Int32
    let output: String
    let errors: String

    /// - Parameter environment: laid over this process's own.
    init(_ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:]) throws {
        let process = Process()
        process.executableURL = Linchpin.binary
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let folder = try TemporaryFolder()
        try folder.write(input, to: "in")
        try folder.write([], to: "out")
        try folder.write([], to: "err")
        process.standardInput = try FileHandle(forReadingFrom: folder.url.appendingPathComponent("in"))
        process.standardOutput = try FileHandle(forWritingTo: folder.url.appendingPathComponent("out"))
        process.standardError = try FileHandle(forWritingTo: folder.url.appendingPathComponent("err"))
        try process.run()
        process.waitUntilExit()
        status = process.terminationStatus
        output = try String(contentsOf: folder.url.appendingPathComponent("out"), encoding: .utf8)
        errors = try String(contentsOf: folder.url.appendingPathComponent("err"), encoding: .utf8)
    }
}

/// A running server on a free port.
final class Linchpin {
    /// `LINCHPIN_BINARY` where it is set, else the one that was built with these tests.
    static let binary: URL =
        ProcessInfo.processInfo.environment["LINCHPIN_BINARY"].map { URL(fileURLWithPath: $0) }
        ?? Bundle.main.executableURL.map { $0.deletingLastPathComponent().appendingPathComponent("linchpin") }
        ?? Shared.checkout.appendingPathComponent(".build/release/linchpin")

    let process = Process()
    let port: UInt16

    init(model: String, flags: [String] = [], environment: [String: String] = [:]) throws {
        let output = Pipe()
        process.executableURL = Self.binary
        process.arguments = ["serve", "--model", model, "--port", "0"] + flags
        // The grace of a stop is the point of few tests; those ask for it with a flag, which wins.
        process.environment = ProcessInfo.processInfo.environment
            .merging(["LINCHPIN_GRACE_SECONDS": "0"]) { $1 }
            .merging(environment) { $1 }
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        var line = Data()
        while !line.contains(UInt8(ascii: "\n")) {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { throw Trouble.didNotStart }
            line += more
        }
        let text = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard text.hasPrefix("listening on http://127.0.0.1:") || text.hasPrefix("listening on https://127.0.0.1:"),
            let port = UInt16(text.split(separator: ":").last ?? "")
        else { throw Trouble.didNotStart }
        self.port = port
    }

    deinit { if process.isRunning { process.terminate() } }

    /// SIGTERM, and the exit code that follows.
    func stop() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    enum Trouble: Error {
        case didNotStart
        case noAnswer
    }

    struct Answer {
        let status: Int
        let head: String
        let body: [UInt8]

        func json() throws -> JSONValue { try JSONValue(parsing: body) }
    }

    func post(_ path: String, _ value: JSONValue, headers: [String] = []) throws -> Answer {
        try send("POST", path, body: value.serialized(), headers: ["Content-Type: application/json"] + headers)
    }

    /// One request on a connection of its own.
    func send(_ method: String, _ path: String, body: [UInt8] = [], headers: [String] = []) throws -> Answer {
        let lines = ["\(method) \(path) HTTP/1.1", "Host: localhost", "Connection: close"] + headers
        let length = body.isEmpty ? [] : ["Content-Length: \(body.count)"]
        let head = (lines + length).joined(separator: "\r\n") + "\r\n\r\n"
        let bytes = try Self.exchange(Array(head.utf8) + body, port: port)
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { throw Trouble.noAnswer }
        let text = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
        guard let status = Int(text.split(separator: " ").dropFirst().first ?? "") else { throw Trouble.noAnswer }
        return Answer(status: status, head: text, body: Array(bytes[end.upperBound...]))
    }

    /// Writes all, reads to the end.
    private static func exchange(_ bytes: [UInt8], port: UInt16) throws -> [UInt8] {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Trouble.noAnswer }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Trouble.noAnswer }
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count <= 0 { break }
            sent += count
        }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(descriptor, &chunk, chunk.count), count > 0 { answer += chunk[..<count] }
        return answer
    }
}
