// POST /v1/rewards: rollouts in, step rewards and credit out.
import JSON
import Scoring
import Serving

extension Service {
    func rewards(_ call: Call) async throws -> Response {
        let words = try URLWords(call.request.query, known: URLWords.native, standard: call.model.defaultCredit)
        let fields = try call.fields(
            known: ["rollouts"] + CreditRequest.bodyKeys + ProgramRequest.bodyKeys + ["model", "return_token_ids"]
        )
        try check(model: fields)
        guard let values = try fields.array("rollouts") else { throw APIError.missingField("rollouts") }
        let rollouts = try values.enumerated().map {
            try RolloutRequest($1, at: "rollouts[\($0)]", separator: words.separator)
        }
        let returnsTokens = try fields.bool("return_token_ids") ?? false
        if let program = try ProgramRequest(fields, words) {
            return try await programRewards(call, program, of: values, rollouts, words, returnsTokens: returnsTokens)
        }
        let credit = try CreditRequest(fields, words)
        let notes = try RolloutNotes.read(values, credit: credit, isRaw: { rollouts[$0].rollout.isRaw })
        let results = try await score(rollouts.map(\.rollout), credit.settings, waits: words.wait, for: call)
        let steps = results.reduce(0) { $0 + ((try? $1.get().steps.count) ?? 0) }
        return try await inTurn(of: steps + notes.claimedTokens) { [servedName] in
            try CreditedRollouts(results.map { $0.map(CreditedRollout.init) }, notes: notes, request: credit)
                .response(to: call, servedName: servedName, ids: rollouts.map(\.id), returnsTokens: returnsTokens)
        }
    }

    /// A request may name the model that it means; it must be the one that is served.
    func check(model fields: Fields) throws(APIError) {
        if let name = try fields.string("model"), name != servedName {
            throw .unknownModel(served: servedName)
        }
    }
}

extension Rollout {
    /// Whether its caller laid out every token.
    fileprivate var isRaw: Bool {
        if case .raw = source { true } else { false }
    }
}
