// A line of the log is one line, whatever stands in it.
import JSON
import Logging
import Logs
import Testing

@Suite struct LogLineTests {
    private let time = LogTime(milliseconds: 1_795_280_472_007)

    private func line(_ fields: Logger.Metadata, _ message: String = "request", as format: LogFormat) -> [UInt8] {
        LogLine(level: .info, message: message, fields: fields).bytes(as: format, at: time)
    }

    private func text(_ fields: Logger.Metadata, _ message: String = "request", as format: LogFormat) -> String {
        String(decoding: line(fields, message, as: format), as: UTF8.self)
    }

    private let fields: Logger.Metadata = [
        "status": .stringConvertible(200), "seconds": .stringConvertible(0.25), "request_id": "a b",
        "client_gone": .stringConvertible(true), "route": "/v1/rewards",
    ]

    @Test func `a line of JSON has numbers as numbers, and its fields in order`() {
        let wanted =
            #"{"time":"2026-11-21T17:01:12.007Z","level":"info","message":"request","client_gone":true,"#
            + #""request_id":"a b","route":"/v1/rewards","seconds":0.25,"status":200}"# + "\n"
        #expect(text(fields, as: .json) == wanted)
    }

    @Test func `a line of text quotes what is not one word`() {
        let wanted = #"2026-11-21T17:01:12.007Z info request client_gone=true request_id="a b" "#
        #expect(text(fields, as: .text) == wanted + "route=/v1/rewards seconds=0.25 status=200\n")
    }

    /// Line feeds of every kind, what moves a terminal's cursor, what ends a string.
    private static let hostile = [
        "\r\n{\"level\":\"error\"}", "\u{1B}[2J", "\u{9B}2J", "\u{2028}x", "\u{2029}x", "\u{85}x", "\u{0}", "\u{7F}",
        "\"}", "\\", "a=\"b", String(decoding: [0xFF, 0x0A, 0xC3], as: UTF8.self), "\u{B}\u{C}",
    ]

    @Test(arguments: hostile, LogFormat.allCases)
    func `no value and no message can add a line or move a cursor`(text: String, format: LogFormat) throws {
        for bytes in [line(["id": "\(text)"], as: format), line([:], text, as: format), line([text: "x"], as: format)] {
            #expect(bytes.filter { $0 == UInt8(ascii: "\n") }.count == 1 && bytes.last == UInt8(ascii: "\n"))
            let line = String(decoding: bytes.dropLast(), as: UTF8.self)
            let obeyed = line.unicodeScalars.filter {
                $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) || [0x2028, 0x2029].contains($0.value)
            }
            #expect(obeyed.isEmpty)
            if format == .json { #expect(try JSONValue(parsing: Array(bytes.dropLast()))["level"] == "info") }
        }
    }

    @Test(arguments: hostile) func `what was escaped reads back as it was`(text: String) throws {
        let value = try JSONValue(parsing: Array(line(["id": "\(text)"], as: .json).dropLast()))
        #expect(value["id"]?.string == text)
    }

    @Test(arguments: ["x", "é", "\u{1F600}"], LogFormat.allCases)
    func `a value of any length is cut between two characters`(character: String, format: LogFormat) {
        let long = String(repeating: character, count: 70_000)
        let short = text(["id": "y\(long)"], long, as: format)
        #expect(short.utf8.count < 2 * LogLine.longestValue + 200)
        #expect(short.utf8.count > 2 * LogLine.longestValue - 8 && !short.unicodeScalars.contains("\u{FFFD}"))
    }

    @Test func `a field cannot take the place of the line's own`() throws {
        let value = try JSONValue(parsing: Array(line(["level": "x", "time": "y"], as: .json).dropLast()))
        #expect(value.object?.keys == ["time", "level", "message", "level_", "time_"])
        #expect(value["level"] == "info")
    }

    @Test func `a number that JSON does not have is text`() throws {
        let value = try JSONValue(parsing: Array(line(["x": .stringConvertible(Double.nan)], as: .json).dropLast()))
        #expect(value["x"] == "nan")
    }
}
