// What is JSON, what is not, and where it fails.
import Fixtures
import Foundation
import JSON
import Testing

@Suite struct ParserTests {
    struct CorpusText: Decodable {
        let name: String
        let expect: String
        let raw: Data

        enum CodingKeys: String, CodingKey {
            case name
            case expect
            case raw = "raw_b64"
        }
    }

    /// The suite leaves repeated keys to the reader; http-policy.md J3 refuses them.
    private static let duplicatedKeys = ["y_object_duplicated_key", "y_object_duplicated_key_and_value"]

    @Test(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.skipped)))
    func `every text of the corpus has its verdict`() throws {
        let lines = try Shared.lines("corpora/json.jsonl")
        #expect(lines.count == 283)
        for line in lines {
            let text = try JSONDecoder().decode(CorpusText.self, from: Data(line))
            let value = try? JSONValue(parsing: [UInt8](text.raw))
            let expected = text.expect == "accept" && !Self.duplicatedKeys.contains(text.name)
            #expect((value != nil) == expected, "\(text.name)")
            guard let value else { continue }
            #expect(try JSONValue(parsing: value.serialized()) == value, "\(text.name)")
        }
    }

    private static let values: [(String, JSONValue)] = [
        ("null", .null), ("true", true), (" \t\r\n[ ] ", []), ("{}", [:]), ("\"\"", ""), ("0", 0), ("-12", -12),
        ("[1,[2,{\"a\":[]}],{}]", [1, [2, ["a": []]], [:]]),
        (#"{"a":1,"b":{"c":null},"d":false}"#, ["a": 1, "b": ["c": nil], "d": false]),
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
        (#""A\u00e9\u20AC\uD83D\ude00z""#, "A\u{E9}\u{20AC}\u{1F600}z"),
        (#""a\u0000b""#, "a\u{0}b"),
        ("\"\u{1F600}\u{7F}\u{2028}\"", "\u{1F600}\u{7F}\u{2028}"),
        (#""\uFFFF\uFEFF""#, "\u{FFFF}\u{FEFF}"),
    ]

    @Test(arguments: values)
    func `a text is its value`(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text.utf8) == value)
    }

    private static let refusals: [(String, JSONError.Kind, Int)] = [
        ("", .unexpectedEnd, 0), (" ", .unexpectedEnd, 1), ("[", .unexpectedEnd, 1),
        ("[1", .unexpectedEnd, 2), ("[1,", .unexpectedEnd, 3), ("{\"a\"", .unexpectedEnd, 4),
        ("\"a", .unexpectedEnd, 2),
        ("\"a\\", .unexpectedEnd, 3), ("\"\\u12", .unexpectedEnd, 5), ("tru", .unexpectedEnd, 3),
        ("-", .unexpectedEnd, 1),
        ("[1,]", .unexpectedByte(0x5D), 3), ("{\"a\":1,}", .unexpectedByte(0x7D), 7), ("[1}", .unexpectedByte(0x7D), 2),
        ("{\"a\":1]", .unexpectedByte(0x5D), 6), ("{a:1}", .unexpectedByte(0x61), 1), ("'a'", .unexpectedByte(0x27), 0),
        ("NaN", .unexpectedByte(0x4E), 0), ("[1 2]", .unexpectedByte(0x32), 3), ("trux", .unexpectedByte(0x78), 3),
        ("+1", .unexpectedByte(0x2B), 0), (".5", .unexpectedByte(0x2E), 0), ("-x", .invalidNumber, 1),
        ("[1.]", .invalidNumber, 3), ("[1e+]", .invalidNumber, 4), ("01", .trailingBytes, 1),
        ("0x1", .trailingBytes, 1),
        ("1 1", .trailingBytes, 2), ("{}}", .trailingBytes, 2), ("1\u{0}", .trailingBytes, 1),
        ("\u{FEFF}1", .byteOrderMark, 0), ("\"\u{1}\"", .controlCharacter(1), 1),
        ("\"\\n\n\"", .controlCharacter(10), 3),
        ("\"\\x\"", .invalidEscape, 1), ("\"\\u00g0\"", .invalidEscape, 1), ("\"\\U0041\"", .invalidEscape, 1),
        ("1e400", .numberOutOfRange, 0), ("[-1E+400]", .numberOutOfRange, 1),
        ("1" + String(repeating: "0", count: 309), .numberOutOfRange, 0),
    ]

    @Test(arguments: refusals)
    func `a refusal says what and where`(text: String, kind: JSONError.Kind, offset: Int) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text.utf8) }
        #expect(error?.kind == kind)
        #expect(error?.offset == offset)
    }

    private static let notUTF8: [([UInt8], Int)] = [
        ([0x22, 0x61, 0xFF, 0x22], 2), ([0x22, 0xC3, 0x22], 1), ([0x22, 0xC0, 0xAF, 0x22], 1),
        ([0x22, 0xED, 0xA0, 0x80, 0x22], 1), ([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], 1),
        ([0x22, 0x5C, 0x6E, 0x61, 0x80, 0x22], 4), ([0x22, 0xE2, 0x82, 0x5C, 0x6E, 0x22], 1),
    ]

    @Test(arguments: notUTF8)
    func `bytes that are not UTF-8 are never repaired`(bytes: [UInt8], offset: Int) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
        #expect(error == JSONError(.invalidUTF8, offset: offset))
    }

    private static let stray: [[UInt8]] = [
        [0xFF, 0xFE, 0x31, 0x00], [0xFE, 0xFF, 0x00, 0x31], [0x00, 0x31], [0x31, 0x00], [0xFF], [0x80],
    ]

    @Test(arguments: stray)
    func `UTF-16 and stray bytes are refused`(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    }

    @Test(arguments: [
        (#"{"rollouts":[{"steps":[]},{"steps":["a","b","c\ud800"]}]}"#, "rollouts[1].steps[2]"),
        (#"{"rollouts":[{"steps":[]},{"steps":["a","b","\udc00\ud800"]}]}"#, "rollouts[1].steps[2]"),
        (#"{"prompt":"\ud83dx"}"#, "prompt"), (#"{"prompt":"\ud83d\n"}"#, "prompt"),
        (#"{"prompt":"\ud83d\ud83d"}"#, "prompt"),
        (#"{"a":{"odd key":{"":["\udead"]}}}"#, #"a["odd key"][""][0]"#), (#""\ud800""#, ""),
        (#"[[],"\ud800"]"#, "[1]"),
        (#"{"a":1,"b":{"\ud800":2}}"#, "b"),
        (#"{"\#(String(repeating: "k", count: 65))":"\ud800"}"#, "kkkkkkkkkkkkkkkk..."),
    ])
    func `a lone surrogate is refused with the path that failed`(text: String, path: String) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text.utf8) }
        #expect(error?.kind == .loneSurrogate)
        #expect(error?.path == path)
    }

    @Test(arguments: [
        (#"{"a":1,"a":2}"#, "a", "a"), (#"{"steps":1,"\u0073teps":2}"#, "steps", "steps"),
        (#"[0,{"":1,"":1}]"#, "", #"[1][""]"#),
        (#"{"x":{"\u00e9":1,"é":2}}"#, "\u{E9}", #"x["é"]"#), (#"{"a\/b":1,"a/b":2}"#, "a/b", #"["a/b"]"#),
    ])
    func `a repeated key is refused, however it is spelt`(text: String, key: String, path: String) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text.utf8) }
        #expect(error?.kind == .duplicateKey(key))
        #expect(error?.path == path)
    }

    @Test(arguments: [2, 8, 9, 10, 1000])
    func `a key repeated at the end of many is found`(count: Int) {
        let members = (0..<count).map { "\"k\($0)\":0" } + ["\"k\(count / 2)\":1"]
        let error = #expect(throws: JSONError.self) {
            try JSONValue(parsing: "{\(members.joined(separator: ","))}".utf8)
        }
        #expect(error?.kind == .duplicateKey("k\(count / 2)"))
    }

    @Test func `keys that differ only by normalisation are different keys`() throws {
        let object = try #require(JSONValue(parsing: "{\"\u{E9}\":1,\"e\u{301}\":2}".utf8).object)
        #expect(object.count == 2)
        #expect(object["\u{E9}"] == 1)
        #expect(object["e\u{301}"] == 2)
    }

    @Test(arguments: [("[", "]"), ("{\"a\":", "}")])
    func `64 levels are read and 65 are not`(opening: String, closing: String) throws {
        func nested(_ depth: Int) -> String {
            String(repeating: opening, count: depth) + "0" + String(repeating: closing, count: depth)
        }
        #expect(throws: Never.self) { try JSONValue(parsing: nested(64).utf8) }
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: nested(65).utf8) }
        #expect(error?.kind == .tooDeep(limit: 64))
        #expect(throws: Never.self) { try JSONValue(parsing: nested(3).utf8, limits: JSONLimits(depth: 3)) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: nested(4).utf8, limits: JSONLimits(depth: 3)) }
    }

    @Test func `as many values are read as are allowed, containers among them, and not one more`() throws {
        let text = #"{"a":[1,"b",{"c":[]}],"d":null}"#.utf8
        // The object, the array, 1, "b", the inner object, the empty array, null.
        #expect(throws: Never.self) { try JSONValue(parsing: text, limits: JSONLimits(values: 7, containers: 4)) }
        let values = #expect(throws: JSONError.self) { try JSONValue(parsing: text, limits: JSONLimits(values: 6)) }
        #expect(values?.kind == .tooManyValues(limit: 6))
        #expect(values?.path == "d")
        let nested = #expect(throws: JSONError.self) { try JSONValue(parsing: text, limits: JSONLimits(containers: 3)) }
        #expect(nested?.kind == .tooManyContainers(limit: 3))
    }

    @Test func `a value takes 24 bytes: a body of them has to fit into memory`() {
        #expect(MemoryLayout<JSONValue>.stride == 24)
    }

    @Test(arguments: ["[", "{\"a\":", "[{\"a\":", "[[],"])
    func `250,000 openings are refused at once`(opening: String) {
        let text = String(repeating: opening, count: 250_000)
        let start = ContinuousClock.now
        #expect(throws: JSONError.self) { try JSONValue(parsing: text.utf8) }
        #expect(ContinuousClock.now - start < .seconds(1))
    }

    @Test func `mutated texts are refused or read, never a crash`() throws {
        let seed = Array(
            #"{"id":"r\u00e9\ud83d\ude00","steps":["a\n",-1.5e-7,true,null,{"é":[[]]}],"n":10000000000}"#.utf8
        )
        var generator = SeededGenerator(seed: 7)
        var accepted = 0
        for _ in 0..<50_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.insert(seed.randomElement(using: &generator) ?? 0, at: place)
                default: bytes.remove(at: place)
                }
            }
            guard let value = try? JSONValue(parsing: bytes) else { continue }
            accepted += 1
            #expect(try JSONValue(parsing: value.serialized()) == value)
        }
        #expect((1000..<49_000).contains(accepted))
    }
}
