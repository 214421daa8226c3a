// Any bytes as a JSON text: taken where the grammar says so, and written back as it was read.
import JSON

@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzJSON(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    do throws(JSONError) {
        let value = try JSONValue(parsing: bytes)
        precondition(Grammar.matches(bytes) && isUTF8(bytes), "what is no JSON is taken")
        let written = value.serialized()
        guard let again = try? JSONValue(parsing: written) else { preconditionFailure("what is written is not taken") }
        precondition(again == value && again.serialized() == written, "what is written is another value")
        check(value)
    } catch {
        precondition((0...bytes.count).contains(error.offset))
        precondition(isOurs(error.kind, in: bytes) || !Grammar.matches(bytes), "JSON is refused")
    }
    return 0
}

private func isUTF8(_ bytes: [UInt8]) -> Bool { String(validating: bytes, as: UTF8.self) != nil }

/// What RFC 8259 lets a reader refuse, and this one does.
private func isOurs(_ kind: JSONError.Kind, in bytes: [UInt8]) -> Bool {
    switch kind {
    case .tooDeep, .duplicateKey, .loneSurrogate, .numberOutOfRange, .byteOrderMark: true
    case .invalidUTF8: !isUTF8(bytes)
    default: false
    }
}

/// Every number is finite, every member is found by its key.
private func check(_ value: JSONValue) {
    switch value {
    case .number(let number): precondition(number.double.isFinite)
    case .array(let elements): elements.forEach(check)
    case .object(let members):
        for member in members {
            precondition(members[member.key] == member.value)
            check(member.value)
        }
    case .null, .bool, .string: break
    }
}
