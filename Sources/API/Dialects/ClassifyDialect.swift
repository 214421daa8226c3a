// POST /classify: one number an input, as vLLM and SGLang.
import Crediting
import JSON
import Scoring
import Serving

extension Service {
    /// The keys tell the two apart: `input` or `messages` are vLLM's, `text` or `input_ids` SGLang's
    /// (reference/wire-apis.md sections 2.4, 2.6, 3.1 and 3.2). verl reads `data[-1].probs[-1]`, XTuner `[i].embedding[0]`.
    func classify(_ call: Call) async throws -> Response {
        var words = try URLWords(call.request.query, known: URLWords.scalar, standard: call.model.defaultCredit)
        let fields = try call.fields()
        if let isActivated = try fields.bool("use_activation") { try words.activate(isActivated) }
        let input = try PooledInput(fields, oneOf: "input", "messages", "text", "input_ids")
        let (scored, credits) = try await judged(call, input, fields, words)
        if ["text", "input_ids"].contains(input.key) { return sglangAnswer(call, input, scored, credits) }
        return pooledList(call, idPrefix: "classify", scored) { writer, index in
            writer.member("label", "LABEL_0")
            writer.member("probs", [credits[index]])
            writer.member("num_classes", 1)
        }
    }

    /// One number an item: the aggregated credit, or what the URL says that an unscorable one is worth.
    func judged(
        _ call: Call,
        _ input: PooledInput,
        _ fields: Fields,
        _ words: URLWords
    ) async throws -> (scored: [ScoredRollout?], credits: [Double]) {
        try check(model: fields)
        try fields.refuseUnmet()
        let addsSpecialTokens = try fields.bool("add_special_tokens")
        let rollouts = try input.items.enumerated().map { index, item in
            try item.judged(addsSpecialTokens: addsSpecialTokens, words, at: input.path(index))
        }
        let scored = try await scoreScorable(rollouts, words, for: call, at: input.path)
        let scale = call.model.scorer.profile.scale.creditScale
        return (scored, try scalars(scored, of: rollouts, words, on: scale, at: input.path))
    }

    /// An object for a scalar, a list for a list.
    private func sglangAnswer(
        _ call: Call,
        _ input: PooledInput,
        _ scored: [ScoredRollout?],
        _ credits: [Double]
    ) -> Response {
        var writer = JSONWriter()
        if input.isList { writer.openArray() }
        for (index, rollout) in scored.enumerated() {
            writer.openObject()
            writer.member("embedding", [credits[index]])
            writer.key("meta_info")
            writer.openObject()
            writer.member("id", input.isList ? "\(call.id)-\(index)" : call.id)
            writer.member("prompt_tokens", rollout?.tokenIDs.count ?? 0)
            writer.member("cached_tokens", rollout?.cachedTokens ?? 0)
            writer.member("e2e_latency", rollout.map { $0.queueSeconds + $0.kernelSeconds } ?? 0)
            writer.closeObject()
            writer.closeObject()
        }
        if input.isList { writer.closeArray() }
        return .json(writer.bytes)
    }
}

extension URLWords {
    /// vLLM's `use_activation`: credit as a probability, or the raw number behind it.
    fileprivate mutating func activate(_ isActivated: Bool) throws(APIError) {
        if says("scale") { throw .conflictingFields("use_activation", "?scale") }
        let scale: Scale = isActivated ? .probability : .logit
        guard reward.exists(on: scale),
            let settings = try? CreditSettings(
                pooling: credit.pooling,
                temperature: credit.temperature,
                scale: scale
            )
        else {
            throw .wrongField("use_activation", expected: "true or left out with this pooling")
        }
        credit = settings
    }
}
