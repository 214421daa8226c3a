// The tokens of RFC 8259: strings, numbers and names.

/// A position in the bytes of a text; every read is bounds-checked, every step moves forward.
struct JSONScanner {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    func error(_ kind: JSONError.Kind) -> JSONError { JSONError(kind, offset: position) }

    func peek() throws(JSONError) -> UInt8 {
        guard position < bytes.count else { throw error(.unexpectedEnd) }
        return bytes[position]
    }

    mutating func advance() { position += 1 }

    mutating func expect(_ byte: UInt8) throws(JSONError) {
        let found = try peek()
        guard found == byte else { throw error(.unexpectedByte(found)) }
        position += 1
    }

    mutating func skipWhiteSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    func expectEnd() throws(JSONError) {
        guard position == bytes.count else { throw error(.trailingBytes) }
    }

    func refuseByteOrderMark() throws(JSONError) {
        // RFC 8259 section 8.1 lets a reader ignore it; we hold callers to what they must send.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw error(.byteOrderMark) }
    }

    mutating func scalar() throws(JSONError) -> JSONValue {
        switch try peek() {
        case UInt8(ascii: "\""):
            position += 1
            return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return .number(try number())
        case UInt8(ascii: "t"):
            try name("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try name("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try name("null")
            return .null
        case let other:
            throw error(.unexpectedByte(other))
        }
    }

    private mutating func name(_ name: StaticString) throws(JSONError) {
        for index in 0..<name.utf8CodeUnitCount { try expect(name.utf8Start[index]) }
    }
}

// MARK: - Numbers

extension JSONScanner {
    private mutating func number() throws(JSONError) -> JSONNumber {
        let start = position
        skip(UInt8(ascii: "-"))
        if !skip(UInt8(ascii: "0")) { try digits() }
        var isCertainlyFinite = position - start < 300
        if skip(UInt8(ascii: ".")) { try digits() }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            if !skip(UInt8(ascii: "+")) { skip(UInt8(ascii: "-")) }
            try digits()
            isCertainlyFinite = false
        }
        let lexeme = try validated(start..<position)
        guard isCertainlyFinite || Double(lexeme)?.isFinite == true else {
            throw JSONError(.numberOutOfRange, offset: start)
        }
        return JSONNumber(checked: lexeme)
    }

    @discardableResult
    private mutating func skip(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func digits() throws(JSONError) {
        let start = position
        while position < bytes.count, bytes[position] >= UInt8(ascii: "0"), bytes[position] <= UInt8(ascii: "9") {
            position += 1
        }
        guard position > start else {
            throw error(position < bytes.count ? .invalidNumber : .unexpectedEnd)
        }
    }
}

// MARK: - Strings

extension JSONScanner {
    /// Reads to the closing quote; stands after the opening one.
    mutating func string() throws(JSONError) -> String {
        let start = position
        skipRun()
        switch try peek() {
        case UInt8(ascii: "\""):
            let text = try validated(start..<position)
            position += 1
            return text
        case UInt8(ascii: "\\"):
            return try escapedString(from: start)
        case let control:
            throw error(.controlCharacter(control))
        }
    }

    /// Over bytes that stand for themselves, to the one that ends the run or to the end of the text.
    private mutating func skipRun() {
        position = Self.runEnd(bytes.span, from: position)
    }

    private static func runEnd(_ text: Span<UInt8>, from start: Int) -> Int {
        var end = start
        while end < text.count, text[end] >= 0x20, text[end] != UInt8(ascii: "\""), text[end] != UInt8(ascii: "\\") {
            end += 1
        }
        return end
    }

    /// A string that has escapes: its plain runs are copied, its escapes decoded.
    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var text = try validated(start..<position)
        while true {
            let run = position
            skipRun()
            text += try validated(run..<position)
            switch try peek() {
            case UInt8(ascii: "\""):
                position += 1
                return text
            case UInt8(ascii: "\\"):
                text.unicodeScalars.append(try escape())
            case let control:
                throw error(.controlCharacter(control))
            }
        }
    }

    /// Never repairs: `String(decoding:)` would turn a bad byte into U+FFFD.
    private func validated(_ range: Range<Int>) throws(JSONError) -> String {
        do {
            return String(copying: try UTF8Span(validating: bytes.span.extracting(range)))
        } catch {
            throw JSONError(.invalidUTF8, offset: range.lowerBound + error.byteOffsets.lowerBound)
        }
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        let start = position
        position += 1
        let kind = try peek()
        position += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(kind)
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape(from: start)
        default: throw JSONError(.invalidEscape, offset: start)
        }
    }

    /// One or, for a surrogate pair, two `\u` escapes; RFC 8259 section 7.
    private mutating func unicodeEscape(from start: Int) throws(JSONError) -> Unicode.Scalar {
        let first = try hexadecimal(from: start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        // Python writes lone surrogates where a model's output was cut inside a character; they stand for no text.
        let lone = JSONError(.loneSurrogate, offset: start)
        guard first < 0xDC00, position + 1 < bytes.count,
            bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
        else { throw lone }
        let second = position
        position += 2
        let low = try hexadecimal(from: second)
        guard (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10 | (low - 0xDC00)))
        else { throw lone }
        return scalar
    }

    private mutating func hexadecimal(from start: Int) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = try peek()
            guard let digit = Self.hexadecimalDigit(byte) else { throw JSONError(.invalidEscape, offset: start) }
            value = value << 4 | digit
            position += 1
        }
        return value
    }

    private static func hexadecimalDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }
}
