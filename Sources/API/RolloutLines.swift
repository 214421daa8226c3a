// Scores lines of a rollout file in the shape of the API.
package import Crediting
import JSON
package import Scoring

/// One answer line; `failed` tells whether it holds an error.
package struct AnswerLine: Sendable {
    package let bytes: [UInt8]
    package let failed: Bool
}

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
        let items = lines.enumerated().map { Item($1, index: firstIndex + $0) }
        let rollouts = items.compactMap { try? $0.request.get().rollout }
        var results = try await scorer.score(rollouts, credit: settings)[...]
        return items.map { item in
            var writer = JSONWriter()
            switch item.request {
            case .failure(let error):
                writer.item(error.words, head: item.head)
                return AnswerLine(bytes: writer.bytes, failed: true)
            case .success:
                switch results.popFirst() {
                case .success(let scored)?:
                    writer.item(CreditedRollout(scored), head: item.head)
                    return AnswerLine(bytes: writer.bytes, failed: false)
                case .failure(let error)?:
                    writer.item(error.words(param: "line[\(item.head.index)]"), head: item.head)
                case nil:
                    writer.item(APIError.unexpected("too few results").words, head: item.head)
                }
                return AnswerLine(bytes: writer.bytes, failed: true)
            }
        }
    }

    /// A line with what was made of it.
    private struct Item {
        let head: ItemHead
        let request: Result<RolloutRequest, APIError>

        init(_ line: [UInt8], index: Int) {
            let path = "line[\(index)]"
            let parsed = Result { () throws(JSONError) in try JSONValue(parsing: line) }.mapError(APIError.notJSON)
            request = parsed.flatMap { value in
                Result { () throws(APIError) in try RolloutRequest(value, at: path) }
            }
            let object = try? parsed.get().object
            head = ItemHead(
                index: index,
                id: object?["id"],
                carried: object?.filter { member in
                    !(RolloutLines.used + RolloutLines.answered).contains { $0.utf8.elementsEqual(member.key.utf8) }
                } ?? []
            )
        }
    }
}
