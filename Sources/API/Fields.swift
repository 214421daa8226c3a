// Reads one JSON object field by field, naming what is wrong.
import JSON

/// A JSON object and where it stands in the body, such as `rollouts[1]` ("" at the top).
struct Fields {
    let object: JSONObject
    let path: String

    init(_ value: JSONValue, at path: String) throws(APIError) {
        guard let object = value.object else {
            throw .wrongField(path.isEmpty ? "The body" : path, expected: "an object")
        }
        self.object = object
        self.path = path
    }

    func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// A missing key and an explicit null are the same: not given.
    subscript(_ key: String) -> JSONValue? {
        guard let value = object[key], value != .null else { return nil }
        return value
    }

    func refuseUnknown(except known: [String]) throws(APIError) {
        for key in object.keys where !known.contains(where: { $0.utf8.elementsEqual(key.utf8) }) {
            throw .unknownField(name(key.fieldName), known: known)
        }
    }

    func string(_ key: String) throws(APIError) -> String? {
        guard let value = self[key] else { return nil }
        guard let string = value.string else { throw .wrongField(name(key), expected: "a string") }
        return string
    }

    func bool(_ key: String) throws(APIError) -> Bool? {
        guard let value = self[key] else { return nil }
        guard let bool = value.bool else { throw .wrongField(name(key), expected: "true or false") }
        return bool
    }

    func number(_ key: String) throws(APIError) -> Double? {
        guard let value = self[key] else { return nil }
        guard let number = value.double else { throw .wrongField(name(key), expected: "a number") }
        return number
    }

    func array(_ key: String) throws(APIError) -> [JSONValue]? {
        guard let value = self[key] else { return nil }
        guard let array = value.array else { throw .wrongField(name(key), expected: "an array") }
        return array
    }

    func strings(_ key: String) throws(APIError) -> [String]? {
        guard let array = try array(key) else { return nil }
        var strings: [String] = []
        strings.reserveCapacity(array.count)
        for (index, value) in array.enumerated() {
            guard let string = value.string else { throw .wrongField("\(name(key))[\(index)]", expected: "a string") }
            strings.append(string)
        }
        return strings
    }

    /// One word of an enumeration.
    func word<Word: RawRepresentable & CaseIterable>(
        _ key: String,
        as type: Word.Type
    ) throws(APIError) -> Word? where Word.RawValue == String {
        guard let string = try string(key) else { return nil }
        guard let word = Word(rawValue: string) else {
            throw .wrongField(name(key), expected: "one of " + Word.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return word
    }
}
