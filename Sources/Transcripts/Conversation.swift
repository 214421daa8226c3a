// A templated text as turns with their places.

/// The turns of a text in a known template, from its beginning to its end.
struct Conversation {
    struct Part {
        let role: Turn.Role
        /// Where the turn's header begins, behind the end of the turn before.
        let header: Int
        let content: Range<Int>
    }

    let grammar: Grammar
    /// At least one; the last content reaches to the end of the text.
    let parts: [Part]

    /// Nil where the text does not begin as the template does.
    private init?(_ text: [UInt8], from start: Int, in grammar: Grammar) {
        guard let opening = grammar.openings.first(where: { text.has($0.bytes, at: start) }) else { return nil }
        self.grammar = grammar
        var parts: [Part] = []
        var (role, header, begin) = (opening.to, start, start + opening.bytes.count)
        while let (place, joint) = grammar.exits(from: role).first(in: text, from: begin) {
            parts.append(Part(role: role, header: header, content: begin..<place))
            (role, header, begin) = (joint.to, place + joint.end, place + joint.bytes.count)
        }
        parts.append(Part(role: role, header: header, content: begin..<text.count))
        // A bare text before the first header is a system's, unless it is another template's.
        if opening.bytes.isEmpty {
            guard parts.count > 1, !text.holdsControlToken(in: parts[0].content) else { return nil }
        }
        self.parts = parts
    }

    /// The conversation that `isWhole` takes, in the template that it was written in.
    ///
    /// Several templates open a turn in the same way, and one's end of a turn may hold another's: the right one is that
    /// whose first turn ends first. A template that allows a bare beginning counts where no other fits.
    private init?(_ text: [UInt8], from start: Int, where isWhole: (Conversation) -> Bool) {
        var best: Conversation?
        for grammar in Grammar.all {
            guard let other = Conversation(text, from: start, in: grammar), isWhole(other) else { continue }
            guard let least = best else {
                best = other
                continue
            }
            if least.isHeaded == other.isHeaded, other.firstEnd < least.firstEnd { best = other }
        }
        guard let best else { return nil }
        self = best
    }

    private var isHeaded: Bool { grammar.openings.allSatisfy { !$0.bytes.isEmpty } }
    private var firstEnd: Int { parts[0].content.upperBound }

    /// The last turn of the assistant's.
    var answer: Part? { parts.last { $0.role == .assistant } }

    var headers: [Part] { parts.filter { $0.role == .assistant } }

    /// The header that the text ends in, for an answer to follow.
    var openHeader: Part? { parts.last?.role == .assistant ? parts.last : nil }
}

extension Conversation {
    /// A prompt: its last turn is the assistant's, opened for the answer, or is closed.
    init?(prompt text: [UInt8], from start: Int) {
        self.init(text, from: start) { conversation in
            guard let last = conversation.parts.last else { return false }
            if conversation.grammar.template.isPlain {
                return last.role == .assistant && text[last.content].allSatisfy(\.isSpace)
            }
            return last.role == .assistant
                || conversation.grammar.exits(from: last.role).endLength(of: text, from: last.content.lowerBound) != nil
        }
    }

    /// A prompt with its answer.
    init?(answered text: [UInt8], from start: Int) {
        self.init(text, from: start) { $0.answer != nil }
    }

    /// The turns before `end`, a header's place or the end of the text; the last is not the assistant's.
    ///
    /// What a prompt has behind its last header is not in them: the opening of a thought, or an answer's first words.
    func turns(of text: [UInt8], before end: Int) throws(TranscriptError) -> [Turn] {
        var parts = parts.filter { $0.header < end }
        if parts.last?.role == .assistant { parts.removeLast() }
        guard parts.contains(where: { $0.role == .user }) else { throw .noQuestion }
        return parts.map { Turn($0.role, String(decoding: text[content(of: $0, in: text)], as: UTF8.self)) }
    }

    /// A turn's content without what is the template's at its borders.
    private func content(of part: Part, in text: [UInt8]) -> Range<Int> {
        var (start, end) = (part.content.lowerBound, part.content.upperBound)
        if end == text.count { end -= grammar.exits(from: part.role).endLength(of: text, from: start) ?? 0 }
        let isSpaced = part.role == .assistant && grammar.template.spacesAnswers
        if isSpaced, start < end, text[start] == UInt8(ascii: " ") { start += 1 }
        return start..<end
    }
}
