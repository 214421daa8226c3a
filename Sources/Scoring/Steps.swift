// Cuts a response into steps and says where each one stands.

/// The steps of a rollout as the model will read them, with their places.
package struct Steps: Equatable {
    package let texts: [String]
    /// [start, end) in bytes of UTF-8: in the response, or in the concatenation of the steps where no response came.
    package let spans: [Range<Int>]
    /// The answer as one text where the caller sent it as one.
    package let response: String?

    /// - Parameter separator: where a response is split when its sender names none; not empty.
    package init(_ source: StepSource, separator: String) throws(ScoringError) {
        switch source {
        case .list(let texts):
            self.texts = texts
            spans = Self.consecutive(texts)
            response = nil
        case .response(let text, let own):
            let bytes = Array(text.utf8)
            spans = Self.pieces(of: bytes, separator: Array((own ?? separator).utf8))
            texts = spans.map { String(decoding: bytes[$0], as: UTF8.self) }
            response = text
        case .listIn(let text, let list):
            spans = try Self.places(of: list, in: Array(text.utf8))
            texts = list
            response = text
        // Its reads are its steps, and nothing of it is split.
        case .raw: throw .emptySteps
        }
        if texts.isEmpty { throw .emptySteps }
    }

    private static func consecutive(_ texts: [String]) -> [Range<Int>] {
        var start = 0
        return texts.map { text in
            defer { start += text.utf8.count }
            return start..<start + text.utf8.count
        }
    }

    /// The pieces between separators, without those of nothing but ASCII white space: they are layout, not steps.
    private static func pieces(of bytes: [UInt8], separator: [UInt8]) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var start = 0
        while start <= bytes.count {
            let end = firstIndex(of: separator, in: bytes, from: start) ?? bytes.count
            if !bytes[start..<end].allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }) {
                pieces.append(start..<end)
            }
            start = end + separator.count
        }
        return pieces
    }

    private static func places(of texts: [String], in bytes: [UInt8]) throws(ScoringError) -> [Range<Int>] {
        var places: [Range<Int>] = []
        var start = 0
        for (index, text) in texts.enumerated() {
            guard let found = firstIndex(of: Array(text.utf8), in: bytes, from: start) else {
                throw .stepNotInResponse(step: index)
            }
            start = found + text.utf8.count
            places.append(found..<start)
        }
        return places
    }

    /// Where `needle` first stands in `bytes` from `start` on.
    ///
    /// Knuth, Morris and Pratt's search: a step list is found in time linear in the text whatever both contain.
    private static func firstIndex(of needle: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard !needle.isEmpty else { return start }
        var fallback = [Int](repeating: 0, count: needle.count)
        var matched = 0
        for index in needle.indices.dropFirst() {
            while matched > 0, needle[index] != needle[matched] { matched = fallback[matched - 1] }
            if needle[index] == needle[matched] { matched += 1 }
            fallback[index] = matched
        }
        matched = 0
        for index in start..<max(start, bytes.count) {
            while matched > 0, bytes[index] != needle[matched] { matched = fallback[matched - 1] }
            if bytes[index] == needle[matched] { matched += 1 }
            if matched == needle.count { return index + 1 - matched }
        }
        return nil
    }
}
