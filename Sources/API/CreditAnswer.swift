// Writes the answer of /v1/rewards and /v1/credit where a pooling was asked for.
import Crediting
import JSON
import Scoring
import Serving

extension CreditedRollouts {
    /// The whole answer.
    /// - Parameter ids: the callers' own, one a rollout.
    /// - Throws: `CancellationError` between two rollouts.
    func response(
        to call: Call,
        servedName: String,
        ids: [JSONValue?],
        returnsTokens: Bool = false
    ) throws -> Response {
        var list = ListWriter(to: call, servedName: servedName)
        let isGrouped = request.normalization != .none
        if isGrouped { list.writer.normalization(self) }
        if notes.contains(where: { $0.tokens != nil }) {
            list.writer.member("token_layout", request.effectiveLayout.rawValue)
            list.writer.member("token_value", request.effectiveValue.rawValue)
        }
        list.openData()
        for (index, result) in results.enumerated() {
            try Task.checkCancellation()
            let carried = isGrouped ? [(key: "group", value: notes[index].group ?? .null)] : []
            let head = ItemHead(index: index, id: ids[index], carried: carried)
            switch result {
            case .failure(let error): list.append(error, head)
            case .success(let rollout):
                list.append(tokens: rollout.scored?.tokenIDs.count ?? 0) { writer in
                    writer.item(rollout, head: head, tokens: returnsTokens)
                }
            }
        }
        return list.response()
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
