// The keys of --api-key-file.
import API

extension Access {
    /// One key a line; blank lines and those that begin with "#" are none.
    ///
    /// A file without a key is refused: it would open to everybody what was meant to be closed.
    init(file path: String) throws {
        var keys: [String] = []
        for (index, line) in try FileBytes.all(of: path, limit: 1 << 20).split(
            separator: UInt8(ascii: "\n"),
            omittingEmptySubsequences: false
        ).enumerated() {
            let key = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            if key.isEmpty || key.first == UInt8(ascii: "#") { continue }
            // What can stand in a header and in a path as it is (RFC 3986 section 2.3).
            guard key.count >= 8, key.allSatisfy(Self.isUnreserved) else {
                throw Failure.file(path, "line \(index + 1): a key is at least 8 of A-Z a-z 0-9 - . _ ~, nothing else")
            }
            keys.append(String(decoding: key, as: UTF8.self))
        }
        guard !keys.isEmpty else { throw Failure.file(path, "there is no key in it") }
        self.init(keys: keys)
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
