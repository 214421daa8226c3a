// What a template says, before any text is encoded.
package import Transformers

/// A piece of what the model reads: text, always encoded as plain text (promise P3), or one token by its id.
package enum Segment: Sendable, Equatable {
    case text(String)
    case token(Int32)
    /// A token, or a text's last token, whose hidden state is read as the reward of a step.
    case read(Content, step: Int)
    /// Steps between markers that are text themselves.
    case marked(MarkedText)

    package enum Content: Sendable, Equatable {
        case text(String)
        case token(Int32)
    }
}

/// A prompt and its steps as one string, in which every step is followed by one marker token and read there.
///
/// One string, since in these families the marker merges with the space before it, and on SentencePiece vocabularies a
/// text that is encoded alone begins with a space of its own.
package struct MarkedText: Sendable, Equatable {
    let prompt: String
    /// Each with whatever stands between it and the marker before it.
    let steps: [String]
    let marker: String
    /// The one token that `marker` must become.
    let markerID: Int32
}

/// A rollout as token ids; `readOfStep` says which read position carries each step's reward (nil: none does).
package struct Rendering: Sendable, Equatable {
    package let sequence: TokenSequence
    package let readOfStep: [Int?]
}
