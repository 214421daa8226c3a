// Text whose sender has put the model's step tags into it.
import Tokenizing
import Transformers

/// What vLLM's step pooling reads: here alone added tokens that a text spells are tokens.
///
/// A reward is read at every step tag, which is the profile's marker or the one token that its template puts after a
/// step; models that read once are read at the last token.
package enum TaggedInput: Sendable, Equatable {
    /// - Parameter addsSpecialTokens: whether the tokenizer's own tokens go around the text, where they do not yet.
    case text(String, addsSpecialTokens: Bool)
    case ids([Int32])
    /// A conversation in the model's chat, every turn closed.
    case messages([Message], addsSpecialTokens: Bool)
}

extension Template {
    /// Where rewards are read in tagged input.
    private enum Tag {
        case token(Int32, text: String)
        case end
    }

    /// Nil where steps have no tag, or one of several tokens.
    private var tag: Tag? {
        switch recipe.kind {
        case .chatMarker, .textMarker: return marker.map { .token($0, text: recipe.marker) }
        case .lines: return newline.map { .token($0, text: "\n") }
        case .pieces:
            let ids = tokenizer.encode(recipe.joiner)
            return ids.count == 1 ? .token(ids[0], text: recipe.joiner) : nil
        case .chatLast: return .end
        case .chatTurns, .raw: return nil
        }
    }

    func render(_ input: TaggedInput) throws(ScoringError) -> Rendering {
        guard let tag else { throw .noTag(profile: profile) }
        let ids = try ids(of: input)
        switch tag {
        case .token(let id, let text):
            let reads = ids.indices.filter { ids[$0] == id }
            if reads.isEmpty { throw .untagged(tag: text) }
            return try Rendering(ids, readAt: reads)
        case .end:
            // In front of padding, as a rollout's own rendering is read.
            let last = padding.flatMap { padding in ids.lastIndex { $0 != padding } } ?? ids.indices.last
            return try Rendering(ids, readAt: last.map { [$0] } ?? [])
        }
    }

    private func ids(of input: TaggedInput) throws(ScoringError) -> [Int32] {
        switch input {
        case .ids(let ids): return ids
        case .text(let text, let isFramed):
            let ids = tokenizer.encodeWithAddedTokens(text)
            return isFramed ? framed(ids) : ids
        case .messages(let messages, let isFramed):
            let ids = try chatIDs(messages)
            return isFramed ? framed(ids) : ids
        }
    }

    /// Each of the two once: a text that was written by a chat template begins with its own (wire-apis section 6, 7).
    private func framed(_ ids: [Int32]) -> [Int32] {
        (ids.starts(with: tokenizer.opening) ? [] : tokenizer.opening) + ids
            + (ids.suffix(tokenizer.closing.count).elementsEqual(tokenizer.closing) ? [] : tokenizer.closing)
    }

    /// The conversation as a rollout's own rendering would have it, with an answer that brings its markers.
    private func chatIDs(_ messages: [Message]) throws(ScoringError) -> [Int32] {
        guard let chat else { throw .unsupportedMessages(profile: profile) }
        var segments: [Segment]
        if let answer = messages.last, answer.role == "assistant" {
            segments = chat.turns(messages.dropLast())
            if recipe.kind == .chatMarker {
                let (header, lead) = chat.open("assistant")
                segments += header + [.text(lead + answer.content)]
            } else {
                segments += chat.answer(answer.content)
            }
            segments += chat.close
        } else {
            segments = chat.turns(messages)
        }
        return segments.flatMap { segment -> [Int32] in
            switch segment {
            case .text(let text): tokenizer.encodeWithAddedTokens(text)
            case .token(let id): [id]
            // A chat alone reads nothing.
            case .read, .marked: []
            }
        }
    }
}
