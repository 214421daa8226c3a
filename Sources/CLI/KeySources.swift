// Where the keys of callers and operators come from.
import API
import ArgumentParser
import Digests
import Glibc

struct KeyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Keys that callers must show, one a line: in a header, as ?api_key=KEY or as /KEY before the path; more are "
                + "in LINCHPIN_API_KEYS. SIGHUP reads the file again.",
            valueName: "FILE"
        )
    )
    var apiKeyFile: String?

    @Option(
        help: ArgumentHelp(
            "Keys of those who may ask for /admin too, in a header; more are in LINCHPIN_ADMIN_KEYS.",
            valueName: "FILE"
        )
    )
    var adminKeyFile: String?

    @Flag(help: "Answer /metrics without a key too.")
    var publicMetrics = false

    func sources() throws -> KeySources {
        try KeySources(
            callers: KeySource(file: Setting.text("api-key-file", apiKeyFile), variable: "LINCHPIN_API_KEYS"),
            operators: KeySource(file: Setting.text("admin-key-file", adminKeyFile), variable: "LINCHPIN_ADMIN_KEYS")
        )
    }
}

/// The key ring of a server with what it is filled from.
struct KeySources: Sendable {
    let ring: KeyRing
    private let callers: KeySource
    private let operators: KeySource

    init(callers: KeySource, operators: KeySource) throws {
        self.callers = callers
        self.operators = operators
        ring = KeyRing(try Keys(callers: callers.digests(), operators: operators.digests()))
    }

    var isEmpty: Bool { callers.isEmpty && operators.isEmpty }

    /// Reads the files again. Where one cannot be used it throws, and the keys stay what they were.
    func reload() throws {
        ring.replace(with: try Keys(callers: callers.digests(), operators: operators.digests()))
    }
}

/// A file and a variable with keys of one kind; both are optional.
struct KeySource: Sendable {
    private let file: String?
    /// Of the variable, which is gone once it is read.
    private let given: [KeyDigest]

    init(file: String?, variable: String) throws {
        self.file = file
        given = try Self.take(variable).map { try Self.digests(in: $0, of: variable) } ?? []
    }

    var isEmpty: Bool { file == nil && given.isEmpty }

    /// One key a line; blank lines and those that begin with "#" are none.
    func digests() throws -> [KeyDigest] {
        guard let file else { return given }
        var keys: [KeyDigest] = []
        for (index, line) in try FileBytes.all(of: file, limit: 1 << 20).split(
            separator: UInt8(ascii: "\n"),
            omittingEmptySubsequences: false
        ).enumerated() {
            let key = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            if key.isEmpty || key.first == UInt8(ascii: "#") { continue }
            guard Self.isKey(key) else { throw Failure.file(file, "line \(index + 1): \(Self.rule)") }
            keys.append(try KeyDigest(of: Array(key)))
        }
        // It would open to everybody what was meant to be closed.
        guard !keys.isEmpty else { throw Failure.file(file, "there is no key in it") }
        return keys + given
    }

    private static func digests(in text: [UInt8], of variable: String) throws -> [KeyDigest] {
        let keys = text.split { $0 == UInt8(ascii: ",") || $0 <= UInt8(ascii: " ") }
        guard !keys.isEmpty else { throw Failure.usage("\(variable): there is no key in it") }
        return try keys.enumerated().map { index, key in
            guard isKey(key) else { throw Failure.usage("\(variable): key \(index + 1): \(rule)") }
            return try KeyDigest(of: Array(key))
        }
    }

    /// The variable's bytes. They are wiped where they stood, which is what /proc/PID/environ shows, and no child
    /// process inherits them.
    private static func take(_ variable: String) -> [UInt8]? {
        guard let value = getenv(variable) else { return nil }
        let bytes = UnsafeMutableRawBufferPointer(start: value, count: strlen(value))
        defer {
            explicit_bzero(value, bytes.count)
            unsetenv(variable)
        }
        return Array(bytes)
    }

    private static let rule = "a key is at least 8 of A-Z a-z 0-9 - . _ ~, nothing else"

    /// What can stand in a header and in a path as it is (RFC 3986 section 2.3).
    private static func isKey(_ key: ArraySlice<UInt8>) -> Bool {
        key.count >= 8 && key.allSatisfy(isUnreserved)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~")].contains(byte)
        }
    }
}
