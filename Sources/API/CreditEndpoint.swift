// POST /v1/credit: credit from what the caller has.
import Crediting
import JSON
import Scoring
import Serving

extension Service {
    func credit(_ call: Call) async throws -> Response {
        let words = try URLWords(call.request.query, known: URLWords.native, standard: call.model.defaultCredit)
        let fields = try call.fields(
            known: ["rollouts"] + CreditRequest.bodyKeys + ProgramRequest.bodyKeys + ["model"]
        )
        try check(model: fields)
        guard let values = try fields.array("rollouts") else { throw APIError.missingField("rollouts") }
        if let program = try ProgramRequest(fields, words) {
            return try await programCredit(call, program, of: values, words)
        }
        let rollouts = try values.enumerated().map { try RewardedRollout($1, at: "rollouts[\($0)]") }
        let credit = try CreditRequest(fields, words)
        let notes = try RolloutNotes.read(values, credit: credit)
        let steps = rollouts.reduce(0) { $0 + $1.rewards.count }
        return try await inTurn(of: steps + notes.claimedTokens) { [servedName] in
            let results = rollouts.map { rollout in
                Result { () throws(ScoringError) in
                    CreditedRollout(
                        rollout.rewards,
                        try creditOf(rollout.rewards, on: rollout.scale, settings: credit.settings)
                    )
                }
            }
            return try CreditedRollouts(results, notes: notes, request: credit)
                .response(to: call, servedName: servedName, ids: rollouts.map(\.id))
        }
    }
}

/// A rollout of `/v1/credit`: one reward a step, null where there is none.
private struct RewardedRollout {
    let id: JSONValue?
    let rewards: [Double?]
    /// What the given numbers are; `probability` unless said.
    let scale: Scale

    init(_ value: JSONValue, at path: String) throws(APIError) {
        let fields = try Fields(value, at: path)
        id = try fields.identifier("id")
        scale = try fields.word("scale", as: Scale.self) ?? .probability
        guard let rewards = try fields.numbers("rewards") else { throw .missingField(fields.name("rewards")) }
        self.rewards = rewards
    }
}
