// Reads what a rollout says beside its text or rewards.
import Crediting
import JSON

/// The group of a rollout, and where its steps stand among its tokens.
struct RolloutNotes: Sendable {
    /// As it came, a string or an integer; not read where nothing is normalised.
    let group: JSONValue?
    /// Nil where it gets no token credit.
    let tokens: TokenPlaces?

    /// Token values that one request may ask for: about 90 MB of answer at the most.
    static let mostTokens = 1 << 22

    /// - Parameter isRaw: whether the caller laid out every token, so that the places need not be said.
    init(_ fields: Fields, isRaw: Bool, credit: CreditRequest) throws(APIError) {
        group = credit.normalization == .none ? nil : try fields.identifier("group")
        let places = try TokenPlaces(fields)
        if places == nil, credit.asksForTokens {
            guard isRaw else { throw .missingField(fields.name("token_spans")) }
            tokens = .reads
        } else {
            tokens = places
        }
    }

    /// The notes of all rollouts of a request, in their order.
    static func read(
        _ rollouts: [JSONValue],
        credit: CreditRequest,
        isRaw: (Int) -> Bool = { _ in false }
    ) throws(APIError) -> [RolloutNotes] {
        var notes: [RolloutNotes] = []
        var room = mostTokens
        for (index, rollout) in rollouts.enumerated() {
            let fields = try Fields(rollout, at: "rollouts[\(index)]")
            let note = try RolloutNotes(fields, isRaw: isRaw(index), credit: credit)
            let claimed = note.tokens?.claimed ?? 0
            guard claimed <= room else {
                throw .wrongField(
                    fields.name(fields["token_count"] == nil ? "token_spans" : "token_count"),
                    expected: "such that all rollouts of a request have at most \(mostTokens) tokens"
                )
            }
            room -= claimed
            notes.append(note)
        }
        return notes
    }
}

extension [RolloutNotes] {
    /// Token values that their rollouts are to get.
    var claimedTokens: Int { reduce(0) { $0 + ($1.tokens?.claimed ?? 0) } }
}

/// How the tokens of a rollout are known.
enum TokenPlaces: Sendable, Equatable {
    /// `token_spans`, and `token_count` where it was said.
    case spans([TokenSpan], count: Int?)
    /// A raw rollout's own read positions.
    case reads

    /// Nil where the rollout has no `token_spans`; a `token_count` of its own is then somebody else's.
    init?(_ fields: Fields) throws(APIError) {
        guard let values = try fields.array("token_spans") else { return nil }
        let count = fields["token_count"]
        if let count, count.integer ?? -1 < 0 {
            throw .wrongField(fields.name("token_count"), expected: "an integer, 0 or more")
        }
        var spans: [TokenSpan] = []
        for (index, value) in values.enumerated() {
            let ends = value.array?.map(\.integer) ?? []
            guard ends.count == 2, let start = ends[0], let end = ends[1] else {
                throw .wrongField("\(fields.name("token_spans"))[\(index)]", expected: "two integers, [start, end)")
            }
            spans.append(TokenSpan(start: start, end: end))
        }
        self = .spans(spans, count: count?.integer)
    }

    /// Tokens that the caller claims, at least 0; those of a raw rollout are in the body, which is bounded.
    var claimed: Int {
        switch self {
        case .spans(let spans, let count): max(0, count ?? spans.last?.end ?? 0)
        case .reads: 0
        }
    }
}
