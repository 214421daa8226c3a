// Which content coding a body has, and which an answer may have.

/// How a body's bytes stand for its content (RFC 9110 8.4).
package enum ContentCoding: Sendable, Equatable {
    case identity
    case gzip

    /// What the lines of Content-Encoding say together.
    ///
    /// Codings upon codings are refused too: each could unfold a thousandfold what the last one left.
    init(of lines: [[UInt8]]) throws(Refusal) {
        let names = lines.flatMap { $0.split(separator: UInt8(ascii: ",")) }.map(\.trimmed)
            // RFC 9110 5.6.1: empty elements of a list are passed over. `identity` names what is there anyway.
            .filter { !$0.isEmpty && !$0.equals(ignoringCase: "identity") }
        switch names.count {
        case 0: self = .identity
        case 1 where names[0].isGzip: self = .gzip
        default: throw .unknownContentCoding
        }
    }

    /// Whether a client that sent these lines of Accept-Encoding wants gzip rather than nothing (RFC 9110 12.5.3).
    ///
    /// What is malformed or contradicts itself counts as refused: bytes as they are, everybody can read.
    package static func acceptsGzip(_ lines: [[UInt8]]) -> Bool {
        var gzip: Int?
        var identity: Int?
        var others: Int?
        for element in lines.flatMap({ $0.split(separator: UInt8(ascii: ",")) }).map(\.trimmed) where !element.isEmpty {
            let name = element.prefix { $0 != UInt8(ascii: ";") }
            let weight = Self.weight(element[name.endIndex...])
            switch name.trimmed {
            case let name where name.isGzip: gzip = min(gzip ?? weight, weight)
            case let name where name.equals(ignoringCase: "identity"): identity = max(identity ?? weight, weight)
            case let name where name.elementsEqual("*".utf8): others = min(others ?? weight, weight)
            default: break
            }
        }
        let wish = gzip ?? others ?? 0
        return wish > 0 && wish >= identity ?? 0
    }

    /// The thousandths of `;q=0.5`, 1000 where nothing follows, 0 where it is anything else (RFC 9110 12.4.2).
    private static func weight(_ parameters: ArraySlice<UInt8>) -> Int {
        guard !parameters.isEmpty else { return 1000 }
        let text = parameters.dropFirst().trimmed
        guard text.prefix(2).equals(ignoringCase: "q=") else { return 0 }
        let number = text.dropFirst(2)
        guard let whole = number.first, whole == UInt8(ascii: "0") || whole == UInt8(ascii: "1") else { return 0 }
        let rest = number.dropFirst()
        let digits = rest.dropFirst()
        guard rest.isEmpty || rest.first == UInt8(ascii: "."), digits.count <= 3, digits.allSatisfy(\.isDigit) else {
            return 0
        }
        var thousandths = Int(whole - 0x30)
        for place in 0..<3 {
            let digit = place < digits.count ? digits[digits.startIndex + place] - 0x30 : 0
            thousandths = thousandths * 10 + Int(digit)
        }
        return thousandths <= 1000 ? thousandths : 0
    }
}

extension ArraySlice where Element == UInt8 {
    /// RFC 9110 8.4.1.3: `x-gzip` is the same.
    fileprivate var isGzip: Bool { equals(ignoringCase: "gzip") || equals(ignoringCase: "x-gzip") }
}
