// A rollout as the policy read and wrote it, in token ids.
//
// Ids are put together from pieces, each encoded by itself: the prompt, every step with its separator, and around an
// answer its prefix and its suffix. So no token lies across a border: what stands before one has the same ids whatever
// follows, and the n prefixes of a rollout are prefixes in tokens too. Where a tokenizer would merge across a border, as a
// policy may have done, the ids differ from its own; a caller who has those sends them (`PolicyText.tokens`).
import Tokenizing
import Transformers

/// How a checkpoint's tokenizer lays out a policy's text.
struct PolicyLayout: Sendable {
    let tokenizer: Tokenizer
    /// Nil where the folder has no chat that is written out here; then prompts are text.
    let chat: Chat?

    /// A prompt and its steps in ids.
    struct Rendered: Sendable {
        let prompt: [Int32]
        let steps: [[Int32]]
        /// Bytes; nil where tokens were sent.
        let spans: [Range<Int>]?
    }

    func render(_ text: PolicyText) throws(ScoringError) -> Rendered {
        switch text {
        case .tokens(let prompt, let steps):
            if steps.isEmpty { throw .emptySteps }
            return Rendered(prompt: prompt, steps: steps, spans: nil)
        case .text(let prompt, let source, let separator):
            let steps = try Steps(source, separator: separator)
            return Rendered(
                prompt: try ids(of: prompt),
                steps: pieces(of: steps, separator: separator).map(tokenizer.continuation),
                spans: steps.spans
            )
        }
    }

    /// Prefix, answer and a suffix that counts; nil for an answer of no tokens.
    func answer(_ text: String, in wrapping: AnswerWrapping) -> SignalTree.Answer? {
        let answer = tokenizer.continuation(text)
        guard !answer.isEmpty else { return nil }
        let counted = answer + (wrapping.countsSuffix ? tokenizer.continuation(wrapping.suffix) : [])
        return SignalTree.Answer(ids: tokenizer.continuation(wrapping.prefix) + counted, counted: counted.count)
    }

    /// A text as it is after what opens every text; a conversation with the opening of the assistant's turn.
    private func ids(of prompt: Prompt) throws(ScoringError) -> [Int32] {
        switch prompt {
        case .text(let text): return tokenizer.opening + tokenizer.encode(text)
        case .messages(let messages):
            guard let chat else { throw .unsupportedMessages(profile: ModelRole.policy.rawValue) }
            guard messages.last?.role != "assistant" else { throw .assistantTurnLast }
            let (header, lead) = chat.open("assistant")
            var assembly = Assembly(tokenizer: tokenizer, stepCount: 0)
            for segment in chat.turns(messages) + header + [.text(lead)] { try assembly.lay(segment) }
            return assembly.rendering.sequence.ids
        }
    }

    /// The texts of the steps, together the whole answer: what stands between two steps ends the first of them, and what
    /// stands before the first belongs to it.
    private func pieces(of steps: Steps, separator: String) -> [String] {
        guard let response = steps.response.map({ Array($0.utf8) }) else {
            return steps.texts.enumerated().map { $0 == steps.texts.count - 1 ? $1 : $1 + separator }
        }
        return steps.spans.indices.map { step in
            let start = step == 0 ? 0 : steps.spans[step].lowerBound
            let end = step == steps.spans.count - 1 ? response.count : steps.spans[step + 1].lowerBound
            return String(decoding: response[start..<end], as: UTF8.self)
        }
    }
}

extension Tokenizer {
    /// The ids of text that does not stand at the beginning: SentencePiece vocabularies put a space before a text, so it
    /// is encoded behind a newline, which no token of theirs goes across.
    func continuation(_ text: String) -> [Int32] {
        guard !text.isEmpty else { return [] }
        let joined = encode(joining: ["\n", text])
        if let start = joined.ends[0] { return Array(joined.ids[start...]) }
        // Beside an unknown token nobody says where the border is; then the newline's own ids tell.
        let (newline, alone) = (encode("\n"), encode(text))
        guard joined.ids.starts(with: newline) else { return alone }
        let rest = Array(joined.ids[newline.count...])
        guard let unknown else { return rest }
        func unknowns(_ ids: [Int32]) -> Int { ids.count { $0 == unknown } }
        // Neighbouring unknown characters may be one token: an unknown newline took the text's first one in.
        return unknowns(rest) < unknowns(alone) ? [unknown] + rest : rest
    }
}
