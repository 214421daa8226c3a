// POST /get_reward: OpenRLHF and its relatives.
import Crediting
import JSON
import Scoring
import Serving

extension Service {
    /// OpenRLHF, lmm-r1 and MARTI (`query`), LightRFT (`queries`), align-anything (`prompts` and `responses`):
    /// reference/wire-apis.md sections 2.1 and 2.2. Arrays of the answer are parallel to the rollouts.
    func getReward(_ call: Call) async throws -> Response {
        let words = try URLWords(call.request.query, known: URLWords.scalar, standard: call.model.defaultCredit)
        let rollouts = try Self.trainerRollouts(try call.fields(), words)
        let scored = try await scoreScorable(rollouts.map(\.rollout), words, for: call, at: { rollouts[$0].name })
        let scale = call.model.scorer.profile.scale.creditScale
        let rewards = try scalars(scored, of: rollouts.map(\.rollout), words, on: scale, at: { rollouts[$0].name })
        var writer = JSONWriter()
        writer.openObject()
        writer.member("rewards", rewards)
        // Dynamic filtering compares them with bounds in [0, 1].
        writer.member("scores", try zip(scored, rewards).map { try words.probability(of: $0, $1, given: scale) })
        writer.key("extra_logs")
        writer.logs(scored, otherwise: words.unscorable)
        writer.stepRewards(zip(scored, rollouts).map { ($0, $1.offset) })
        writer.closeObject()
        return .json(writer.bytes)
    }

    /// Lengths are compared before any work is done.
    private static func trainerRollouts(_ fields: Fields, _ words: URLWords) throws(APIError) -> [NamedRollout] {
        // LightRFT's multimodal mode; a reward without the picture would be one of another question.
        for (index, images) in (try fields.array("images") ?? []).enumerated() where images.array?.isEmpty == false {
            throw .notServed("images[\(index)]", instead: "text")
        }
        let prompts = try fields.array("prompts")
        let texts = try fields.only(of: ["query", "queries", "responses"])
        guard let (key, values) = texts else { throw .missingField("query") }
        if key == "responses", prompts == nil { throw .missingField("prompts") }
        if let prompts, prompts.count != values.count {
            throw .wrongField("prompts", expected: "as long as \(key), which has \(values.count)")
        }
        var rollouts: [NamedRollout] = []
        for (index, text) in values.enumerated() {
            let prompt = prompts?[index] ?? .null
            rollouts.append(
                NamedRollout(
                    try key == "responses"
                        ? TrainerRollout(prompt: prompt, response: text, words, at: "prompts[\(index)]")
                        : TrainerRollout(cutting: text, after: beginning(prompt, index), words, at: "\(key)[\(index)]"),
                    name: "\(key)[\(index)]"
                )
            )
        }
        return rollouts
    }

    /// What a whole text began with; one that cannot be compared with it is refused, since without it the answer alone
    /// would tell where it begins.
    private static func beginning(_ prompt: JSONValue, _ index: Int) throws(APIError) -> String? {
        guard prompt != .null else { return nil }
        guard let text = prompt.string else { throw .wrongField("prompts[\(index)]", expected: "a string or null") }
        return text
    }
}

/// A rollout with the place of its text in the body.
private struct NamedRollout {
    let rollout: Rollout
    let offset: Int
    let name: String

    init(_ trainer: TrainerRollout, name: String) {
        rollout = trainer.rollout
        offset = trainer.offset
        self.name = name
    }
}

extension Fields {
    /// The one of these arrays of strings that the body has.
    fileprivate func only(of keys: [String]) throws(APIError) -> (key: String, values: [String])? {
        var found: (key: String, values: [String])?
        for key in keys {
            guard let values = try strings(key) else { continue }
            if let found { throw .conflictingFields(found.key, key) }
            found = (key, values)
        }
        return found
    }
}

extension JSONWriter {
    /// OpenRLHF makes a tensor of every value and reads every sample by the first one's keys: one fixed set of keys, one
    /// number a rollout (its `samples_generator.py` and `experience.py`). An empty shard has no samples and no keys.
    /// A rollout that could not be scored has no steps, no tokens and no weakest step (-1).
    fileprivate mutating func logs(_ scored: [ScoredRollout?], otherwise unscorable: Double?) {
        openObject()
        if !scored.isEmpty {
            for pooling in [Pooling.min, .mean, .last] {
                member("prm_\(pooling.rawValue)", scored.map { $0?.credit.value(of: pooling) ?? unscorable })
            }
            member("prm_weakest_step", scored.map { Double($0?.credit.weakestStep ?? -1) })
            member("prm_steps", scored.map { Double($0?.steps.count ?? 0) })
            member("prm_tokens", scored.map { Double($0?.tokenIDs.count ?? 0) })
        }
        closeObject()
    }
}
