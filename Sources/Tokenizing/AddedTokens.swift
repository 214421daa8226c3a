// Tokens that are found in the text before it is split.

/// One of the file's added tokens.
struct AddedToken: Sendable {
    let id: Int32
    let content: [UInt8]
    /// Found only where no word touches it.
    let isSingleWord: Bool
    /// Takes the white space on its left, or right, with it.
    let stripsLeft: Bool
    let stripsRight: Bool
    /// Found in normalised text, in its own normalised spelling.
    let isNormalised: Bool
}

/// All added tokens: those that are found in raw text, and those that are found in what is left, once normalised.
struct AddedTokens: Sendable {
    let raw: TokenMatcher
    let normalised: TokenMatcher
    let ids: [[UInt8]: Int32]
    let contents: [Int32: [UInt8]]

    /// Contents and ids have been checked to differ.
    init(_ tokens: [AddedToken], normaliser: Normaliser) throws(TokenizerError) {
        raw = try TokenMatcher(tokens.filter { !$0.isNormalised }.map { ($0, $0.content) })
        normalised = try TokenMatcher(
            tokens.filter(\.isNormalised).map { ($0, normaliser.changed($0.content.span) ?? $0.content) }
        )
        ids = Dictionary(tokens.map { ($0.content, $0.id) }, uniquingKeysWith: { first, _ in first })
        contents = Dictionary(tokens.map { ($0.id, $0.content) }, uniquingKeysWith: { first, _ in first })
    }
}

/// Finds tokens in text: the leftmost first, the longest of those that begin there.
struct TokenMatcher: Sendable {
    enum Segment: Equatable {
        case token(Int32)
        case text(Range<Int>)
    }

    private let tokens: [AddedToken]
    /// A trie over bytes: node and byte to node; the root is 0.
    private var children: [Int: Int] = [:]
    /// By node, the place in `tokens` of the one that ends there.
    private var ends: [Int?] = [nil]
    /// Whether any token begins with a byte, so that most text costs one read a byte.
    private var isFirst = [Bool](repeating: false, count: 256)

    /// Two tokens of one spelling are refused: nobody could say which of them a text means.
    init(_ spellings: [(token: AddedToken, spelling: [UInt8])]) throws(TokenizerError) {
        tokens = spellings.map(\.token)
        for (place, (_, spelling)) in spellings.enumerated() {
            var node = 0
            for byte in spelling {
                let next = children[node << 8 | Int(byte)] ?? ends.count
                if next == ends.count { ends.append(nil) }
                children[node << 8 | Int(byte)] = next
                node = next
            }
            guard ends[node] == nil else {
                throw .duplicateAddedToken(content: TokenizerError.excerpt(String(decoding: spelling, as: UTF8.self)))
            }
            ends[node] = place
            if let first = spelling.first { isFirst[Int(first)] = true }
        }
    }

    /// The text in order, as tokens and what stands between them; the rules are those of Hugging Face's `find_matches`.
    func segments(of text: Span<UInt8>) -> [Segment] {
        guard !tokens.isEmpty else { return [.text(0..<text.count)] }
        var segments: [Segment] = []
        var done = 0
        var index = 0
        /// The white space that was stripped last, so that tokens within it do not walk it again.
        var stripped = 0..<0
        while let (token, match) = nextMatch(in: text, from: index) {
            index = match.upperBound
            if token.isSingleWord, isTouched(match, in: text) { continue }
            var (start, end) = (match.lowerBound, match.upperBound)
            if token.stripsLeft { start = spacesStart(text, before: start, downTo: done) }
            if token.stripsRight {
                if !stripped.contains(end) { stripped = end..<spacesEnd(text, from: end) }
                end = Swift.max(end, stripped.upperBound)
            }
            if done < start { segments.append(.text(done..<start)) }
            segments.append(.token(token.id))
            // A token may begin in the white space that one before it took; as in Hugging Face, both count, and the
            // text goes on after the second.
            done = end
        }
        if done != text.count { segments.append(.text(done..<text.count)) }
        return segments
    }

    private func nextMatch(in text: Span<UInt8>, from start: Int) -> (AddedToken, Range<Int>)? {
        for index in start..<text.count where isFirst[Int(text[index])] {
            var node = 0
            var end = index
            var longest: (AddedToken, Range<Int>)?
            while end < text.count, let next = children[node << 8 | Int(text[end])] {
                node = next
                end += 1
                if let place = ends[node] { longest = (tokens[place], index..<end) }
            }
            if let longest { return longest }
        }
        return nil
    }

    private func isTouched(_ match: Range<Int>, in text: Span<UInt8>) -> Bool {
        func isWord(at index: Int) -> Bool { ScalarTable.shared[text.scalar(at: index).value].isWord }
        if match.lowerBound > 0, isWord(at: text.scalarStart(before: match.lowerBound)) { return true }
        return match.upperBound < text.count && isWord(at: match.upperBound)
    }

    private func spacesStart(_ text: Span<UInt8>, before index: Int, downTo limit: Int) -> Int {
        var start = index
        while start > limit {
            let previous = text.scalarStart(before: start)
            guard ScalarTable.shared[text.scalar(at: previous).value].isSpace else { break }
            start = previous
        }
        return start
    }

    private func spacesEnd(_ text: Span<UInt8>, from index: Int) -> Int {
        var end = index
        while end < text.count {
            let (scalar, length) = text.scalar(at: end)
            guard ScalarTable.shared[scalar].isSpace else { break }
            end += length
        }
        return end
    }
}
