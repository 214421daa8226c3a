// Answers lines of a file, each with what it asks or an error.
import JSON
import Scoring

/// One answer line; `failed` tells whether it holds an error.
package struct AnswerLine: Sendable {
    package let bytes: [UInt8]
    package let failed: Bool
}

/// A line with what was made of it.
struct Line<Asked> {
    let head: ItemHead
    let asked: Result<Asked, APIError>

    /// One answer a line, in their order; a line that could not be read gets an error of its own.
    /// - Parameters:
    ///   - ask: answers as many as it is given, in their order.
    ///   - write: one answer as an object.
    static func answers<Given>(
        to lines: [Line],
        ask: ([Asked]) async throws -> [Result<Given, ScoringError>],
        write: (Given, ItemHead, inout JSONWriter) -> Void
    ) async throws -> [AnswerLine] {
        var results = try await ask(lines.compactMap { try? $0.asked.get() })[...]
        return lines.map { line in
            var writer = JSONWriter()
            switch line.answer(from: &results) {
            case .success(let given): write(given, line.head, &writer)
            case .failure(let error):
                writer.item(error.words, head: line.head)
                return AnswerLine(bytes: writer.bytes, failed: true)
            }
            return AnswerLine(bytes: writer.bytes, failed: false)
        }
    }

    private func answer<Given>(
        from results: inout ArraySlice<Result<Given, ScoringError>>
    ) -> Result<Given, APIError> {
        asked.flatMap { _ in
            guard let result = results.popFirst() else { return .failure(.unexpected("too few results")) }
            return result.mapError { .scoring($0, param: "line[\(head.index)]") }
        }
    }
}
