// openapi.yaml as values, with the JSON Schema that it uses.
import Fixtures
import Foundation
import JSON
import Yams

/// The contract; a schema with a word that this cannot judge takes nothing.
struct Contract {
    /// Read once: it is long.
    static let shared = Result { try Contract() }

    private let document: JSONValue

    private init() throws {
        let text = try String(contentsOf: Shared.checkout.appendingPathComponent("openapi.yaml"), encoding: .utf8)
        document = JSONValue(yaml: try Yams.load(yaml: text))
    }

    /// Method and path of every operation.
    var operations: [String] {
        (document["paths"]?.object ?? [:]).flatMap { path, operations in
            (operations.object?.keys ?? []).map { "\($0.uppercased()) \(path)" }
        }
    }

    /// A schema by its name.
    func schema(_ name: String) -> JSONValue { document["components"]?["schemas"]?[name] ?? .null }

    func parameter(_ name: String) -> JSONValue { document["components"]?["parameters"]?[name] ?? .null }

    /// What a reference refers to; anything else is itself.
    func resolved(_ schema: JSONValue) -> JSONValue {
        guard let name = schema["$ref"]?.string?.split(separator: "/").last else { return schema }
        return resolved(self.schema(String(name)))
    }

    /// The objects that `schema` is one of, those within them too.
    func forms(of schema: JSONValue) -> [JSONValue] {
        let schema = resolved(schema)
        return schema["oneOf"]?.array?.flatMap(forms) ?? [schema]
    }

    /// The words of an enumeration, without null.
    func words(of schema: JSONValue) -> [String] {
        let schema = resolved(schema)
        return (schema["const"].map { [$0] } ?? schema["enum"]?.array ?? []).compactMap(\.string)
    }

    func takes(_ value: JSONValue, _ schema: JSONValue) -> Bool {
        let schema = resolved(schema)
        return (schema.object ?? ["nothing": true]).allSatisfy { judge(value, $0, $1, in: schema) }
    }

    private func judge(_ value: JSONValue, _ word: String, _ rule: JSONValue, in schema: JSONValue) -> Bool {
        switch word {
        case "description", "default": true
        case "type": (rule.array ?? [rule]).contains { value.isOf(type: $0.string ?? "") }
        case "const": value == rule
        case "enum": rule.array?.contains(value) == true
        case "oneOf": rule.array?.count { takes(value, $0) } == 1
        case "anyOf": rule.array?.contains { takes(value, $0) } == true
        case "minimum": value.double.map { $0 >= rule.double ?? .nan } ?? true
        case "exclusiveMinimum": value.double.map { $0 > rule.double ?? .nan } ?? true
        case "maximum": value.double.map { $0 <= rule.double ?? .nan } ?? true
        case "minItems": value.array.map { $0.count >= rule.integer ?? .max } ?? true
        case "maxItems": value.array.map { $0.count <= rule.integer ?? -1 } ?? true
        case "items": value.array?.allSatisfy { takes($0, rule) } ?? true
        case "pattern": value.string.map { $0.range(of: rule.string ?? "", options: .regularExpression) != nil } ?? true
        case "required": value.object.map { Set(rule.strings).isSubset(of: $0.keys) } ?? true
        case "properties":
            value.object?.allSatisfy { key, member in rule[key].map { takes(member, $0) } ?? true } ?? true
        case "additionalProperties":
            rule == false && value.object?.keys.allSatisfy { schema["properties"]?[$0] != nil } ?? true
        default: false
        }
    }
}

extension JSONValue {
    /// The strings of an array.
    var strings: [String] { array?.compactMap(\.string) ?? [] }

    fileprivate func isOf(type: String) -> Bool {
        switch type {
        case "null": isNull
        case "boolean": bool != nil
        case "integer": integer != nil
        case "number": double != nil
        case "string": string != nil
        case "array": array != nil
        case "object": object != nil
        default: false
        }
    }

    fileprivate init(yaml value: Any?) {
        switch value {
        case let flag as Bool: self = .bool(flag)
        case let integer as Int: self.init(integer)
        case let number as Double: self = JSONValue(number) ?? .null
        case let text as String: self = .string(text)
        case let values as [Any]: self = .array(values.map { JSONValue(yaml: $0) })
        case let members as [AnyHashable: Any]:
            self = .object(JSONObject(members.map { ("\($0.key)", JSONValue(yaml: $0.value)) }))
        default: self = .null
        }
    }
}
