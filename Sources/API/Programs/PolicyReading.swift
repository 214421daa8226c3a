// Reads what a language model is asked about.
import Glibc
import JSON
import Scoring

/// The separators of a policy's text that names none.
struct Separators: Sendable {
    /// Between the steps of a list.
    let joining: String
    /// Where a response is split.
    let splitting: String

    /// - Parameters:
    ///   - said: the request's own, for all of its rollouts.
    ///   - profile: the reward model's, where it reads the same responses: both then have the same steps.
    init(_ said: String? = nil, readBy profile: Profile? = nil) {
        joining = said ?? PolicyText.separator
        splitting = said ?? profile?.separator ?? PolicyText.separator
    }
}

extension PolicyText {
    private static let prompts = ["prompt", "messages"]
    private static let answers = ["steps", "completions", "response"]

    /// `prompt_token_ids` with `step_token_ids`, or the rollout's text; nil where it has neither, or half of it.
    init?(_ fields: Fields, _ separators: Separators) throws(APIError) {
        if let prompt = try fields.array("prompt_token_ids"), let steps = try fields.array("step_token_ids") {
            var ids: [[Int32]] = []
            for (index, step) in steps.enumerated() {
                let path = "\(fields.name("step_token_ids"))[\(index)]"
                guard let step = step.array else { throw .wrongField(path, expected: "an array of integers") }
                ids.append(try Self.ids(step, path))
            }
            self = .tokens(prompt: try Self.ids(prompt, fields.name("prompt_token_ids")), steps: ids)
            return
        }
        guard Self.isIn(fields) else { return nil }
        self = .text(
            try RolloutRequest.prompt(fields),
            try RolloutRequest.source(fields, separators.splitting),
            separator: try fields.string("separator") ?? separators.joining
        )
    }

    /// Whether a rollout has both halves of a text, or of its tokens, whatever they are.
    static func isIn(_ fields: Fields) -> Bool {
        fields["prompt_token_ids"] != nil && fields["step_token_ids"] != nil
            || prompts.contains { fields[$0] != nil } && answers.contains { fields[$0] != nil }
    }

    private static func ids(_ values: [JSONValue], _ path: String) throws(APIError) -> [Int32] {
        var ids: [Int32] = []
        for (index, value) in values.enumerated() {
            guard let id = value.integer else { throw .wrongField("\(path)[\(index)]", expected: "an integer") }
            // An id that no Int32 holds is out of the model's range whatever it is.
            ids.append(Int32(clamping: id))
        }
        return ids
    }

    /// Nil where it has none, or where they cannot be told: the model's answer then says why.
    var stepCount: Int? {
        switch self {
        case .tokens(_, let steps): steps.isEmpty ? nil : steps.count
        case .text(_, let source, let separator): (try? Steps(source, separator: separator))?.texts.count
        }
    }
}

/// What stands around a right answer, and what several of them are together.
struct AnswerFormat: Sendable, Equatable {
    /// One number of several log-probabilities l of answers that are equally right. No source states the formula
    /// (credit-methods.md section 3: "equivalence-aware" variants), so both are inferred.
    enum Several: String, Sendable, CaseIterable {
        /// max l: the likeliest wording is the one that counts.
        case most = "max"
        /// log of the mean of e^l: what SIOP's sum over references is with equal shares.
        case meanChance = "log_mean_exp"
    }

    static let keys = ["prefix", "suffix", "counts_suffix", "several"]

    let wrapping: AnswerWrapping
    let several: Several

    /// The bare answer.
    init() { (wrapping, several) = (AnswerWrapping(), .most) }

    init(_ fields: Fields) throws(APIError) {
        try fields.refuseUnknown(except: Self.keys)
        wrapping = AnswerWrapping(
            prefix: try fields.string("prefix") ?? "",
            suffix: try fields.string("suffix") ?? "",
            countsSuffix: try fields.bool("counts_suffix") ?? false
        )
        several = try fields.word("several", as: Several.self) ?? .most
    }

    /// - Parameter logprobs: [answers][n + 1], finite, of one answer at least.
    func together(_ logprobs: [[Double]]) -> [Double] {
        guard let first = logprobs.first else { return [] }
        return first.indices.map { place in
            let values = logprobs.map { $0[place] }
            let most = values.reduce(first[place], max)
            // One answer is itself to the bit, by either rule.
            guard several == .meanChance, values.count > 1 else { return most }
            return most + log(values.reduce(0) { $0 + exp($1 - most) } / Double(values.count))
        }
    }
}
