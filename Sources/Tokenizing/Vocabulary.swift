// The tokens that merges make, by id.

/// Ids and what they stand for; some ids may stand for nothing.
struct Vocabulary: Sendable {
    /// How the file spells its tokens.
    enum Spelling {
        /// Every byte a letter of `ByteAlphabet`.
        case byteAlphabet
        /// As text, a mark for a space, and `<0x0A>` for a byte where the model falls back on bytes.
        case marked(bytes: Bool)
    }

    private let spelling: Spelling
    /// Every token's bytes one after the other, and by id where its own begin and end.
    private var bytes: [UInt8] = []
    private var ranges: [Range<UInt32>?] = []
    /// Tokens that merges make of byte tokens: they decode to their spelling, and stand for other bytes in a text.
    private var unclear: Set<Int32> = []
    private(set) var count = 0

    init(_ spelling: Spelling) { self.spelling = spelling }

    var idUpperBound: Int { ranges.count }

    func contains(_ id: Int) -> Bool { ranges.indices.contains(id) && ranges[id] != nil }

    func bytes(of id: Int32) -> [UInt8]? {
        guard contains(Int(id)), let range = ranges[Int(id)] else { return nil }
        return Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
    }

    /// How many bytes of text a token stands for; nil where nobody can say.
    func length(of id: Int32) -> Int? {
        contains(Int(id)) && !unclear.contains(id) ? ranges[Int(id)]?.count : nil
    }

    /// Adds a token that the file spells as `text`. The caller has checked that `id` is new and in bounds.
    mutating func insert(_ text: String, id: Int) {
        let start = UInt32(bytes.count)
        switch spelling {
        case .byteAlphabet:
            // Some files list special tokens here too, which are not spelt in the alphabet and which no merge reaches.
            if !ByteAlphabet.append(text, to: &bytes) { bytes += text.utf8 }
        case .marked(let hasBytes):
            if hasBytes, let byte = ByteToken.byte(of: text.utf8.span) {
                bytes.append(byte)
            } else {
                SpaceMark.appendUnmarked(text.utf8.span, to: &bytes)
                if hasBytes, ByteToken.stands(in: text.utf8.span) { unclear.insert(Int32(id)) }
            }
        }
        while ranges.count <= id { ranges.append(nil) }
        ranges[id] = start..<UInt32(bytes.count)
        count += 1
    }
}

/// `<0x00>` to `<0xFF>`: tokens of bytes that belong to no known character.
enum ByteToken {
    private static let digits = Array("0123456789ABCDEF".utf8)

    static func text(of byte: UInt8) -> [UInt8] {
        Array("<0x".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)], UInt8(ascii: ">")]
    }

    static func stands(in text: Span<UInt8>) -> Bool {
        guard text.count > 6 else { return false }
        return (0...text.count - 6).contains { byte(of: text.extracting($0..<$0 + 6)) != nil }
    }

    static func byte(of text: Span<UInt8>) -> UInt8? {
        guard text.count == 6, text[0] == UInt8(ascii: "<"), let high = digits.firstIndex(of: text[3]),
            let low = digits.firstIndex(of: text[4])
        else { return nil }
        let byte = UInt8(high << 4 | low)
        return self.text(of: byte).indices.allSatisfy { self.text(of: byte)[$0] == text[$0] } ? byte : nil
    }
}
