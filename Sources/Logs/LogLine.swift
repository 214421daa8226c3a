// An event as the bytes of one line.
import JSON
package import Logging

/// Fields are told by the order of their names; `time`, `level` and `message` are the line's own.
package struct LogLine: Sendable {
    /// Bytes of UTF-8 that a value may have; what is behind them is cut off, and the cut shown.
    package static let longestValue = 1024

    private let level: Logger.Level
    private let message: String
    private let fields: [(name: String, value: Logger.MetadataValue)]

    package init(level: Logger.Level, message: String, fields: Logger.Metadata) {
        self.level = level
        self.message = message
        self.fields = fields.sorted { $0.key < $1.key }
            .map { (["time", "level", "message"].contains($0.key) ? $0.key + "_" : $0.key, $0.value) }
    }

    /// With the line feed at its end, and none before it.
    package func bytes(as format: LogFormat, at time: LogTime) -> [UInt8] {
        let line =
            switch format {
            case .json: json(time)
            case .text: text(time)
            }
        return Self.visible(line) + [UInt8(ascii: "\n")]
    }

    private func json(_ time: LogTime) -> [UInt8] {
        var writer = JSONWriter()
        writer.openObject()
        for (name, text) in [("time", time.text), ("level", level.rawValue), ("message", Self.cut(message))] {
            writer.key(name)
            writer.string(text)
        }
        for field in fields {
            writer.key(Self.cut(field.name))
            Self.write(field.value, to: &writer)
        }
        writer.closeObject()
        return writer.bytes
    }

    private func text(_ time: LogTime) -> [UInt8] {
        var line = Array("\(time.text) \(level.rawValue) ".utf8) + Self.quoted(message).dropFirst().dropLast()
        for field in fields {
            var writer = JSONWriter()
            Self.write(field.value, to: &writer)
            line += Array(" ".utf8) + Self.quoted(field.name).dropFirst().dropLast() + Array("=".utf8)
            line += Self.isWord(writer.bytes) ? writer.bytes[1..<writer.bytes.count - 1] : writer.bytes[...]
        }
        return line
    }

    private static func quoted(_ text: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.string(cut(text))
        return writer.bytes
    }

    /// Whether a string says the same without its quotes.
    private static func isWord(_ bytes: [UInt8]) -> Bool {
        bytes.count > 2 && bytes.first == UInt8(ascii: "\"")
            && bytes.dropFirst().dropLast().allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }
    }

    /// Numbers and truth values as such, all else as text.
    private static func write(_ value: Logger.MetadataValue, to writer: inout JSONWriter) {
        if case .stringConvertible(let value) = value {
            switch value {
            case let value as Int: return writer.number(value)
            case let value as Bool: return writer.bool(value)
            // A number that is not finite has no JSON, and is told as text.
            case let value as Double: if (try? writer.number(value)) != nil { return }
            default: break
            }
        }
        writer.string(cut("\(value)"))
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > longestValue else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: longestValue)
        // Back to where a character of UTF-8 begins.
        while text.utf8[end] & 0xC0 == 0x80 { end = text.utf8.index(before: end) }
        return String(text[..<end]) + "..."
    }

    /// What JSON leaves as it is and a terminal or a reader of lines obeys: DEL, C1, U+2028 and U+2029. Outside its
    /// strings JSON has none of them, so that each may become an escape.
    private static func visible(_ line: [UInt8]) -> [UInt8] {
        guard line.contains(where: { $0 >= 0x7F }) else { return line }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(line.count)
        for scalar in String(decoding: line, as: UTF8.self).unicodeScalars {
            switch scalar.value {
            case 0x7F..<0xA0, 0x2028, 0x2029:
                let digits = String(scalar.value, radix: 16)
                bytes += Array("\\u\(String(repeating: "0", count: 4 - digits.utf8.count))\(digits)".utf8)
            default: bytes += Array(String(scalar).utf8)
            }
        }
        return bytes
    }
}
