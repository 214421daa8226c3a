// POST / and /rm: slime and miles, and verl's own habit.
import Crediting
import JSON
import Scoring
import Serving

extension Service {
    /// One rollout a request; the body of the answer is the reward itself (reference/wire-apis.md sections 2.3 and 2.4).
    ///
    /// `?format=object` is for slime's `--reward-key score`; verl users post `solution_str` and read `score`.
    func slime(_ call: Call) async throws -> Response {
        let known = URLWords.scalar + ["format"]
        let words = try URLWords(call.request.query, known: known, standard: call.model.defaultCredit)
        let format = try words.word("format", as: Format.self)
        let fields = try call.fields()
        let verl = try fields.string("solution_str")
        let key = verl == nil ? "response" : "solution_str"
        guard let response = try verl ?? fields.string("response") else { throw APIError.missingField("response") }
        let (prompt, path) = try verl == nil ? Self.prompt(fields) : Self.question(fields)
        let rollout = try TrainerRollout(prompt: prompt, response: response, words, at: path).rollout
        let scored = try await scoreScorable([rollout], words, for: call, at: { _ in key })
        let scale = call.model.scorer.profile.scale.creditScale
        let reward = try scalars(scored, of: [rollout], words, on: scale, at: { _ in key })[0]
        var writer = JSONWriter()
        switch format ?? (verl == nil ? .number : .object) {
        case .number: writer.real(reward)
        case .object:
            writer.openObject()
            writer.member("score", reward)
            if let method = words.method?.method {
                writer.member("method", method.name)
            } else {
                writer.member("pooling", words.reward.rawValue)
            }
            writer.stepRewards(of: scored[0])
            writer.closeObject()
        }
        return .json(writer.bytes)
    }

    private enum Format: String, CaseIterable {
        case number
        case object
    }

    private static func prompt(_ fields: Fields) throws(APIError) -> (JSONValue, String) {
        if let prompt = fields["prompt"] { return (prompt, "prompt") }
        // XTuner's judge sends response, label and extra_info alone: a step's reward depends on what was asked.
        throw .noPrompt("prompt")
    }

    /// verl's compute_score is not told the prompt; data sets in the manner of its GSM8K carry the question along.
    private static func question(_ fields: Fields) throws(APIError) -> (JSONValue, String) {
        if let prompt = fields["prompt"] { return (prompt, "prompt") }
        if let extra = fields["extra_info"]?.object {
            for key in ["question", "prompt"] {
                if let question = extra[key], question != .null { return (question, "extra_info.\(key)") }
            }
        }
        throw .noPrompt("extra_info.question")
    }
}
