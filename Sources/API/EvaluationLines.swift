// Scores lines of a file whose right and wrong steps are known.
package import Crediting
import JSON
package import Scoring

/// A scored chain with what its line says about it.
package struct EvaluationLine: Sendable {
    package let scored: ScoredRollout
    /// Index of the first wrong step, -1 where none is wrong, nil where the line does not say.
    package let label: Int?
    /// Whether the final answer is right; nil where the line does not say.
    package let correct: Bool?
    /// The line's own group, else its problem: chains of one group answer the same one.
    package let group: String
}

/// What is wrong with one line of a file.
package struct LineTrouble: Error, Sendable {
    /// The place of the line among all of the file that are not blank, from 0.
    package let index: Int
    package let message: String
}

/// Lines in the format of ProcessBench (`problem steps final_answer_correct label`) or of `linchpin data`, whose
/// `prompt` and `correct` mean the same; what else a rollout may have is taken too, other keys are passed over.
package struct EvaluationLines {
    private let lines: [[UInt8]]
    private let firstIndex: Int

    /// - Parameter firstIndex: the place of the first of these lines among all of the file, from 0.
    package init(_ lines: [[UInt8]], firstIndex: Int) {
        self.lines = lines
        self.firstIndex = firstIndex
    }

    /// One result a line, in their order.
    /// - Throws: `ScoringError` where nothing can be scored any more.
    package func scored(
        _ scorer: Scorer,
        _ settings: CreditSettings
    ) async throws -> [Result<EvaluationLine, LineTrouble>] {
        let items = lines.map { line in Result { () throws(APIError) in try Known(line) } }
        let rollouts = items.compactMap { try? $0.get().rollout }
        var results = try await scorer.score(rollouts, credit: settings)[...]
        return items.enumerated().map { offset, item in
            item.flatMap { known in
                guard let result = results.popFirst() else { return .failure(.unexpected("too few results")) }
                return result.mapError { .scoring($0, param: nil) }
                    .flatMap { scored in Result { () throws(APIError) in try known.line(scored) } }
            }.mapError { LineTrouble(index: firstIndex + offset, message: $0.words.message) }
        }
    }
}

/// A line before it is scored.
private struct Known {
    let rollout: Rollout
    let label: Int?
    let correct: Bool?
    let group: String

    init(_ line: [UInt8]) throws(APIError) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: line)
        } catch {
            throw .notJSON(error)
        }
        let fields = try Fields(value, at: "")
        var object = fields.object
        if let problem = fields["problem"] {
            guard fields["prompt"] == nil else { throw .conflictingFields("problem", "prompt") }
            object["prompt"] = problem
        }
        rollout = try RolloutRequest(.object(object), at: "").rollout
        label = try Self.label(fields)
        correct = try Self.correct(fields)
        group =
            try fields.identifier("group").map(Self.name) ?? Self.name(object["prompt"] ?? object["messages"] ?? .null)
    }

    private static func name(_ value: JSONValue) -> String {
        value.string ?? String(decoding: value.serialized(), as: UTF8.self)
    }

    private static func label(_ fields: Fields) throws(APIError) -> Int? {
        guard let value = fields["label"] else { return nil }
        guard let label = value.integer, label >= -1 else {
            throw .wrongField("label", expected: "the index of the first wrong step, or -1")
        }
        return label
    }

    private static func correct(_ fields: Fields) throws(APIError) -> Bool? {
        let (theirs, ours) = (try fields.bool("final_answer_correct"), try fields.bool("correct"))
        if let theirs, let ours, theirs != ours { throw .conflictingFields("final_answer_correct", "correct") }
        return theirs ?? ours
    }

    func line(_ scored: ScoredRollout) throws(APIError) -> EvaluationLine {
        if let label, label >= scored.steps.count {
            throw .wrongField("label", expected: "less than the number of steps, \(scored.steps.count)")
        }
        return EvaluationLine(scored: scored, label: label, correct: correct, group: group)
    }
}
