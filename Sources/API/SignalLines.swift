// Asks language models about lines of a rollout file.
import JSON
package import Scoring

/// Lines of a JSONL file, each a rollout as `/v1/credit` reads its text, with what stands around its answers beside it.
package struct SignalLines {
    /// What is asked of every line, beside its answers.
    package struct Wants: Sendable {
        let tokens: Bool
        let logRatios: Bool

        package init(tokens: Bool, logRatios: Bool) {
            self.tokens = tokens
            self.logRatios = logRatios
        }
    }

    private let lines: [[UInt8]]
    private let firstIndex: Int

    /// - Parameter firstIndex: the place of the first of these lines among all rollouts of the file, from 0.
    package init(_ lines: [[UInt8]], firstIndex: Int) {
        self.lines = lines
        self.firstIndex = firstIndex
    }

    /// One answer a line, in their order; a line that cannot be asked about gets an error of its own.
    package func answers(_ models: LanguageModels, _ wants: Wants) async throws -> [AnswerLine] {
        try await Line.answers(to: lines.enumerated().map { Line($1, index: firstIndex + $0, wants) }) { requests in
            try await models.signals(for: requests, waits: true)
        } write: { signals, head, writer in
            writer.item(signals, head: head)
        }
    }
}

extension Line<SignalRequest> {
    fileprivate init(_ line: [UInt8], index: Int, _ wants: SignalLines.Wants) {
        let parsed = Result { () throws(JSONError) in try JSONValue(parsing: line) }.mapError(APIError.notJSON)
        let fields = parsed.flatMap { value in
            Result { () throws(APIError) in try Fields(value, at: "line[\(index)]") }
        }
        head = ItemHead(index: index, id: (try? fields.get())?["id"])
        asked = fields.flatMap { fields in
            Result { () throws(APIError) in try SignalRequest(fields, wants) }
        }
    }
}

extension SignalRequest {
    fileprivate init(_ fields: Fields, _ wants: SignalLines.Wants) throws(APIError) {
        _ = try fields.identifier("id")
        self.init(
            try Self.text(fields),
            wantsTokens: wants.tokens,
            wantsLogRatios: wants.logRatios,
            answers: try fields.strings("answers") ?? [],
            wrapping: AnswerWrapping(
                prefix: try fields.string("answer_prefix") ?? "",
                suffix: try fields.string("answer_suffix") ?? "",
                countsSuffix: try fields.bool("counts_suffix") ?? false
            )
        )
    }

    /// - Throws: also which half of it is missing: nothing else of a line could be asked about.
    private static func text(_ fields: Fields) throws(APIError) -> PolicyText {
        if let text = try PolicyText(fields, Separators()) { return text }
        if fields["prompt_token_ids"] != nil { throw .missingField(fields.name("step_token_ids")) }
        if fields["step_token_ids"] != nil { throw .missingField(fields.name("prompt_token_ids")) }
        _ = try RolloutRequest.prompt(fields)
        throw .missingField(fields.name("steps"))
    }
}

extension JSONWriter {
    /// A rollout with all that was asked of it.
    fileprivate mutating func item(_ signals: LanguageSignals, head: ItemHead) {
        open(head, object: "signals")
        member("prompt_tokens", signals.promptIDs.count)
        key("token_ids")
        integers(signals.tokenIDs.map(Int.init))
        key("token_spans")
        openArray()
        for span in signals.tokenSpans { integers([span.lowerBound, span.upperBound]) }
        closeArray()
        if let tokens = signals.tokens {
            member("token_logprob", tokens.logprobs)
            member("token_entropy", tokens.entropies)
        }
        if !signals.answerLogprobs.isEmpty {
            member("answer_logprob", signals.answerLogprobs)
            key("answer_tokens")
            integers(signals.answerTokens)
        }
        totals(of: signals)
        closeObject()
    }
}
