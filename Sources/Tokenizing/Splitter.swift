// Text into the pieces that no merge may cross.

/// The split patterns that are written out here, by their exact text in tokenizer.json.
package enum SplitPattern: String, Sendable {
    /// Qwen2, 2.5 and 3: each digit is a piece of its own.
    case qwen2 = #"""
        (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
        """#
    /// Llama-3: up to three digits make a piece, so that a number can be one token.
    case llama3 = #"""
        (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\#
        \s*[\r\n]+|\s+(?!\S)|\s+
        """#

    /// How many numbers in a row make one piece.
    var longestNumber: Int { self == .qwen2 ? 1 : 3 }
}

/// Cuts text as the pattern would, without a regex engine: no pattern of a file is ever run, and time is linear.
package struct Splitter: Sendable {
    let pattern: SplitPattern
    private let table = ScalarTable.shared

    package init(pattern: SplitPattern) {
        self.pattern = pattern
    }

    /// Where the piece ends that starts at `start`, in valid UTF-8; always further on.
    ///
    /// The alternatives in the pattern's order; the first scalar's kind leaves few of them.
    package func pieceEnd(_ text: Span<UInt8>, from start: Int) -> Int {
        let (first, length) = kind(text, start)
        let next = start + length
        switch first {
        case .letter:
            return lettersEnd(text, from: next)
        case .number:
            return numbersEnd(text, from: next)
        case .newline:
            return spacesEnd(text, from: start)
        case .space, .other:
            if let end = contractionEnd(text, from: start) { return end }
            guard next < text.count else { return next }
            switch kind(text, next).kind {
            case .letter: return lettersEnd(text, from: next)
            case .other where first == .other || text[start] == UInt8(ascii: " "): return marksEnd(text, from: next)
            default: return first == .other ? newlinesEnd(text, from: next) : spacesEnd(text, from: start)
            }
        }
    }

    private func kind(_ text: Span<UInt8>, _ index: Int) -> (kind: ScalarKind, length: Int) {
        let (scalar, length) = text.scalar(at: index)
        return (table[scalar].kind, length)
    }

    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)`. U+017F folds to "s"; no other scalar outside ASCII folds to a letter here.
    private func contractionEnd(_ text: Span<UInt8>, from start: Int) -> Int? {
        guard text[start] == UInt8(ascii: "'"), start + 1 < text.count else { return nil }
        // Setting this bit lowers A-Z; no other byte becomes a letter by it.
        let first = text[start + 1] | 0x20
        switch first {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
        default: break
        }
        guard start + 2 < text.count else { return nil }
        let second = text[start + 2] | 0x20
        switch (first, second) {
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")): return start + 3
        case (UInt8(ascii: "l"), UInt8(ascii: "l")): return start + 3
        default: return text[start + 1] == 0xC5 && text[start + 2] == 0xBF ? start + 3 : nil
        }
    }

    /// The rest of `\p{L}+`.
    private func lettersEnd(_ text: Span<UInt8>, from index: Int) -> Int {
        var end = index
        while end < text.count {
            let (kind, length) = kind(text, end)
            guard kind == .letter else { break }
            end += length
        }
        return end
    }

    /// The rest of `\p{N}` or `\p{N}{1,3}`.
    private func numbersEnd(_ text: Span<UInt8>, from index: Int) -> Int {
        var end = index
        for _ in 1..<pattern.longestNumber {
            guard end < text.count else { break }
            let (kind, length) = kind(text, end)
            guard kind == .number else { break }
            end += length
        }
        return end
    }

    /// The rest of `[^\s\p{L}\p{N}]+[\r\n]*`.
    private func marksEnd(_ text: Span<UInt8>, from index: Int) -> Int {
        var end = index
        while end < text.count {
            let (kind, length) = kind(text, end)
            guard kind == .other else { break }
            end += length
        }
        return newlinesEnd(text, from: end)
    }

    /// `[\r\n]*`
    private func newlinesEnd(_ text: Span<UInt8>, from index: Int) -> Int {
        var end = index
        while end < text.count, text[end] == 0x0A || text[end] == 0x0D { end += 1 }
        return end
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+` at a space: up to the run's last newline; else the run, without its last space if text
    /// follows, which then goes with that text; else that one space.
    private func spacesEnd(_ text: Span<UInt8>, from start: Int) -> Int {
        var end = start
        var last = start
        var lastNewlineEnd: Int?
        while end < text.count {
            let (kind, length) = kind(text, end)
            guard kind == .space || kind == .newline else { break }
            last = end
            end += length
            if kind == .newline { lastNewlineEnd = end }
        }
        if let lastNewlineEnd { return lastNewlineEnd }
        return end == text.count || last == start ? end : last
    }
}
