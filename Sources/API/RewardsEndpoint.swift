// POST /v1/rewards: rollouts in, step rewards and credit out.
import Crediting
import JSON
import Scoring
import Serving

extension Service {
    func rewards(_ call: Call) async throws -> Response {
        let fields = try call.fields(known: ["rollouts", "credit", "model", "return_token_ids"])
        try check(model: fields)
        guard let values = try fields.array("rollouts") else { throw APIError.missingField("rollouts") }
        let rollouts = try values.enumerated().map { try RolloutRequest($1, at: "rollouts[\($0)]") }
        let credit = try CreditRequest(fields["credit"], default: defaultCredit).settings
        let returnsTokens = try fields.bool("return_token_ids") ?? false
        let results: [Result<ScoredRollout, ScoringError>]
        do {
            results = try await scorer.score(rollouts.map(\.rollout), credit: credit)
        } catch {
            throw APIError.scoring(error, param: nil)
        }
        metrics.record(results)
        var list = RewardList(requestID: call.id, model: servedName)
        for (request, result) in zip(rollouts, results) {
            switch result {
            case .success(let scored): list.append(scored, id: request.id, tokens: returnsTokens)
            case .failure(let error): list.append(error, id: request.id)
            }
        }
        return list.response()
    }

    /// A request may name the model that it means; it must be the one that is served.
    func check(model fields: Fields) throws(APIError) {
        if let name = try fields.string("model"), name != servedName {
            throw .unknownModel(name, served: servedName)
        }
    }
}
