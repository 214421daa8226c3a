// Which tokens make up the next round.
//
// Short items are taken whole, in order of arrival. Long ones, oldest first and cut anywhere, get a quarter of the round
// beside them: so each round serves the oldest of both, and neither starves the other. Where nothing short waits they get
// half and no more: what comes meanwhile has to wait for that round, and larger ones are hardly faster.

/// A round while it is planned.
struct RoundDraft: Sendable {
    /// What is computed for one item.
    struct Share: Sendable {
        let leaf: Int
        var positions: Range<Int>
    }

    private(set) var shares: [Share] = []
    /// Numbers of the items that have a share, or end with what is computed for others.
    private(set) var members: [Int] = []
    private(set) var tokens = 0
    /// Where each member's latest share stands.
    private var latest: [Int: Int] = [:]

    /// Adds a share of an item; where it is empty, the item ends with what is computed for others, and never comes again.
    mutating func add(_ number: Int, leaf: Int, positions: Range<Int>) {
        tokens += positions.count
        let share = latest[number]
        if share == nil { members.append(number) }
        if let share, shares[share].positions.upperBound == positions.lowerBound {
            // It stands right on the item's first share of this round: one longer piece costs the kernel less.
            shares[share].positions = shares[share].positions.lowerBound..<positions.upperBound
        } else if !positions.isEmpty {
            latest[number] = shares.count
            shares.append(Share(leaf: leaf, positions: positions))
        }
    }
}

extension RoundPlan {
    /// The most that a short item has left when it comes, and that long items get of a round.
    var chunk: Int { budget / 2 }
    var budget: Int { max(2, limits.maximumBatchTokens) }

    /// Plans what the next round computes; items that turn out to need nothing more are answered on the way.
    mutating func draftRound(at now: Double) -> RoundDraft {
        var draft = RoundDraft()
        fillLong(&draft, budget: short.isEmpty ? chunk : max(1, chunk / 2), at: now)
        fillShort(&draft, at: now)
        return draft
    }

    private mutating func fillLong(_ draft: inout RoundDraft, budget: Int, at now: Double) {
        var next = long.first
        while let number = next, let item = items[number] {
            next = long.next(after: number)
            let missing = tree.missing(item.leaf)
            let room = budget - draft.tokens
            guard missing == 0 || room > 0 else { return }
            advance(number, by: min(missing, room), in: &draft, at: now)
        }
    }

    private mutating func fillShort(_ draft: inout RoundDraft, at now: Double) {
        while let number = short.first, let item = items[number] {
            let missing = tree.missing(item.leaf)
            let room = budget - draft.tokens
            // What does not fit waits at the front and is not overtaken; what a failed round made long again is cut.
            guard missing <= room || missing > chunk && room > 0 else { return }
            advance(number, by: min(missing, room), in: &draft, at: now)
            if short.first == number { return }
        }
    }
}
