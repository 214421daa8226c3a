// Spaces as SentencePiece writes them: U+2581, "▁".

/// Text with a mark for each space, and where it is cut at its marks.
enum SpaceMark {
    static let scalar: Unicode.Scalar = "\u{2581}"
    static let text = "\u{2581}"
    static let bytes: [UInt8] = Array(text.utf8)

    static func stands(in text: Span<UInt8>, at index: Int) -> Bool {
        text[index] == bytes[0] && index + 2 < text.count && text[index + 1] == bytes[1] && text[index + 2] == bytes[2]
    }

    /// The text with its spaces marked, and one more mark before it where `prepends`; nothing before an empty text.
    static func marked(_ text: Span<UInt8>, prepends: Bool) -> [UInt8] {
        guard !text.isEmpty else { return [] }
        var marked: [UInt8] = []
        marked.reserveCapacity(text.count + text.count / 2 + bytes.count)
        if prepends { marked += bytes }
        for index in text.indices {
            if text[index] == UInt8(ascii: " ") { marked += bytes } else { marked.append(text[index]) }
        }
        return marked
    }

    /// The start of the next word after `start`: a mark, and before it none unless `each` mark begins one.
    static func nextWord(in text: Span<UInt8>, after start: Int, each: Bool) -> Int {
        var index = start
        var isAfterMark = false
        while index < text.count {
            if stands(in: text, at: index) {
                if index > start, each || !isAfterMark { return index }
                isAfterMark = true
                index += bytes.count
            } else {
                isAfterMark = false
                index += 1
            }
        }
        return index
    }
}

/// What tokenizer.json calls a `Metaspace` pre-tokenizer.
struct Metaspace: Sendable, Equatable {
    enum Scheme: String {
        /// Before the text, not before what follows an added token.
        case first
        case always
        case never
    }

    let scheme: Scheme
    /// Each mark begins a piece of its own; else the text is one.
    let splits: Bool

    /// - Parameter isFirst: whether the caller's text begins with this one.
    func prepends(_ text: Span<UInt8>, isFirst: Bool) -> Bool {
        guard !text.isEmpty, text[0] != UInt8(ascii: " "), !SpaceMark.stands(in: text, at: 0) else { return false }
        return scheme == .always || scheme == .first && isFirst
    }

    func marked(_ text: Span<UInt8>, isFirst: Bool) -> [UInt8] {
        SpaceMark.marked(text, prepends: prepends(text, isFirst: isFirst))
    }
}

extension SpaceMark {
    /// Appends a text with a space for each mark.
    static func appendUnmarked(_ text: Span<UInt8>, to bytes: inout [UInt8]) {
        var index = 0
        while index < text.count {
            if stands(in: text, at: index) {
                bytes.append(UInt8(ascii: " "))
                index += self.bytes.count
            } else {
                bytes.append(text[index])
                index += 1
            }
        }
    }
}
