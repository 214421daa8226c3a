// Objects: order, bytes as keys, edits.
import JSON
import Testing

@Suite struct ObjectTests {
    @Test(arguments: [3, 8, 9, 10, 100])
    func `members keep their order and are found`(count: Int) {
        let object = JSONObject((0..<count).map { ("k\($0)", JSONValue($0)) })
        #expect(object.count == count)
        #expect(object.keys == (0..<count).map { "k\($0)" })
        #expect((0..<count).allSatisfy { object["k\($0)"] == JSONValue($0) })
        #expect(object["k"] == nil)
        #expect(object.map(\.value) == (0..<count).map { JSONValue($0) })
    }

    @Test(arguments: [1, 8, 9, 10, 20])
    func `a removed member is gone and the others stay`(count: Int) {
        for removed in 0..<count {
            var object = JSONObject((0..<count).map { ("k\($0)", JSONValue($0)) })
            object["k\(removed)"] = nil
            #expect(object.count == count - 1)
            #expect(object["k\(removed)"] == nil)
            #expect((0..<count).allSatisfy { $0 == removed || object["k\($0)"] == JSONValue($0) })
            object["new"] = true
            #expect(object["new"] == true && object.keys.last == "new")
        }
    }

    @Test func `setting a key again keeps its place`() {
        var object: JSONObject = ["a": 1, "b": 2]
        object["a"] = .string("x")
        #expect(object.keys == ["a", "b"])
        #expect(object["a"] == "x")
    }

    @Test func `setting null is not removing`() {
        var object: JSONObject = ["a": 1]
        object["a"] = JSONValue.null
        #expect(object.count == 1)
        #expect(object["a"]?.isNull == true)
    }

    @Test func `objects are equal in any order, arrays are not`() {
        #expect(JSONValue(["a": 1, "b": 2] as JSONObject) == ["b": 2, "a": 1])
        #expect(["a": 1, "b": 2] as JSONObject != ["a": 1])
        #expect(["a": 1] as JSONObject != ["b": 1])
        #expect([1, 2] as JSONValue != [2, 1])
    }

    @Test func `strings and keys are compared by bytes`() {
        #expect(JSONValue.string("\u{E9}") != .string("e\u{301}"))
        #expect(["\u{E9}": 1] as JSONObject != ["e\u{301}": 1])
    }
}

extension JSONValue {
    fileprivate init(_ object: JSONObject) { self = .object(object) }
}
