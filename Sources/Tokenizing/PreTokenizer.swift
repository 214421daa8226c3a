// Text into the pieces that no merge may cross.

/// What tokenizer.json calls a pre-tokenizer; a split pattern comes with the byte alphabet, the others with characters.
enum PreTokenizer: Sendable {
    case pattern(Splitter)
    /// The whole text is one piece.
    case none
    case metaspace(Metaspace)

    /// How many marks go before a text in all; nil where spaces are not marked.
    func prependedMarks(_ text: Span<UInt8>, _ normaliser: Normaliser) -> Int? {
        if case .pattern = self { return nil }
        if normaliser == .spaceMarks(prepends: true) { return text.isEmpty ? 0 : 1 }
        guard case .metaspace(let metaspace) = self else { return 0 }
        return metaspace.prepends(text, isFirst: true) ? 1 : 0
    }
}
