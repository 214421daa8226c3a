// POST /v1/score/evaluation: LLaMA-Factory's PPO.
import JSON
import Scoring
import Serving

extension Service {
    /// `messages` are strings, prompt and answer in the policy's template (reference/wire-apis.md section 2.5).
    ///
    /// The client looks neither at the status nor at the count, so an error has no `scores`; it always names the model
    /// "model", so that name is not looked at.
    func scoreEvaluation(_ call: Call) async throws -> Response {
        let words = try URLWords(call.request.query, known: URLWords.scalar, standard: call.model.defaultCredit)
        guard let texts = try call.fields().strings("messages") else { throw APIError.missingField("messages") }
        let read = try texts.enumerated().map { index, text in
            try TrainerRollout(cutting: text, after: nil, words, at: "messages[\(index)]")
        }
        let rollouts = read.map(\.rollout)
        let scored = try await scoreScorable(rollouts, words, for: call, at: { "messages[\($0)]" })
        let scale = call.model.scorer.profile.scale.creditScale
        let scores = try scalars(scored, of: rollouts, words, on: scale, at: { "messages[\($0)]" })
        var writer = JSONWriter()
        writer.openObject()
        writer.member("id", "scoreval-\(call.id)")
        writer.member("object", "score.evaluation")
        writer.member("model", servedName)
        writer.member("scores", scores)
        writer.stepRewards(zip(scored, read).map { ($0, $1.offset) })
        writer.closeObject()
        return .json(writer.bytes)
    }
}
