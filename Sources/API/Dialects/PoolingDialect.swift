// POST /pooling: vLLM's step pooling, one row a step tag.
import Crediting
import JSON
import Scoring
import Serving

extension Service {
    /// reward_hub, sdg_hub and prm-toolkit (reference/wire-apis.md sections 2.9 and 3.1). Here the tags that stand in the
    /// text are meant; a request of any other route brings its steps instead.
    func pooling(_ call: Call) async throws -> Response {
        var words = try URLWords(call.request.query, standard: call.model.defaultCredit)
        // No credit is asked for, and on the rewards' own scale there always is one.
        words.credit = try CreditSettings(pooling: .last, scale: call.model.scorer.profile.scale.creditScale)
        let fields = try call.fields()
        try check(model: fields)
        let encoding = try fields.poolingEncoding(call.model.scorer.profile)
        let addsSpecialTokens = try fields.bool("add_special_tokens")
        let input = try PooledInput(fields, oneOf: "input", "messages")
        let rollouts = input.items.map { $0.tagged(addsSpecialTokens: addsSpecialTokens) }
        let scored = try await scoreAll(rollouts, words, for: call, at: input.path)
        return try pooledList(call, idPrefix: "pooling", scored) { writer, index in
            let rows = scored[index].rows(of: call.model.scorer.profile)
            writer.member("object", "pooling")
            writer.key("data")
            switch encoding {
            case .float: try writer.rows(rows)
            case .base64: writer.string(rows.flatMap(\.self).base64)
            }
        }
    }
}

extension Fields {
    private enum Task: String, CaseIterable {
        case tokenClassify = "token_classify"
    }

    /// How rows are sent; a setting that asks for other rows is refused.
    fileprivate func poolingEncoding(_ profile: Profile) throws(APIError) -> NumberEncoding {
        _ = try word("task", as: Task.self)
        try refuseUnmet()
        let isActivated = profile.scale != .raw
        guard try bool("use_activation") ?? isActivated == isActivated else {
            throw .wrongField("use_activation", expected: "\(isActivated) or left out for this model")
        }
        return try word("encoding_format", as: NumberEncoding.self) ?? .float
    }
}

extension ScoredRollout {
    /// For two classes the chances of wrong and of right, as vLLM has them; else the model's one number. In float32, which
    /// is what the model computed.
    fileprivate func rows(of profile: Profile) -> [[Float]] {
        steps.compactMap(\.reward).map { reward in
            guard profile.hasTwoClasses else { return [Float(reward)] }
            let right = Float(profile.scale == .margin ? (1 + reward) / 2 : reward)
            return [1 - right, right]
        }
    }
}

extension JSONWriter {
    fileprivate mutating func rows(_ rows: [[Float]]) throws(JSONError) {
        openArray()
        for row in rows {
            openArray()
            for value in row { try number(value) }
            closeArray()
        }
        closeArray()
    }
}
