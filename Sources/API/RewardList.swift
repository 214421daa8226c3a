// Writes the answer of /v1/rewards and /v1/credit.
import Crediting
import Glibc
import HTTPTypes
import JSON
import Scoring
import Serving

/// The `reward.list` of DESIGN.md section 3, written straight into bytes.
struct RewardList {
    private var writer = JSONWriter()
    private var tokenTotal = 0
    private var succeeded = false
    private var firstFailure: HTTPResponse.Status?

    /// The whole answer.
    /// - Parameter ids: the callers' own, one a rollout.
    /// - Throws: `CancellationError` between two rollouts.
    static func response(
        to call: Call,
        servedName: String,
        ids: [JSONValue?],
        rollouts: CreditedRollouts,
        returnsTokens: Bool = false
    ) throws -> Response {
        var list = RewardList(requestID: call.id, servedName: servedName, revision: call.model.revision, rollouts)
        for (index, result) in rollouts.results.enumerated() {
            try Task.checkCancellation()
            let isGrouped = rollouts.request.normalization != .none
            let carried = isGrouped ? [(key: "group", value: rollouts.notes[index].group ?? .null)] : []
            list.append(result, ItemHead(index: index, id: ids[index], carried: carried), returnsTokens)
        }
        return list.response()
    }

    private init(requestID: String, servedName: String, revision: String, _ rollouts: CreditedRollouts) {
        writer.openObject()
        writer.member("id", "rw-\(requestID)")
        writer.member("object", "reward.list")
        writer.member("created", Int(time(nil)))
        writer.member("model", servedName)
        writer.member("model_revision", revision)
        if rollouts.request.normalization != .none { writer.normalization(rollouts) }
        if rollouts.notes.contains(where: { $0.tokens != nil }) {
            writer.member("token_layout", rollouts.request.effectiveLayout.rawValue)
            writer.member("token_value", rollouts.request.effectiveValue.rawValue)
        }
        writer.key("data")
        writer.openArray()
    }

    private mutating func append(
        _ result: Result<CreditedRollout, ScoringError>,
        _ head: ItemHead,
        _ returnsTokens: Bool
    ) {
        switch result {
        case .success(let rollout):
            writer.item(rollout, head: head, tokens: returnsTokens)
            tokenTotal += rollout.scored?.tokenIDs.count ?? 0
            succeeded = true
        case .failure(let error):
            let words = error.words(param: "rollouts[\(head.index)]")
            writer.item(words, head: head)
            if firstFailure == nil { firstFailure = words.status }
        }
    }

    /// Status 200 if at least one rollout succeeded (or none was sent), else that of the first.
    private consuming func response() -> Response {
        writer.closeArray()
        writer.usage(tokens: tokenTotal)
        writer.closeObject()
        return .json(writer.bytes, status: succeeded ? .ok : firstFailure ?? .ok)
    }
}

extension JSONWriter {
    /// Which of the published formulas was taken: they differ in spread and in what one rollout alone gets.
    fileprivate mutating func normalization(_ rollouts: CreditedRollouts) {
        let request = rollouts.request
        let hasSpread = request.normalization == .grpo || request.normalization == .process
        key("normalization")
        openObject()
        member("method", request.normalization.rawValue)
        member("spread", hasSpread ? request.spread.rawValue : nil)
        member("epsilon", hasSpread ? spreadEpsilon : nil)
        member("singleton", "raw")
        member("groups", rollouts.groups)
        closeObject()
    }
}
