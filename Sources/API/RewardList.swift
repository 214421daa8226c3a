// Writes the answer of /v1/rewards and /v1/credit.
import Crediting
import Glibc
import HTTPTypes
import JSON
import Scoring
import Serving

/// The `reward.list` of DESIGN.md section 3, written straight into bytes as results come.
struct RewardList {
    private var writer = JSONWriter()
    private var count = 0
    private var tokenTotal = 0
    private var succeeded = false
    private var firstFailure: HTTPResponse.Status?

    init(requestID: String, model: String) {
        writer.openObject()
        writer.member("id", "rw-\(requestID)")
        writer.member("object", "reward.list")
        writer.member("created", Int(time(nil)))
        writer.member("model", model)
        writer.key("data")
        writer.openArray()
    }

    mutating func append(_ scored: ScoredRollout, id: JSONValue?, tokens: Bool) {
        writer.item(scored, head: head(id), tokens: tokens)
        tokenTotal += scored.tokenIDs.count
        succeeded = true
    }

    mutating func append(_ rewards: [Double?], _ credit: Credit, id: JSONValue?) {
        writer.item(rewards, credit, head: head(id))
        succeeded = true
    }

    mutating func append(_ error: ScoringError, id: JSONValue?) {
        let words = error.words(param: "rollouts[\(count)]")
        writer.item(words, head: head(id))
        if firstFailure == nil { firstFailure = words.status }
    }

    private mutating func head(_ id: JSONValue?) -> ItemHead {
        defer { count += 1 }
        return ItemHead(index: count, id: id)
    }

    /// Status 200 if at least one rollout succeeded (or none was sent), else that of the first.
    consuming func response() -> Response {
        writer.closeArray()
        writer.key("usage")
        writer.openObject()
        writer.member("prompt_tokens", tokenTotal)
        writer.member("total_tokens", tokenTotal)
        writer.closeObject()
        writer.closeObject()
        return .json(writer.bytes, status: succeeded ? .ok : firstFailure ?? .ok)
    }
}
