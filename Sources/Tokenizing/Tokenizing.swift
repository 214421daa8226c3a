// Text to token ids as the model's own tokenizer has them.
//
// Written by hand: swift-transformers traps on files that it does not know, and Foundation's regexes and normalisation
// follow another Unicode than Hugging Face's, by 4,644 letters.

package import JSON

/// One tokenizer.json: normalise, split into pieces, merge each piece's symbols; exactly as Hugging Face `tokenizers`.
///
/// Text is UTF-8 bytes and Unicode scalars throughout, never `Character`: `\r\n` is two, and the composed and the
/// decomposed "é" differ. Time is O(n log n) in the worst text, and nothing is kept between calls.
package struct Tokenizer: Sendable {
    package let normaliser: Normaliser
    let preTokenizer: PreTokenizer
    package let merger: Merger
    let added: AddedTokens
    let vocabulary: Vocabulary

    /// The ids that the post-processor puts before and after every text: `[1]` and none for Mistral, none for Qwen.
    package let opening: [Int32]
    package let closing: [Int32]

    /// The token of characters that the vocabulary has not; nil where it has all, or their bytes.
    package var unknown: Int32? { merger.alphabet.unknown }

    /// The ids of ordinary text: no added token is recognised, so `<|im_end|>` is text like any other (P3).
    ///
    /// What goes before each text goes before this one: `encode("a")` of Mistral is `▁a`.
    package func encode(_ text: String) -> [Int32] {
        var encoding = Encoding(capacity: text.utf8.count)
        encode(text.utf8.span, into: &encoding)
        return encoding.ids
    }

    /// The ids that Hugging Face's `encode(add_special_tokens=False)` gives; for text that we wrote ourselves.
    package func encodeWithAddedTokens(_ text: String) -> [Int32] {
        var encoding = Encoding(capacity: text.utf8.count)
        let raw = text.utf8.span
        for segment in added.raw.segments(of: raw) {
            switch segment {
            case .token(let id): encoding.ids.append(id)
            case .text(let range):
                encodeNormalisedTokens(raw.extracting(range), isFirst: range.lowerBound == 0, into: &encoding)
            }
        }
        return encoding.ids
    }

    /// The id of an added token by its exact bytes.
    package func addedToken(_ content: String) -> Int32? { added.ids[Array(content.utf8)] }

    /// Every added token's id, ascending.
    package var addedTokenIDs: [Int32] { added.contents.keys.sorted() }

    /// What a token stands for, not always whole UTF-8; nil where no token has this id.
    ///
    /// Of SentencePiece's kinds it is what the token decodes to: a space for "▁", the byte for `<0x0A>`.
    package func bytes(of id: Int32) -> [UInt8]? { added.contents[id] ?? vocabulary.bytes(of: id) }

    /// The two tokens whose merge of lowest rank makes this one; nil for an added token, or one that no merge makes.
    package func halves(of id: Int32) -> (left: Int32, right: Int32)? {
        added.contents[id] == nil ? merger.merges.halves(of: id) : nil
    }

    /// How many tokens there are, the added ones among them.
    package var count: Int { vocabulary.count + added.contents.keys.count { !vocabulary.contains(Int($0)) } }

    /// Every id is less than this, and at least 0.
    package var idUpperBound: Int {
        Swift.max(vocabulary.idUpperBound, (added.contents.keys.max().map { Int($0) } ?? -1) + 1)
    }
}

/// The ids of one text while they are found, with the memory that its pieces share.
struct Encoding {
    var ids: [Int32] = []
    var scratch = MergeScratch()

    /// - Parameter capacity: the text's bytes; prose has about one token in four of them.
    init(capacity: Int) {
        ids.reserveCapacity(capacity / 3 + 8)
    }
}

extension Tokenizer {
    func encode(_ text: Span<UInt8>, into encoding: inout Encoding) {
        if let normal = normaliser.changed(text) {
            split(normal.span, isFirst: true, into: &encoding)
        } else {
            split(text, isFirst: true, into: &encoding)
        }
    }

