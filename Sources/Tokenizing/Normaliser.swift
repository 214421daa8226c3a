// Text in the spelling that the vocabulary was made for.

/// What tokenizer.json calls a normalizer; Mistral's Prepend and Replace would be two more cases.
package enum Normaliser: Sendable {
    case none
    case nfc

    /// The text as this normaliser spells it, or nil where it already is.
    package func changed(_ text: Span<UInt8>) -> [UInt8]? {
        switch self {
        case .none: nil
        case .nfc: NFC.isCertain(text) ? nil : NFC.composed(text)
        }
    }
}
