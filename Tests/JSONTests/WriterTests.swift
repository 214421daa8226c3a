// JSON straight into bytes.
import JSON
import Testing

@Suite struct WriterTests {
    @Test func `commas stand between values and nowhere else`() throws {
        var writer = JSONWriter()
        writer.openObject()
        writer.key("a")
        writer.openArray()
        try writer.number(0.5)
        writer.number(3)
        writer.openObject()
        writer.closeObject()
        writer.openArray()
        writer.closeArray()
        writer.null()
        writer.closeArray()
        writer.key("b")
        writer.bool(true)
        writer.key("c")
        writer.value(["x", ["y": false]])
        writer.closeObject()
        #expect(
            String(decoding: writer.bytes, as: UTF8.self) == #"{"a":[0.5,3,{},[],null],"b":true,"c":["x",{"y":false}]}"#
        )
    }

    @Test(arguments: [
        ("", #""""#), ("a\"b\\c/", #""a\"b\\c/""#), ("\u{0}\u{1F}\u{7F}", "\"\\u0000\\u001f\u{7F}\""),
        ("\u{8}\t\n\u{C}\r", #""\b\t\n\f\r""#), ("é\u{1F600}", "\"é\u{1F600}\""), ("\r\n", #""\r\n""#),
    ])
    func `a string is escaped where it must be`(text: String, json: String) throws {
        #expect(JSONValue.string(text).serialized() == Array(json.utf8))
        #expect(try JSONValue(parsing: JSONValue.string(text).serialized()) == .string(text))
    }

    @Test func `every scalar of Unicode survives the round trip`() throws {
        var text = ""
        for code in UInt32(0)...0x10FFFF {
            if let scalar = Unicode.Scalar(code) { text.unicodeScalars.append(scalar) }
        }
        #expect(try JSONValue(parsing: JSONValue.string(text).serialized()) == .string(text))
        let members = JSONObject([(text, 1)])
        #expect(try JSONValue(parsing: JSONValue.object(members).serialized()) == .object(members))
    }

    @Test func `one kind is not another`() {
        let values: [JSONValue] = [nil, true, 1, "x", [], [:]]
        #expect(values.map(\.isNull) == [true, false, false, false, false, false])
        #expect(values.map(\.bool) == [nil, true, nil, nil, nil, nil])
        #expect(values.map(\.integer) == [nil, nil, 1, nil, nil, nil])
        #expect(values.map(\.double) == [nil, nil, 1, nil, nil, nil])
        #expect(values.map(\.string) == [nil, nil, nil, "x", nil, nil])
        #expect(values.map { $0.array?.count } == [nil, nil, nil, nil, 0, nil])
        #expect(values.map { $0.object?.count } == [nil, nil, nil, nil, nil, 0])
    }
}
