// Text in the spelling that the vocabulary was made for.

/// What tokenizer.json calls a normalizer.
package enum Normaliser: Sendable, Equatable {
    case none
    case nfc
    /// Llama-2's and Mistral's `Prepend` and `Replace`, or the second alone: spaces become marks ("▁").
    case spaceMarks(prepends: Bool)

    /// The text as this normaliser spells it, or nil where it already is.
    package func changed(_ text: Span<UInt8>) -> [UInt8]? {
        switch self {
        case .none: nil
        case .nfc: NFC.isCertain(text) ? nil : NFC.composed(text)
        case .spaceMarks(let prepends): SpaceMark.marked(text, prepends: prepends)
        }
    }
}
