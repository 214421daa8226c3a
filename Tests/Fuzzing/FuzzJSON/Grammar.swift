// RFC 8259 written down a second time, as a judge of the parser.

/// Reads by recursion, as the RFC has it, and keeps nothing.
struct Grammar {
    private let bytes: [UInt8]
    private var place = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Whether bytes are a JSON text, whatever their depth, keys, numbers and characters.
    static func matches(_ bytes: [UInt8]) -> Bool {
        var grammar = Grammar(bytes)
        return grammar.element() && grammar.place == bytes.count
    }

    private mutating func element() -> Bool {
        blanks()
        guard value() else { return false }
        blanks()
        return true
    }

    private mutating func value() -> Bool {
        switch next {
        case UInt8(ascii: "{"): list("{", "}") { $0.member() }
        case UInt8(ascii: "["): list("[", "]") { $0.element() }
        case UInt8(ascii: "\""): string()
        default: literal("true") || literal("false") || literal("null") || number()
        }
    }

    private mutating func member() -> Bool {
        blanks()
        guard string() else { return false }
        blanks()
        return literal(":") && element()
    }

    private mutating func list(_ open: StaticString, _ close: StaticString, of part: (inout Self) -> Bool) -> Bool {
        guard literal(open) else { return false }
        blanks()
        if literal(close) { return true }
        repeat { guard part(&self) else { return false } } while literal(",")
        return literal(close)
    }

    private mutating func string() -> Bool {
        guard literal("\"") else { return false }
        while let byte = next, byte >= 0x20 {
            place += 1
            if byte == UInt8(ascii: "\"") { return true }
            if byte == UInt8(ascii: "\\") { guard escape() else { return false } }
        }
        return false
    }

    private mutating func escape() -> Bool {
        guard literal("u") else { return one(of: "\"\\/bfnrt") }
        for _ in 0..<4 { guard one(of: "0123456789abcdefABCDEF") else { return false } }
        return true
    }

    private mutating func number() -> Bool {
        _ = literal("-")
        guard literal("0") || digits() else { return false }
        if literal(".") { guard digits() else { return false } }
        guard one(of: "eE") else { return true }
        _ = one(of: "+-")
        return digits()
    }

    private mutating func digits() -> Bool {
        guard one(of: "0123456789") else { return false }
        while one(of: "0123456789") {}
        return true
    }

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func blanks() { while one(of: " \t\n\r") {} }

    private mutating func one(of set: StaticString) -> Bool {
        guard let next, set.withUTF8Buffer({ $0.contains(next) }) else { return false }
        place += 1
        return true
    }

    private mutating func literal(_ text: StaticString) -> Bool {
        guard text.withUTF8Buffer({ bytes[place...].starts(with: $0) }) else { return false }
        place += text.utf8CodeUnitCount
        return true
    }
}
