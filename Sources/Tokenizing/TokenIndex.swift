// Token texts to ids while a file is read.
import JSON

/// The vocabulary's own object, which finds texts by their bytes, and the id at each of its places.
struct TokenIndex {
    private let tokens: JSONObject
    private let ids: [Int32]

    /// - Parameter ids: as many as there are tokens, in their order.
    init(_ tokens: JSONObject, ids: [Int32]) {
        self.tokens = tokens
        self.ids = ids
    }

    func id(of text: Span<UInt8>) -> Int32? { tokens.place(ofKey: text).map { ids[$0] } }

    /// As `id(of:)`, for a text that probably follows the one that was found at `place` before, which is moved on to it.
    ///
    /// Files list tokens in the order of the merges that make them, so that most need no search.
    func id(of text: Span<UInt8>, after place: inout Int) -> Int32? {
        if place + 1 < ids.count, tokens.isKey(text, at: place + 1) {
            place += 1
        } else if let found = tokens.place(ofKey: text) {
            place = found
        } else {
            return nil
        }
        return ids[place]
    }
}
