// Texts that are encoded as one, and where each of them ends.

/// The ids of several texts as one string.
package struct JoinedEncoding: Sendable, Equatable {
    package let ids: [Int32]
    /// By text: how many ids cover exactly the texts up to it and itself; nil where a token lies across that border.
    package let ends: [Int?]
}

extension Tokenizer {
    /// The ids of the texts joined as one plain string: no added token is recognised (P3).
    ///
    /// For templates whose marker merges with its neighbours' spaces. A border is nil too where NFC may compose across it,
    /// and, but for the last, where the ids hold the unknown token, which does not say how much it covers.
    package func encode(joining texts: [String]) -> JoinedEncoding {
        var bytes: [UInt8] = []
        var borders: [Int] = []
        for text in texts {
            bytes += text.utf8
            borders.append(bytes.count)
        }
        var encoding = Encoding(capacity: bytes.count)
        encode(bytes.span, into: &encoding)
        var ends = ends(of: decodedBorders(bytes.span, borders), in: encoding.ids)
        for index in borders.indices {
            if borders[index] == 0 { ends[index] = 0 }
            if borders[index] == bytes.count { ends[index] = encoding.ids.count }
        }
        return JoinedEncoding(ids: encoding.ids, ends: ends)
    }

    /// How many bytes the tokens up to each border stand for; nil where nobody can say.
    private func decodedBorders(_ text: Span<UInt8>, _ borders: [Int]) -> [Int?] {
        guard normaliser == .nfc, !NFC.isCertain(text) else { return unmarkedBorders(text, borders) }
        let (composed, borders) = composedBorders(text, borders)
        return unmarkedBorders(composed.span, borders)
    }

    /// Composes what stands between the borders that nothing composes across.
    private func composedBorders(_ text: Span<UInt8>, _ borders: [Int]) -> (text: [UInt8], borders: [Int?]) {
        var composed: [UInt8] = []
        var result: [Int?] = []
        var start = 0
        for border in borders {
            guard border == text.count || NFC.isBoundary(text, border) else {
                result.append(nil)
                continue
            }
            composed += NFC.composed(text.extracting(start..<border))
            start = border
            result.append(composed.count)
        }
        return (composed, result)
    }

    /// A mark decodes to a space, which is one byte; so does the one that is put before the text.
    private func unmarkedBorders(_ text: Span<UInt8>, _ borders: [Int?]) -> [Int?] {
        guard let prepended = preTokenizer.prependedMarks(text, normaliser) else { return borders }
        var result: [Int?] = []
        var index = 0
        var length = prepended
        for border in borders {
            guard let border else {
                result.append(nil)
                continue
            }
            while index < border {
                index += SpaceMark.stands(in: text, at: index) ? SpaceMark.bytes.count : 1
                length += 1
            }
            result.append(length)
        }
        return result
    }

    private func ends(of borders: [Int?], in ids: [Int32]) -> [Int?] {
        if let unknown = merger.alphabet.unknown, ids.contains(unknown) { return borders.map { _ in nil } }
        var ends: [Int?] = []
        var count = 0
        /// Bytes before `count`; nil from the first token on of which nobody can say what it covers.
        var covered: Int? = 0
        for border in borders {
            guard let border else {
                ends.append(nil)
                continue
            }
            while let before = covered, before < border, count < ids.count {
                covered = vocabulary.length(of: ids[count]).map { before + $0 }
                count += 1
            }
            ends.append(covered == border ? count : nil)
        }
        return ends
    }
}
