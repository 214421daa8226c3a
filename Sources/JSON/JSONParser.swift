// The grammar of RFC 8259, without recursion.
//
// Written by hand because Foundation's parsers accept trailing commas and UTF-16, keep one of two equal keys, merge
// keys that differ by normalisation and lose the spelling of numbers.

/// Builds the tree with an explicit stack, so that depth costs memory that the limit bounds and never the call stack.
struct JSONParser {
    var scanner: JSONScanner
    private let limits: JSONLimits
    /// The innermost container, held apart from those around it because every value goes into it; while `outer` is
    /// empty none is open.
    private var inner = Container(isObject: false)
    private var outer: [Container] = []
    private var values = 0
    private var containers = 0

    /// An array or object whose end has not been read.
    private struct Container {
        let isObject: Bool
        var elements: [JSONValue] = []
        var object = JSONObject()
        /// The key whose value is being read.
        var key: String?
    }

    init(_ bytes: [UInt8], limits: JSONLimits) {
        scanner = JSONScanner(bytes: bytes)
        self.limits = limits
    }

    mutating func parse() throws(JSONError) -> JSONValue {
        do {
            return try document()
        } catch {
            throw JSONError(error.kind, offset: error.offset, path: path)
        }
    }

    private mutating func document() throws(JSONError) -> JSONValue {
        try scanner.refuseByteOrderMark()
        scanner.skipWhiteSpace()
        while true {
            guard var value = try scalarOrOpen() else { continue }
            // A finished value may finish the containers around it, one after the other.
            while !outer.isEmpty {
                guard let container = try closeOrContinue(after: value) else { break }
                value = container
            }
            if outer.isEmpty {
                scanner.skipWhiteSpace()
                try scanner.expectEnd()
                return value
            }
        }
    }

    /// Reads a value that needs no more reading, or opens a container and stands before its first value: nil.
    private mutating func scalarOrOpen() throws(JSONError) -> JSONValue? {
        values += 1
        guard values <= limits.values else { throw scanner.error(.tooManyValues(limit: limits.values)) }
        switch try scanner.peek() {
        case UInt8(ascii: "["):
            try push(isObject: false)
            if try scanner.peek() == UInt8(ascii: "]") { return pop() }
            // The merges of a vocabulary are 150,000 pairs.
            inner.elements.reserveCapacity(2)
            return nil
        case UInt8(ascii: "{"):
            try push(isObject: true)
            guard try scanner.peek() == UInt8(ascii: "}") else {
                try readKey()
                return nil
            }
            return pop()
        default:
            return try scanner.scalar()
        }
    }

    /// Puts a finished value into the innermost container; gives that one if it ends here, nil if a value follows.
    private mutating func closeOrContinue(after value: consuming JSONValue) throws(JSONError) -> JSONValue? {
        let isObject = inner.isObject
        if isObject {
            inner.object.setLast(value)
            inner.key = nil
        } else {
            inner.elements.append(value)
        }
        scanner.skipWhiteSpace()
        switch try scanner.peek() {
        case UInt8(ascii: ","):
            scanner.advance()
            scanner.skipWhiteSpace()
            if isObject { try readKey() }
            return nil
        case isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"):
            return pop()
        case let other:
            throw scanner.error(.unexpectedByte(other))
        }
    }

    /// `"key" :` and the white space before the value.
    private mutating func readKey() throws(JSONError) {
        let offset = scanner.position
        try scanner.expect(UInt8(ascii: "\""))
        let key = try scanner.string()
        inner.key = key
        // RFC 8259 section 4 leaves a repeated name to the reader; two readers that guess differently can be played
        // against each other.
        guard inner.object.appendNew(key) else { throw JSONError(.duplicateKey(key), offset: offset) }
        scanner.skipWhiteSpace()
        try scanner.expect(UInt8(ascii: ":"))
        scanner.skipWhiteSpace()
    }

    private mutating func push(isObject: Bool) throws(JSONError) {
        guard outer.count < limits.depth else { throw scanner.error(.tooDeep(limit: limits.depth)) }
        containers += 1
        guard containers <= limits.containers else { throw scanner.error(.tooManyContainers(limit: limits.containers)) }
        scanner.advance()
        // Swapped, as they are when it ends: a copy would count every reference up and down.
        outer.append(Container(isObject: isObject))
        swap(&inner, &outer[outer.count - 1])
        scanner.skipWhiteSpace()
    }

    private mutating func pop() -> JSONValue {
        scanner.advance()
        var container = outer.removeLast()
        swap(&container, &inner)
        return container.isObject ? .object(container.object) : .array(container.elements)
    }

    /// Where the parser stands, such as `rollouts[1].steps[2]`.
    private var path: String {
        var path = ""
        guard !outer.isEmpty else { return path }
        for container in outer.dropFirst() + [inner] {
            if !container.isObject {
                path += "[\(container.elements.count)]"
            } else if let key = container.key {
                path += JSONPath.member(key, isFirst: path.isEmpty)
            }
        }
        return path
    }
}

/// How a path is spelt for people.
enum JSONPath {
    /// Longer keys are cut: they are the caller's bytes, and an error must stay short.
    private static let longestKey = 64

    /// `.key`, or `["odd key"]` where a plain name would be misread.
    static func member(_ key: String, isFirst: Bool) -> String {
        let isPlain = !key.isEmpty && key.utf8.allSatisfy { isNameByte($0) }
        let shown = key.utf8.count <= longestKey ? key : String(key.unicodeScalars.prefix(longestKey / 4)) + "..."
        if isPlain { return isFirst ? shown : "." + shown }
        var writer = JSONWriter()
        writer.string(shown)
        return "[" + String(decoding: writer.bytes, as: UTF8.self) + "]"
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
