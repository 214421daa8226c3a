// A line of a rollout file, to signals and back.
import JSON
import Scoring

/// A line that was read.
struct SignalLine {
    /// What is asked of every line.
    struct Wants {
        let tokens: Bool
        let logRatios: Bool
    }

    private struct Refusal: Error {
        let sentence: String
    }

    /// One answer a line, in their order; a line that cannot be asked about gets an `error`.
    /// - Parameter first: the place of the first of them in the file.
    static func answers(
        to lines: [[UInt8]],
        from first: Int,
        _ models: LanguageModels,
        _ wants: Wants
    ) async throws -> [JSONObject] {
        let requests = lines.map { line in Result { () throws(Refusal) in try request(line, wants) } }
        var found = try await models.signals(for: requests.compactMap { try? $0.get() }, waits: true)[...]
        return zip(lines.indices, requests).map { index, request in
            var answer: JSONObject = ["index": JSONValue(first + index)]
            if let id = (try? JSONValue(parsing: lines[index]))?["id"] { answer["id"] = id }
            switch request.flatMap({ _ in
                found.popFirst()?.mapError { Refusal(sentence: "\($0)") } ?? .failure(Refusal(sentence: "no answer"))
            }) {
            case .success(let signals): describe(signals, in: &answer)
            case .failure(let refusal): answer["error"] = .string(refusal.sentence)
            }
            return answer
        }
    }

    private static func request(_ line: [UInt8], _ wants: Wants) throws(Refusal) -> SignalRequest {
        guard let object = (try? JSONValue(parsing: line))?.object else {
            throw Refusal(sentence: "the line is no JSON object")
        }
        let counts = present("counts_suffix", of: object)
        if let counts, counts.bool == nil { throw Refusal(sentence: "counts_suffix is neither true nor false") }
        return SignalRequest(
            try policyText(object),
            wantsTokens: wants.tokens,
            wantsLogRatios: wants.logRatios,
            answers: try strings("answers", of: object) ?? [],
            wrapping: AnswerWrapping(
                prefix: try text("answer_prefix", of: object) ?? "",
                suffix: try text("answer_suffix", of: object) ?? "",
                countsSuffix: counts?.bool ?? false
            )
        )
    }

    private static func policyText(_ object: JSONObject) throws(Refusal) -> PolicyText {
        if let prompt = present("prompt_token_ids", of: object), let steps = object["step_token_ids"]?.array {
            var ids: [[Int32]] = []
            for step in steps { ids.append(try tokens(step)) }
            return .tokens(prompt: try tokens(prompt), steps: ids)
        }
        let prompt = try self.prompt(of: object)
        let separator = try text("separator", of: object) ?? "\n\n"
        switch (try strings("steps", of: object), try text("response", of: object)) {
        case (let steps?, let response?): return .text(prompt, .listIn(response: response, steps: steps), separator: "")
        case (let steps?, nil): return .text(prompt, .list(steps), separator: separator)
        case (nil, let response?):
            guard !separator.isEmpty else { throw Refusal(sentence: "separator is empty") }
            return .text(prompt, .response(response, separator: separator), separator: separator)
        case (nil, nil): throw Refusal(sentence: "steps or response is missing")
        }
    }

    private static func prompt(of object: JSONObject) throws(Refusal) -> Prompt {
        if let prompt = try text("prompt", of: object) { return .text(prompt) }
        guard let values = present("messages", of: object) else {
            throw Refusal(sentence: "prompt or messages is missing")
        }
        let messages = (values.array ?? []).compactMap { message -> Message? in
            guard let role = message["role"]?.string, let content = message["content"]?.string else { return nil }
            return Message(role: role, content: content)
        }
        guard let array = values.array, messages.count == array.count else {
            throw Refusal(sentence: "messages is not an array of objects with a role and a content")
        }
        return .messages(messages)
    }

    /// A key that is null is as good as none.
    private static func present(_ key: String, of object: JSONObject) -> JSONValue? {
        if case .null? = object[key] { nil } else { object[key] }
    }

    private static func text(_ key: String, of object: JSONObject) throws(Refusal) -> String? {
        guard let value = present(key, of: object) else { return nil }
        guard let text = value.string else { throw Refusal(sentence: "\(key) is not a string") }
        return text
    }

    private static func strings(_ key: String, of object: JSONObject) throws(Refusal) -> [String]? {
        guard let value = present(key, of: object) else { return nil }
        let strings = (value.array ?? []).compactMap(\.string)
        guard let array = value.array, strings.count == array.count else {
            throw Refusal(sentence: "\(key) is not an array of strings")
        }
        return strings
    }

    private static func tokens(_ value: JSONValue) throws(Refusal) -> [Int32] {
        let ids = (value.array ?? []).compactMap { $0.integer.flatMap(Int32.init(exactly:)) }
        guard let array = value.array, ids.count == array.count else {
            throw Refusal(sentence: "token ids are not an array of integers")
        }
        return ids
    }

    private static func describe(_ signals: LanguageSignals, in answer: inout JSONObject) {
        func numbers(_ values: [Double?]) -> JSONValue { .array(values.map { $0.flatMap { JSONValue($0) } ?? .null }) }
        func total(_ total: LogRatios.Total) -> JSONValue {
            .object(["sum": JSONValue(total.sum) ?? .null, "mean": total.mean.flatMap { JSONValue($0) } ?? .null])
        }
        answer["prompt_tokens"] = JSONValue(signals.promptTokens)
        answer["token_ids"] = .array(signals.tokenIDs.map { JSONValue(Int($0)) })
        answer["token_spans"] = .array(
            signals.tokenSpans.map { .array([JSONValue($0.lowerBound), JSONValue($0.upperBound)]) }
        )
        if let tokens = signals.tokens {
            answer["token_logprob"] = numbers(tokens.logprobs)
            answer["token_entropy"] = numbers(tokens.entropies)
            answer["step_perplexity"] = numbers(tokens.perplexities)
        }
        if !signals.answerLogprobs.isEmpty {
            answer["answer_logprob"] = .array(signals.answerLogprobs.map { numbers($0) })
            answer["answer_tokens"] = .array(signals.answerTokens.map { JSONValue($0) })
        }
        if let ratios = signals.logRatios {
            answer["logratio"] = .object([
                "token": numbers(ratios.tokens), "step": .array(ratios.steps.map(total)),
                "rollout": total(ratios.rollout),
            ])
        }
    }
}
