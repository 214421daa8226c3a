// Scores lines of a rollout file in the shape of the API.
package import Crediting
import JSON
package import Scoring

/// Lines of a JSONL file, each a rollout of `/v1/rewards`; keys that scoring has no use for are carried through.
package struct RolloutLines {
    private static let used = ["id", "prompt", "messages", "steps", "completions", "response", "separator"]
    /// Keys of an answer; where a line has one of its own, the answer's stands.
    private static let answered = [
        "index", "object", "error", "trajectory", "reward", "weakest_step", "tokens", "cached_tokens",
    ]

    private let lines: [[UInt8]]
    private let firstIndex: Int

    /// - Parameter firstIndex: the place of the first of these lines among all rollouts of the file, from 0.
    package init(_ lines: [[UInt8]], firstIndex: Int) {
        self.lines = lines
        self.firstIndex = firstIndex
    }

    /// One answer a line, in their order; a line that is no rollout gets an error of its own.
    package func answers(_ scorer: Scorer, _ settings: CreditSettings) async throws -> [AnswerLine] {
        try await Line.answers(to: lines.enumerated().map { Line($1, index: firstIndex + $0) }) { requests in
            try await scorer.score(requests.map(\.rollout), credit: settings)
        } write: { scored, head, writer in
            writer.item(CreditedRollout(scored), head: head)
        }
    }

    /// Whether scoring reads it, or answers with one of that name.
    fileprivate static func isKnown(_ key: String) -> Bool {
        (used + answered).contains { $0.utf8.elementsEqual(key.utf8) }
    }
}

extension Line<RolloutRequest> {
    fileprivate init(_ line: [UInt8], index: Int) {
        let parsed = Result { () throws(JSONError) in try JSONValue(parsing: line) }.mapError(APIError.notJSON)
        asked = parsed.flatMap { value in
            Result { () throws(APIError) in try RolloutRequest(value, at: "line[\(index)]") }
        }
        let object = try? parsed.get().object
        head = ItemHead(
            index: index,
            id: object?["id"],
            carried: object?.filter { !RolloutLines.isKnown($0.key) } ?? []
        )
    }
}
