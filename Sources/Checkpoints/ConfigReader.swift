// Typed, bounded reading of config.json's fields.
import JSON

/// An object of config.json with its place in the file, so that every refusal names the whole field.
///
/// `null` reads as absent; a caller for whom they differ asks `isNull`.
struct ConfigReader {
    private let object: JSONObject
    private let prefix: String

    init(_ object: JSONObject, prefix: String = "") {
        self.object = object
        self.prefix = prefix
    }

    func has(_ key: String) -> Bool { object[key] != nil }

    func isNull(_ key: String) -> Bool { object[key]?.isNull == true }

    func refusal(_ key: String, _ problem: FieldProblem) -> CheckpointError {
        .config(field: prefix + key, problem)
    }

    func required<Value>(_ key: String, _ value: Value?) throws(CheckpointError) -> Value {
        guard let value else { throw refusal(key, .missing) }
        return value
    }

    /// 5.0 is not an integer here: nothing that writes config.json writes it so.
    func integer(_ key: String, in range: ClosedRange<Int>) throws(CheckpointError) -> Int? {
        guard let number = try read(key, .integer, \.number) else { return nil }
        guard let integer = number.integer else {
            // A whole number that no Int holds is out of range; what has a point or an exponent is of the wrong kind.
            let isWhole = number.lexeme.utf8.allSatisfy { $0 != UInt8(ascii: ".") && $0 | 0x20 != UInt8(ascii: "e") }
            throw refusal(key, isWhole ? .outOfRange(number.lexeme) : .expected(.integer))
        }
        guard range.contains(integer) else { throw refusal(key, .outOfRange(number.lexeme)) }
        return integer
    }

    func number(_ key: String, in range: ClosedRange<Double>) throws(CheckpointError) -> Double? {
        guard let number = try read(key, .number, \.number) else { return nil }
        guard range.contains(number.double) else { throw refusal(key, .outOfRange(number.lexeme)) }
        return number.double
    }

    func bool(_ key: String) throws(CheckpointError) -> Bool? { try read(key, .boolean, \.bool) }

    func string(_ key: String) throws(CheckpointError) -> String? { try read(key, .string, \.string) }

    func strings(_ key: String) throws(CheckpointError) -> [String]? {
        try read(key, .strings) { value in
            guard let elements = value.array else { return nil }
            let strings = elements.compactMap(\.string)
            return strings.count == elements.count ? strings : nil
        }
    }

    func object(_ key: String) throws(CheckpointError) -> JSONObject? { try read(key, .object, \.object) }

    func reader(_ key: String) throws(CheckpointError) -> ConfigReader? {
        guard let child = try object(key) else { return nil }
        return ConfigReader(child, prefix: prefix + key + ".")
    }

    private func read<Value>(
        _ key: String,
        _ kind: FieldProblem.Kind,
        _ convert: (JSONValue) -> Value?
    ) throws(CheckpointError) -> Value? {
        guard let value = object[key], !value.isNull else { return nil }
        guard let converted = convert(value) else { throw refusal(key, .expected(kind)) }
        return converted
    }
}
