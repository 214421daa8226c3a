// A piece of text as the tokens that merging begins with.

/// What a vocabulary spells its tokens in.
enum Alphabet: Sendable {
    /// One token a byte, as GPT-2 has it.
    case bytes([Int32])
    /// One token a character, as SentencePiece has it.
    case characters(CharacterTokens)

    func append(_ piece: Span<UInt8>, to ids: inout [Int32]) {
        switch self {
        case .bytes(let byteIDs): for index in piece.indices { ids.append(byteIDs[Int(piece[index])]) }
        case .characters(let tokens): tokens.append(piece, to: &ids)
        }
    }

    /// The token of what has none; nil where everything has one.
    var unknown: Int32? {
        if case .characters(let tokens) = self { tokens.unknown } else { nil }
    }
}

/// The tokens of single characters, and what stands for a character without one.
struct CharacterTokens: Sendable {
    private let known: ScalarMap
    /// The token of each byte, nil where there is none; empty where the model does not fall back on bytes.
    private let byteIDs: [Int32?]
    let unknown: Int32?
    /// Neighbouring unknown characters are one token.
    private let fusesUnknown: Bool

    init(known: ScalarMap, byteIDs: [Int32?], unknown: Int32?, fusesUnknown: Bool) {
        self.known = known
        self.byteIDs = byteIDs
        self.unknown = unknown
        self.fusesUnknown = fusesUnknown
    }

    /// As the `merge_word` of Hugging Face's BPE, to the letter: an unknown token waits until a known character or the end
    /// comes, so that the bytes of a character after it stand before it.
    func append(_ piece: Span<UInt8>, to ids: inout [Int32]) {
        var waiting: Int32?
        var start = 0
        while start < piece.count {
            let (scalar, length) = piece.scalar(at: start)
            let character = start..<start + length
            start = character.upperBound
            if let id = known[scalar] {
                if let waiting { ids.append(waiting) }
                waiting = nil
                ids.append(id)
            } else if !appendBytes(of: piece.extracting(character), to: &ids) {
                if let waiting, !fusesUnknown { ids.append(waiting) }
                waiting = unknown
            }
        }
        if let waiting { ids.append(waiting) }
    }

    /// All bytes of the character or none.
    private func appendBytes(of character: Span<UInt8>, to ids: inout [Int32]) -> Bool {
        guard !byteIDs.isEmpty else { return false }
        let count = ids.count
        for index in character.indices {
            guard let id = byteIDs[Int(character[index])] else {
                ids.removeSubrange(count...)
                return false
            }
            ids.append(id)
        }
        return true
    }
}

/// Scalars to ids in two array reads: blocks of 128 scalars, of which most are one empty block.
struct ScalarMap: Sendable {
    private var blocks = [UInt16](repeating: 0, count: 0x110000 >> 7)
    /// -1 where a scalar has none; the first block is the empty one.
    private var ids = [Int32](repeating: -1, count: 128)

    subscript(scalar: UInt32) -> Int32? {
        get {
            let block = Int(scalar >> 7)
            guard block < blocks.count else { return nil }
            let id = ids[Int(blocks[block]) << 7 | Int(scalar & 127)]
            return id < 0 ? nil : id
        }
        set {
            let block = Int(scalar >> 7)
            guard block < blocks.count else { return }
            if blocks[block] == 0 {
                blocks[block] = UInt16(ids.count >> 7)
                ids.append(contentsOf: repeatElement(-1, count: 128))
            }
            ids[Int(blocks[block]) << 7 | Int(scalar & 127)] = newValue ?? -1
        }
    }
}
