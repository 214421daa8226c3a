// A JSON text as a value, and why one was refused.

/// One JSON value; strings are compared by their bytes, so composed and decomposed accents differ.
package enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// Reads one RFC 8259 text in UTF-8; nothing may stand before or after it but white space.
    package init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        var parser = JSONParser(bytes, limits: limits)
        self = try parser.parse()
    }

    package init(parsing bytes: some Sequence<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        try self.init(parsing: Array(bytes), limits: limits)
    }

    /// The compact text of this value, with numbers spelt as they came.
    package func serialized() -> [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.bytes
    }
}

/// What a parse may cost; the number of bytes is the caller's affair.
///
/// Two bytes, `1,`, become a value of 24 in an array that may be half empty; `[],` or `{},` that holds something, 100 more.
package struct JSONLimits: Sendable {
    /// How many arrays and objects may stand inside one another.
    package let depth: Int
    /// Values of every kind, those inside others too.
    package let values: Int
    /// Arrays and objects among them.
    package let containers: Int

    package init(depth: Int = 64, values: Int = .max, containers: Int = .max) {
        // A tree is freed, compared and written by recursion, which 512 levels do not exhaust.
        precondition((1...512).contains(depth), "the depth of a JSON text is limited to 1 through 512")
        self.depth = depth
        self.values = values
        self.containers = containers
    }
}

/// Why a text is not JSON that we take, and where.
package struct JSONError: Error, Equatable {
    package enum Kind: Equatable, Sendable {
        case unexpectedEnd
        case unexpectedByte(UInt8)
        case byteOrderMark
        case trailingBytes
        case tooDeep(limit: Int)
        case tooManyValues(limit: Int)
        case tooManyContainers(limit: Int)
        case duplicateKey(String)
        case invalidUTF8
        case controlCharacter(UInt8)
        case invalidEscape
        case loneSurrogate
        case invalidNumber
        /// Larger than any `Double`, such as 1e400.
        case numberOutOfRange
        /// Only from `JSONWriter`: NaN and infinity have no JSON.
        case notFinite
    }

    package let kind: Kind
    /// In bytes from the start of the text.
    package let offset: Int
    /// The value that failed, such as `rollouts[1].steps[2]`; empty at the top.
    package let path: String

    package init(_ kind: Kind, offset: Int, path: String = "") {
        self.kind = kind
        self.offset = offset
        self.path = path
    }
}

extension JSONValue: Equatable {
    package static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }
}
