// The model of a tokenizer.json: its tokens and merges, checked.

import JSON

/// A BPE model as it stands in the file.
struct ModelReader {
    private(set) var vocabulary: Vocabulary
    private(set) var merger: Merger
    private let index: TokenIndex

    init(_ model: FileObject, isByteLevel: Bool) throws(TokenizerError) {
        try Self.checkSettings(model)
        guard let tokens = try model.object("vocab") else { throw .missing(field: model.path("vocab")) }
        let fallsBack = try model.flagIfPresent("byte_fallback") ?? false
        vocabulary = Vocabulary(isByteLevel ? .byteAlphabet : .marked(bytes: fallsBack))
        index = try Self.readVocabulary(tokens, into: &vocabulary)
        guard let merges = try model.array("merges") else { throw .missing(field: model.path("merges")) }
        let alphabet: Alphabet =
            isByteLevel
            ? .bytes(try Self.byteIDs(index))
            : .characters(try Self.characterTokens(model, tokens, index, fallsBack: fallsBack))
        let (table, endsAtMarks) = try Self.mergeTable(merges, field: model.path("merges"), index: index)
        merger = Merger(alphabet: alphabet, merges: table, endsAtMarks: endsAtMarks)
        try addWords(tokens, isByteLevel: isByteLevel, areUnmerged: model.flagIfPresent("ignore_merges") ?? false)
    }

    private static func checkSettings(_ model: FileObject) throws(TokenizerError) {
        let name = try model.type()
        guard name == "BPE" else { throw .unsupportedComponent(field: model.field, name: name) }
        if let dropout = model.members["dropout"], !dropout.isNull, dropout.double != 0 {
            throw .unsupportedSetting(
                field: model.path("dropout"),
                value: TokenizerError.excerpt(dropout.number?.lexeme ?? "?")
            )
        }
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            guard let text = try model.text(key), !text.isEmpty else { continue }
            throw .unsupportedSetting(field: model.path(key), value: TokenizerError.excerpt(text))
        }
    }

    private static func readVocabulary(
        _ tokens: FileObject,
        into vocabulary: inout Vocabulary
    ) throws(TokenizerError) -> TokenIndex {
        try TokenizerError.check(tokens.field, tokens.members.count, atMost: TokenizerLimits.tokens)
        var ids: [Int32] = []
        ids.reserveCapacity(tokens.members.count)
        for (token, value) in tokens.members {
            let id = try FileObject.id(value, field: tokens.path(token))
            guard !vocabulary.contains(id) else { throw .duplicateID(field: tokens.path(token), id: id) }
            vocabulary.insert(token, id: id)
            ids.append(Int32(id))
        }
        return TokenIndex(tokens.members, ids: ids)
    }

    /// `unk_token`, `fuse_unk` and `byte_fallback` say what becomes of a byte without a token, and here all have one.
    private static func byteIDs(_ index: TokenIndex) throws(TokenizerError) -> [Int32] {
        var ids: [Int32] = []
        for byte in UInt8.min ... .max {
            guard let id = index.id(of: ByteAlphabet.spelling(of: byte).span) else { throw .missingByte(byte) }
            ids.append(id)
        }
        return ids
    }

    private static func characterTokens(
        _ model: FileObject,
        _ tokens: FileObject,
        _ index: TokenIndex,
        fallsBack: Bool
    ) throws(TokenizerError) -> CharacterTokens {
        let mark = SpaceMark.bytes
        guard index.id(of: mark.span) != nil else { throw .missingByte(UInt8(ascii: " ")) }
        var unknown: Int32?
        if let text = try model.text("unk_token") {
            unknown = index.id(of: text.utf8.span)
            guard unknown != nil else {
                throw .unknownMergeToken(field: model.path("unk_token"), token: TokenizerError.excerpt(text))
            }
        }
        let byteIDs = fallsBack ? (UInt8.min ... .max).map { index.id(of: ByteToken.text(of: $0).span) } : []
        // Hugging Face leaves out what has neither; here nothing is left out of a text (P1).
        if unknown == nil, let byte = fallsBack ? byteIDs.firstIndex(of: nil) : 0 { throw .missingByte(UInt8(byte)) }
        var known = ScalarMap()
        for (token, _) in tokens.members {
            let scalars = token.unicodeScalars
            guard let first = scalars.first, scalars.index(after: scalars.startIndex) == scalars.endIndex else {
                continue
            }
            known[first.value] = index.id(of: token.utf8.span)
        }
        let fuses = try model.flagIfPresent("fuse_unk") ?? false
        return CharacterTokens(known: known, byteIDs: byteIDs, unknown: unknown, fusesUnknown: fuses)
    }

    /// Finds the tokens that a piece of their own text becomes.
    private mutating func addWords(_ tokens: FileObject, isByteLevel: Bool, areUnmerged: Bool) throws(TokenizerError) {
        // One piece of theirs may be many words of ours, of which none may be taken whole. No file is known that does it.
        if areUnmerged, !isByteLevel { throw .unsupportedSetting(field: "model.ignore_merges", value: "true") }
        let most = areUnmerged ? tokens.members.count : Swift.min(tokens.members.count, Int(WholeWords.provenIDs))
        var words = WholeWords(capacity: most)
        var (text, ids, scratch) = ([UInt8](), [Int32](), MergeScratch())
        for (token, value) in tokens.members {
            guard let id = value.integer.map({ Int32($0) }), areUnmerged || id < WholeWords.provenIDs else { continue }
            text.removeAll(keepingCapacity: true)
            if !isByteLevel { text += token.utf8 } else if !ByteAlphabet.append(token, to: &text) { continue }
            if !areUnmerged {
                // What no merge makes is no word of several symbols; the merging below would only find that out.
                let isSmall = text.count <= WholeWords.longestKey
                guard isSmall, text.count < 4 || merger.merges.halves(of: id) != nil else { continue }
                ids.removeAll(keepingCapacity: true)
                merger.append(text.span, to: &ids, scratch: &scratch)
                guard ids == [id] else { continue }
            }
            words.insert(text.span, id: id)
        }
        merger.words = words
    }
}

