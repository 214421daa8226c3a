// Writes one rollout's answer, the same on every way out.
import Crediting
import JSON
import Scoring

extension JSONWriter {
    /// A rollout with its credit; of given rewards there is no text, so neither spans nor tokens.
    mutating func item(_ rollout: CreditedRollout, head: ItemHead, tokens: Bool = false) {
        open(head, object: "reward")
        steps(rollout)
        pooled(rollout)
        if let scored = rollout.scored {
            member("tokens", scored.tokenIDs.count)
            member("cached_tokens", scored.cachedTokens)
            if tokens { self.tokens(of: scored) }
        }
        if let values = rollout.tokenCredit { member("token_credit", values) }
        closeObject()
    }

    /// What the model read, and where.
    mutating func tokens(of scored: ScoredRollout) {
        key("token_ids")
        integers(scored.tokenIDs.map(Int.init))
        key("read_positions")
        integers(scored.readPositions)
    }

    mutating func span(_ span: Range<Int>) {
        key("span")
        integers([span.lowerBound, span.upperBound])
    }

    /// A rollout that could not be scored: an error of its own, which names it.
    mutating func item(_ words: ErrorWords, head: ItemHead) {
        open(head, object: "error")
        key("error")
        words.write(to: &self)
        closeObject()
    }

    mutating func open(_ head: ItemHead, object: String) {
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

    private mutating func steps(_ rollout: CreditedRollout) {
        key("steps")
        openArray()
        for (index, reward) in rollout.rewards.enumerated() {
            let step = rollout.credit.steps[index]
            openObject()
            member("index", index)
            // A step without a reward has null everywhere: missing is never 0 (promise P7).
            member("reward", reward)
            member("weight", step?.weight)
            member("credit", step?.credit)
            member("return", step?.return)
            if let advantage = rollout.advantage { member("advantage", advantage.steps[index]) }
            if let span = rollout.scored?.steps[index].span { self.span(span) }
            closeObject()
        }
        closeArray()
    }

    private mutating func pooled(_ rollout: CreditedRollout) {
        key("trajectory")
        openObject()
        for (pooling, value) in rollout.credit.poolings { member(pooling.rawValue, value) }
        closeObject()
        member("reward", rollout.reward)
        if let advantage = rollout.advantage { member("advantage", advantage.rollout) }
        member("weakest_step", rollout.credit.weakestStep)
    }

    mutating func integers(_ values: [Int]) {
        openArray()
        for value in values { number(value) }
        closeArray()
    }
}

/// What an answer says first: which rollout it is of.
struct ItemHead {
    let index: Int
    let id: JSONValue?
    /// The rollout's group where credit is normalised; of a file's line, its own keys that scoring has no use for.
    var carried: [(key: String, value: JSONValue)] = []
}
