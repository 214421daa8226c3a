// Writes a `reward.list`, whatever is said of its rollouts.
import Glibc
import HTTPTypes
import JSON
import Scoring
import Serving

/// The frame of DESIGN.md section 3's answer, written straight into bytes: its head, an item a rollout, and the sums.
struct ListWriter {
    /// Between the head and `openData` more may be said of the whole.
    var writer = JSONWriter()
    private var tokenTotal = 0
    private var succeeded = false
    private var firstFailure: HTTPResponse.Status?

    init(to call: Call, servedName: String) {
        writer.openObject()
        writer.member("id", "rw-\(call.id)")
        writer.member("object", "reward.list")
        writer.member("created", Int(time(nil)))
        writer.member("model", servedName)
        writer.member("model_revision", call.model.revision)
    }

    mutating func openData() {
        writer.key("data")
        writer.openArray()
    }

    /// A rollout that was answered.
    /// - Parameter tokens: what the models read of it.
    mutating func append(tokens: Int, write: (inout JSONWriter) -> Void) {
        write(&writer)
        tokenTotal += tokens
        succeeded = true
    }

    /// A rollout that could not be.
    mutating func append(_ error: ScoringError, _ head: ItemHead) {
        let words = error.words(param: "rollouts[\(head.index)]")
        writer.item(words, head: head)
        if firstFailure == nil { firstFailure = words.status }
    }

    /// Status 200 if at least one rollout succeeded (or none was sent), else that of the first.
    consuming func response() -> Response {
        writer.closeArray()
        writer.usage(tokens: tokenTotal)
        writer.closeObject()
        return .json(writer.bytes, status: succeeded ? .ok : firstFailure ?? .ok)
    }
}
