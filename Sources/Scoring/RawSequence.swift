// A rollout that its caller has laid out token by token.

/// What the model shall read, and where a reward is read: the way in for every template that is not written out here.
///
/// Text of `segments` is plain text as everywhere (promise P3); a token stands in it only where the caller asks for one.
package enum RawSequence: Sendable, Equatable {
    case segments([RawSegment])
    /// Positions ascend, each less than the count of ids.
    case ids([Int32], readPositions: [Int])
    /// Read wherever the profile's own step tag stands in it.
    case tagged(TaggedInput)
}

/// A piece of a raw rollout; where `isRead`, a reward is read at its last token.
package struct RawSegment: Sendable, Equatable {
    package enum Content: Sendable, Equatable {
        case text(String)
        /// An added token by its exact text, such as `<|im_end|>`.
        case token(String)
        case id(Int32)
    }

    package let content: Content
    package let isRead: Bool

    package init(_ content: Content, isRead: Bool = false) {
        self.content = content
        self.isRead = isRead
    }
}
