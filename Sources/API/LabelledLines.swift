// Reads rollouts whose outcome is known, one a line.
import JSON
package import Scoring

/// Why a line is no such rollout, in a sentence.
package struct LineRefusal: Error, Sendable, Equatable {
    package let message: String
}

extension LabelledRollout {
    /// A rollout as the API has them with `correct` (or ProcessBench's `final_answer_correct`); `group` names its
    /// problem, else the prompt does, and `label` is its first wrong step.
    package init(line: [UInt8]) throws(LineRefusal) {
        do throws(APIError) {
            let value: JSONValue
            do throws(JSONError) { value = try JSONValue(parsing: line) } catch { throw .notJSON(error) }
            let fields = try Fields(value, at: "")
            let rollout = try RolloutRequest(value, at: "").rollout
            let (own, other) = (try fields.bool("correct"), try fields.bool("final_answer_correct"))
            guard let correct = own ?? other else { throw .missingField(fields.name("correct")) }
            var label: Int?
            if let value = fields["label"] {
                guard let number = value.integer, number >= -1 else {
                    throw .wrongField(fields.name("label"), expected: "-1 or the index of a step")
                }
                label = number
            }
            let group = try fields.identifier("group")
            self.init(
                rollout: rollout,
                correct: correct,
                problem: group.map { "group " + ($0.string ?? "\($0.integer ?? 0)") } ?? Self.key(of: rollout.prompt),
                label: label
            )
        } catch {
            throw LineRefusal(message: error.words.message)
        }
    }

    /// Lengths stand before the texts, so that no two conversations have one key.
    private static func key(of prompt: Prompt) -> String {
        switch prompt {
        case .text(let text): "prompt " + text
        case .messages(let messages):
            messages.map { "\($0.role) \($0.content.utf8.count) \($0.content)" }.joined(separator: "\n")
        }
    }
}
