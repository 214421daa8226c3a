// Writes one rollout's answer, the same on every way out.
import Crediting
import JSON
import Scoring

extension JSONWriter {
    /// A scored rollout.
    mutating func item(_ scored: ScoredRollout, head: ItemHead, tokens: Bool = false) {
        open(head, object: "reward")
        steps(scored.steps.map(\.reward), scored.credit, spans: scored.steps.map(\.span))
        pooled(scored.credit)
        member("tokens", scored.tokenIDs.count)
        member("cached_tokens", scored.cachedTokens)
        if tokens {
            key("token_ids")
            integers(scored.tokenIDs.map(Int.init))
            key("read_positions")
            integers(scored.readPositions)
        }
        closeObject()
    }

    /// Credit of given rewards: there is no text, so neither spans nor tokens.
    mutating func item(_ rewards: [Double?], _ credit: Credit, head: ItemHead) {
        open(head, object: "reward")
        steps(rewards, credit, spans: nil)
        pooled(credit)
        closeObject()
    }

    /// A rollout that could not be scored: an error of its own, which names it.
    mutating func item(_ words: ErrorWords, head: ItemHead) {
        open(head, object: "error")
        key("error")
        words.write(to: &self)
        closeObject()
    }

    private mutating func open(_ head: ItemHead, object: String) {
        openObject()
        member("index", head.index)
        key("id")
        value(head.id ?? .null)
        for (key, value) in head.carried {
            self.key(key)
            self.value(value)
        }
        member("object", object)
    }

    private mutating func steps(_ rewards: [Double?], _ credit: Credit, spans: [Range<Int>?]?) {
        key("steps")
        openArray()
        for (index, reward) in rewards.enumerated() {
            let step = credit.steps[index]
            openObject()
            member("index", index)
            // A step without a reward has null everywhere: missing is never 0 (promise P7).
            member("reward", reward)
            member("weight", step?.weight)
            member("credit", step?.credit)
            member("return", step?.return)
            if let span = spans?[index] ?? nil {
                key("span")
                integers([span.lowerBound, span.upperBound])
            }
            closeObject()
        }
        closeArray()
    }

    private mutating func pooled(_ credit: Credit) {
        key("trajectory")
        openObject()
        for (pooling, value) in credit.poolings { member(pooling.rawValue, value) }
        closeObject()
        member("reward", credit.pooled)
        member("weakest_step", credit.weakestStep)
    }

    private mutating func integers(_ values: [Int]) {
        openArray()
        for value in values { number(value) }
        closeArray()
    }
}

/// What an answer says first: which rollout it is of.
struct ItemHead {
    let index: Int
    let id: JSONValue?
    /// A file line's own keys that scoring has no use for.
    var carried: [(key: String, value: JSONValue)] = []
}
