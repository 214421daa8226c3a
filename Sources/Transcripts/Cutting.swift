// Finds where the answer begins.

extension Transcript {
    /// A whole text, prompt and answer together; `prompt` is what it began with, nil where the trainer does not say.
    ///
    /// Where the prompt is known, nothing in the answer can move the cut; where it is not, a whole further turn can.
    /// - Throws: `noAnswer`; of the prompt `unknownTemplate` and `noQuestion`.
    package init(cutting text: String, after prompt: String?) throws(TranscriptError) {
        let text = Array(text.utf8)
        let prompt = Array((prompt ?? "").utf8)
        let cut = try Cut(text, after: prompt)
        self.init(question: cut.question, text: text, from: cut.start)
    }

    /// Prompt and answer that came apart; throws `unknownTemplate` and `noQuestion`.
    package init(prompt: String, response: String) throws(TranscriptError) {
        let prompt = Array(prompt.utf8)
        self.init(question: try Question(prompt), text: Array(response.utf8), from: 0)
    }

    private init(question: Question, text: [UInt8], from start: Int) {
        self.question = question
        span = start..<text.endBeforePadding(from: start)
        response = String(decoding: text[span], as: UTF8.self)
    }
}

extension Question {
    fileprivate init(_ prompt: [UInt8]) throws(TranscriptError) {
        let start = prompt.startBehindPadding
        if let conversation = Conversation(prompt: prompt, from: start) {
            self = .turns(try conversation.turns(of: prompt, before: prompt.count))
            return
        }
        guard !prompt.holdsControlToken(in: start..<prompt.count) else { throw .unknownTemplate }
        let isPadded = !prompt[..<start].allSatisfy(\.isSpace)
        self = .text(String(decoding: isPadded ? prompt[start...] : prompt[...], as: UTF8.self))
    }
}

/// A question, and where its answer begins.
private struct Cut {
    let question: Question
    let start: Int

    init(_ text: [UInt8], after prompt: [UInt8]) throws(TranscriptError) {
        let promptStart = prompt.startBehindPadding
        let textStart = text.startBehindPadding
        // An empty prompt says nothing about where the answer begins.
        if promptStart < prompt.count {
            if let start = Self.behind(prompt, from: promptStart, in: text, from: textStart) {
                self.start = start
                question = try Question(prompt)
                return
            }
            if let conversation = Conversation(prompt: prompt, from: promptStart), let header = conversation.openHeader
            {
                let changed = Changed(prompt: prompt, conversation: conversation, header: header)
                guard let start = changed.end(in: text, from: textStart) else { throw .noAnswer }
                self.start = start
                question = try Question(prompt)
                return
            }
        }
        guard let conversation = Conversation(answered: text, from: textStart), let answer = conversation.answer
        else { throw .noAnswer }
        start = text.startBehindThought(at: answer.content.lowerBound)
        question = .turns(try conversation.turns(of: text, before: answer.header))
    }

    /// Where the prompt ends in a text that begins with it, as it stands or behind the padding of both.
    private static func behind(
        _ prompt: [UInt8],
        from promptStart: Int,
        in text: [UInt8],
        from textStart: Int
    ) -> Int? {
        if text.has(prompt, at: 0) { return prompt.count }
        let rest = Array(prompt[promptStart...])
        return text.has(rest, at: textStart) ? textStart + rest.count : nil
    }
}

/// A templated prompt that its text does not begin with.
private struct Changed {
    let prompt: [UInt8]
    let conversation: Conversation
    let header: Conversation.Part

    func end(in text: [UInt8], from start: Int) -> Int? {
        // OpenRLHF cuts a prompt that is too long at its beginning; with the whole header left, the end is certain.
        let length = overlap(of: prompt, with: text[start...])
        if length >= prompt.count - header.header { return start + length }
        // A tokenizer that normalises keeps the headers, and those of the prompt come before any in the answer.
        guard let other = Conversation(answered: text, from: start),
            other.grammar.template == conversation.grammar.template
        else { return nil }
        let headers = other.headers.dropFirst(conversation.headers.count - 1)
        guard let place = headers.first?.content.lowerBound else { return nil }
        let tail = Array(prompt[header.content])
        return text.has(tail, at: place) ? place + tail.count : place
    }
}