extension ModelReader {
    /// The file's added tokens, whose ids must be those that Hugging Face would give them.
    func addedTokens(_ values: [JSONValue]) throws(TokenizerError) -> [AddedToken] {
        try TokenizerError.check("added_tokens", values.count, atMost: TokenizerLimits.addedTokens)
        var tokens: [AddedToken] = []
        var contents: Set<[UInt8]> = []
        var ids: Set<Int> = []
        var next = vocabulary.count
        var size = 0
        for (place, value) in values.enumerated() {
            let object = try FileObject(value, field: "added_tokens[\(place)]")
            guard let content = try object.text("content") else { throw .missing(field: object.path("content")) }
            let token = try addedToken(object, Array(content.utf8))
            size += token.content.count
            try TokenizerError.check("added_tokens.content", size, atMost: TokenizerLimits.allAddedTokenBytes)
            guard contents.insert(token.content).inserted else {
                throw .duplicateAddedToken(content: TokenizerError.excerpt(content))
            }
            let id = Int(token.id)
            guard ids.insert(id).inserted else { throw .duplicateID(field: object.path("id"), id: id) }
            // A token that the model has keeps the model's id; the others follow the model's, in the file's order.
            let known = index.id(of: token.content.span).map { Int($0) }
            let expected = known ?? next
            guard id == expected else {
                throw .misnumberedAddedToken(content: TokenizerError.excerpt(content), id: id, expected: expected)
            }
            if known == nil {
                guard !vocabulary.contains(id) else { throw .duplicateID(field: object.path("id"), id: id) }
                next += 1
            }
            tokens.append(token)
        }
        return tokens
    }

    private func addedToken(_ object: FileObject, _ content: [UInt8]) throws(TokenizerError) -> AddedToken {
        guard !content.isEmpty else { throw .emptyAddedToken(field: object.field) }
        try TokenizerError.check(object.path("content"), content.count, atMost: TokenizerLimits.addedTokenBytes)
        return AddedToken(
            id: Int32(try object.id("id")),
            content: content,
            isSingleWord: try object.flag("single_word"),
            stripsLeft: try object.flag("lstrip"),
            stripsRight: try object.flag("rstrip"),
            isNormalised: try object.flag("normalized")
        )
    }
}