    /// Tokens of `normalized: true` are looked for in text that is normalised; what is left is not normalised again.
    private func encodeNormalisedTokens(_ text: Span<UInt8>, isFirst: Bool, into encoding: inout Encoding) {
        let normal = normaliser.changed(text) ?? text.withUnsafeBufferPointer { Array($0) }
        for segment in added.normalised.segments(of: normal.span) {
            switch segment {
            case .token(let id): encoding.ids.append(id)
            case .text(let range):
                let isFirst = isFirst && range.lowerBound == 0
                split(normal.span.extracting(range), isFirst: isFirst, into: &encoding)
            }
        }
    }

    /// - Parameter isFirst: whether the caller's text begins here.
    private func split(_ text: Span<UInt8>, isFirst: Bool, into encoding: inout Encoding) {
        switch preTokenizer {
        case .pattern(let splitter): merge(text, into: &encoding) { splitter.pieceEnd(text, from: $0) }
        case .none: mergeWords(of: text, each: false, into: &encoding)
        case .metaspace(let metaspace):
            let marked = metaspace.marked(text, isFirst: isFirst)
            mergeWords(of: marked.span, each: metaspace.splits, into: &encoding)
        }
    }

    /// One piece as Hugging Face has it is cut into its words where no merge reaches across; the ids are the same.
    private func mergeWords(of text: Span<UInt8>, each: Bool, into encoding: inout Encoding) {
        let isCut = each || merger.endsAtMarks
        merge(text, into: &encoding) { start in
            isCut ? SpaceMark.nextWord(in: text, after: start, each: each) : text.count
        }
    }

    private func merge(_ text: Span<UInt8>, into encoding: inout Encoding, pieceEnd: (Int) -> Int) {
        var start = 0
        while start < text.count {
            let end = pieceEnd(start)
            merger.append(text, start..<end, to: &encoding.ids, scratch: &encoding.scratch)
            start = end
        }
    }
}

/// Why a tokenizer.json cannot be used; `field` is where it stands, such as `model.merges[7]`. Long texts are cut.
package enum TokenizerError: Error, Equatable, Sendable {
    case json(JSONError)
    /// More bytes, tokens or merges than any real tokenizer has.
    case tooLarge(field: String, count: Int, limit: Int)
    case missing(field: String)
    /// Of another JSON type than the format has there.
    case wrongType(field: String)
    /// A component whose kind we do not do, such as `normalizer` `Lowercase`.
    case unsupportedComponent(field: String, name: String)
    /// A component that we do, with a setting that we do not.
    case unsupportedSetting(field: String, value: String)
    /// A split pattern that nobody has written out by hand here.
    case unsupportedPattern(String)
    case idOutOfRange(field: String, id: Int)
    case duplicateID(field: String, id: Int)
    /// The vocabulary has no token for a single byte, so some text would have no ids.
    case missingByte(UInt8)
    case malformedMerge(field: String)
    case duplicateMerge(field: String)
    /// A merge of tokens, or into a token, that the vocabulary has not.
    case unknownMergeToken(field: String, token: String)
    case emptyAddedToken(field: String)
    case duplicateAddedToken(content: String)
    /// Hugging Face numbers added tokens by its own rule whatever the file says; here the two differ.
    case misnumberedAddedToken(content: String, id: Int, expected: Int)
}

/// What a tokenizer.json may hold; the largest real ones have a quarter of this.
package enum TokenizerLimits {
    package static let fileBytes = 64 << 20
    /// Ids and ranks share one machine word in the merge table.
    package static let tokens = 1 << 20
    package static let merges = 1 << 20
    package static let addedTokens = 1 << 16
    /// That the post-processor puts around every text.
    package static let framingTokens = 16
    package static let addedTokenBytes = 1 << 10
    /// Of all added tokens together; each byte may cost a node of the trie.
    package static let allAddedTokenBytes = 1 << 20
}
