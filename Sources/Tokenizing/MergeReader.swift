// The merges of a tokenizer.json, looked up on several cores.
import JSON

extension ModelReader {
    /// The merges, and whether none of them joins anything but a mark with a mark after it.
    static func mergeTable(
        _ merges: [JSONValue],
        field: String,
        index: TokenIndex
    ) throws(TokenizerError) -> (table: MergeTable, endsAtMarks: Bool) {
        try TokenizerError.check(field, merges.count, atMost: TokenizerLimits.merges)
        // Three searches a merge are the longest part of loading a file.
        let chunks = inChunks(of: merges.count) { ranks in
            Result { () throws(TokenizerError) in try read(merges, ranks, field: field, index: index) }
        }
        var table = MergeTable(capacity: merges.count)
        var endsAtMarks = true
        for chunk in chunks {
            for merge in try chunk.get() {
                guard table.append(merge.left, merge.right, makes: merge.whole) else {
                    throw .duplicateMerge(field: "\(field)[\(table.merged.count)]")
                }
                endsAtMarks = endsAtMarks && merge.endsAtMarks
            }
        }
        return (table, endsAtMarks)
    }

    /// A merge by the ids of its tokens.
    private struct Merge {
        let left: Int32
        let right: Int32
        let whole: Int32
        /// Whether it joins no text with a mark after it.
        let endsAtMarks: Bool
    }

    private static func read(
        _ merges: [JSONValue],
        _ ranks: Range<Int>,
        field: String,
        index: TokenIndex
    ) throws(TokenizerError) -> [Merge] {
        var read: [Merge] = []
        read.reserveCapacity(ranks.count)
        var text: [UInt8] = []
        var place = 0
        for rank in ranks {
            text.removeAll(keepingCapacity: true)
            guard let middle = readPair(merges[rank], into: &text) else {
                throw .malformedMerge(field: "\(field)[\(rank)]")
            }
            func known(_ id: Int32?, _ token: Range<Int>) throws(TokenizerError) -> Int32 {
                if let id { return id }
                let token = String(decoding: text[token], as: UTF8.self)
                throw .unknownMergeToken(field: "\(field)[\(rank)]", token: TokenizerError.excerpt(token))
            }
            let joinsMark = SpaceMark.stands(in: text.span, at: middle)
            read.append(
                Merge(
                    left: try known(index.id(of: text.span.extracting(0..<middle)), 0..<middle),
                    right: try known(index.id(of: text.span.extracting(middle..<text.count)), middle..<text.count),
                    whole: try known(index.id(of: text.span, after: &place), 0..<text.count),
                    endsAtMarks: !joinsMark
                        || text[..<middle].suffix(SpaceMark.bytes.count) == SpaceMark.bytes[...]
                )
            )
        }
        return read
    }

    /// `"a b"` or `["a", "b"]`: both tokens one after the other, and where the second begins.
    private static func readPair(_ merge: JSONValue, into text: inout [UInt8]) -> Int? {
        switch merge {
        case .string(let pair):
            text += pair.utf8
            guard let space = text.firstIndex(of: 0x20), space > 0, space < text.count - 1 else { return nil }
            guard !text[(space + 1)...].contains(0x20) else { return nil }
            text.remove(at: space)
            return space
        case .array(let pair):
            guard pair.count == 2, let left = pair[0].string, let right = pair[1].string, !left.isEmpty, !right.isEmpty
            else { return nil }
            text += left.utf8
            text += right.utf8
            return left.utf8.count
        default:
            return nil
        }
    }
}
