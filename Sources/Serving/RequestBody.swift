// Collects a request's body, out of its content coding.

/// A body as it comes in. What a coded one unfolds to counts against the same limit, while it arrives.
struct RequestBody: Sendable {
    private let limit: Int
    /// nil where the body comes as it is.
    private var inflater: Inflater?
    private var isDiscarded = false
    private(set) var bytes: [UInt8] = []
    /// What has arrived, out of its chunks but in its coding.
    private(set) var received = 0

    init(_ coding: ContentCoding = .identity, limit: Int) {
        self.limit = limit
        inflater = coding == .gzip ? Inflater() : nil
    }

    mutating func take(_ piece: ArraySlice<UInt8>) throws(Refusal) {
        received += piece.count
        guard !isDiscarded else { return }
        guard inflater != nil else {
            bytes.reserve(piece.count, within: limit)
            bytes += piece
            return
        }
        do throws(Inflater.Failure) {
            try inflater?.unfold(piece, onto: &bytes, limit: limit)
        } catch {
            switch error {
            case .tooLarge: throw .bodyTooLarge(limit: limit)
            case .malformed: throw .malformed(.contentCoding)
            }
        }
    }

    /// Lets go of what has come; what still comes is only counted.
    mutating func discard() {
        isDiscarded = true
        inflater = nil
        bytes = []
    }

    /// Called when no more of it comes: what is packed must be whole.
    func finish() throws(Refusal) {
        guard inflater?.isComplete ?? true else { throw .malformed(.contentCoding) }
    }
}

extension [UInt8] {
    /// Makes room for `more` bytes, by halves of `limit`.
    ///
    /// Growing copies; from half the limit to the limit, both copies together hold no more than the limit. Doubling from
    /// anywhere would at worst hold twice as much.
    mutating func reserve(_ more: Int, within limit: Int) {
        let needed = count + more
        guard needed > capacity else { return }
        var room = Swift.max(limit, needed)
        while room / 2 >= needed { room /= 2 }
        reserveCapacity(room)
    }
}
