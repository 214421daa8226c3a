// First come, first served, and anyone may leave the line.
//
// Own code because no library queue also removes from the middle by name: entries stand in one array in the order of
// their tickets, so a ticket is found by bisection. Who leaves is only marked; marks are swept when half the array is marks.

/// Requests that wait, oldest first.
package struct WaitingLine: Sendable {
    /// One request: its items from `next` on still wait.
    package struct Entry: Sendable {
        package let ticket: Int
        /// Seconds, on the caller's clock.
        package let arrived: Double
        /// One a item, each >= 1.
        package let tokens: [Int]
        /// Index of the first item that still waits; `tokens.count` once none does.
        package fileprivate(set) var next = 0
        /// Tokens of the items that still wait.
        package fileprivate(set) var waitingTokens: Int

        package var waitingItems: Int { tokens.count - next }
    }

    private var entries: [Entry] = []
    /// Everything before it is served or gone.
    private var head = 0
    /// Entries whose caller left since the last sweep, wherever they stand.
    private var gone = 0
    /// Entries that take room, waiting or not: at most about twice those that wait.
    package var room: Int { entries.count }

    package private(set) var items = 0
    package private(set) var tokens = 0

    package init() {}

    package var isEmpty: Bool { items == 0 }

    /// Appends a request; tickets must rise.
    ///
    /// - Parameter total: the sum of `tokens`.
    package mutating func append(ticket: Int, arrived: Double, tokens: [Int], total: Int) {
        precondition(entries.last.map { $0.ticket < ticket } ?? true, "tickets are handed out in rising order")
        entries.append(Entry(ticket: ticket, arrived: arrived, tokens: tokens, waitingTokens: total))
        items += tokens.count
        self.tokens += total
    }

    /// Takes items off the front while they fit into `budget` tokens; the first is taken whatever its size.
    package mutating func take(budget: Int) -> [(entry: Entry, items: Range<Int>)] {
        var taken: [(entry: Entry, items: Range<Int>)] = []
        var left = budget
        while head < entries.count {
            let entry = entries[head]
            var end = entry.next
            var cost = 0
            while end < entry.tokens.count {
                let size = entry.tokens[end]
                let isFirst = taken.isEmpty && end == entry.next
                guard size <= left || isFirst else { break }
                left = max(0, left - size)
                cost += size
                end += 1
            }
            if end > entry.next {
                taken.append((entry, entry.next..<end))
                entries[head].next = end
                entries[head].waitingTokens -= cost
                items -= end - entry.next
                tokens -= cost
            }
            guard end == entry.tokens.count else { break }
            head += 1
        }
        sweep()
        return taken
    }

    /// Removes what still waits of `ticket`, and says how many items that were.
    package mutating func leave(_ ticket: Int) -> Int {
        guard let index = index(of: ticket), entries[index].waitingItems > 0 else { return 0 }
        let items = entries[index].waitingItems
        let tokens = entries[index].waitingTokens
        entries[index].next = entries[index].tokens.count
        entries[index].waitingTokens = 0
        self.items -= items
        self.tokens -= tokens
        gone += 1
        sweep()
        return items
    }

    /// Where `ticket` stands, served or not; nil once it was swept.
    private func index(of ticket: Int) -> Int? {
        var low = head
        var high = entries.count
        while low < high {
            let middle = low + (high - low) / 2
            if entries[middle].ticket < ticket { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].ticket == ticket ? low : nil
    }

    /// Gives back the room of served and gone entries; each entry pays for a few such moves, so the cost is constant.
    private mutating func sweep() {
        guard head + gone > 32, head + gone > entries.count / 2 else { return }
        entries = entries[head...].filter { $0.waitingItems > 0 }
        head = 0
        gone = 0
    }
}
