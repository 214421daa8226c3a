// The life of an item, from its place in a line to its outcome.

extension RoundPlan {
    mutating func append(_ work: TokenWork, of ticket: Int, index: Int, arrived: Double, at now: Double) {
        let number = nextNumber
        nextNumber += 1
        let leaf = tree.insert(work)
        items[number] = Item(
            ticket: ticket,
            index: index,
            reads: work.reads,
            tokens: work.tokens.count,
            addedTokens: work.addedTokens,
            leaf: leaf,
            arrived: arrived
        )
        guard !tree.isComputed(leaf) else { return answer(number, at: now) }
        queuedTokens += work.addedTokens
        if tree.missing(leaf) > chunk { long.append(number) } else { short.append(number) }
    }

    /// Plans an item's next `count` tokens, 0 where all of them are planned; it leaves the line once nothing is left.
    mutating func advance(_ number: Int, by count: Int, in draft: inout RoundDraft, at now: Double) {
        guard var item = items[number] else { return }
        guard !tree.isComputed(item.leaf) else { return answer(number, at: now) }
        if item.began == nil { done.waitedSeconds += max(0, now - item.arrived) }
        item.began = item.began ?? now
        item.isRunning = true
        queuedTokens -= item.queuedTokens
        item.ownTokens += count
        queuedTokens += item.queuedTokens
        items[number] = item
        draft.add(number, leaf: item.leaf, positions: tree.give(count, to: item.leaf))
        if tree.isGiven(item.leaf) { leaveLine(number, item) }
    }

    mutating func endIfComputed(_ number: Int, at now: Double) {
        guard let item = items[number] else { return }
        if item.isAbandoned {
            if tree.isComputed(item.leaf) { done.items += 1 } else { done.droppedItems += 1 }
            remove(number, item)
        } else if tree.isComputed(item.leaf) {
            answer(number, at: now)
        }
    }

    private mutating func answer(_ number: Int, at now: Double) {
        guard let item = items[number] else { return }
        let began = item.began ?? now
        let answered = Answered(
            rewards: tree.answers(of: item.reads, to: item.leaf),
            cachedTokens: item.tokens - item.ownTokens,
            queueSeconds: max(0, began - item.arrived),
            runSeconds: max(0, now - began),
            batchTokens: item.round.tokens,
            batchItems: item.round.items
        )
        outcomes.append(.answered(ticket: item.ticket, index: item.index, answered))
        if item.began == nil { done.waitedSeconds += answered.queueSeconds }
        done.items += 1
        done.cachedTokens += answered.cachedTokens
        remove(number, item)
    }

    mutating func fail(_ number: Int) {
        guard let item = items[number] else { return }
        if !item.isAbandoned { outcomes.append(.failed(ticket: item.ticket)) }
        done.items += 1
        remove(number, item)
    }

    mutating func remove(_ number: Int, _ item: Item) {
        items[number] = nil
        leaveLine(number, item)
        tree.unpin(item.leaf)
        requests[item.ticket]?.open -= 1
        if requests[item.ticket]?.open == 0 { requests[item.ticket] = nil }
    }

    mutating func leaveLine(_ number: Int, _ item: Item) {
        if short.remove(number) || long.remove(number) { queuedTokens -= item.queuedTokens }
    }
}
