// What is admitted, what runs next, what is dropped.
//
// A pure struct: time comes in as seconds on any clock that never runs back, and what to do goes out as a value.

/// The decisions of a batcher that runs one batch at a time.
package struct BatchPlan: Sendable {
    /// What becomes of a request.
    package enum Admission: Sendable, Equatable {
        /// All of it waits, under this ticket.
        case accepted(ticket: Int)
        /// None of it does; seconds, 1 to 60.
        case full(retryAfter: Double)
        case closed
    }

    /// Items of one request that run in one batch.
    package struct Share: Sendable, Equatable {
        package let ticket: Int
        /// Indices into the request's items.
        package let items: Range<Int>
        package let queueSeconds: Double
    }

    /// What runs together, in the order of arrival.
    package struct Batch: Sendable, Equatable {
        package let shares: [Share]
        package let items: Int
        package let tokens: Int
    }

    private let limits: BatchLimits
    private var line = WaitingLine()
    private var running: (items: Int, tokens: Int)?
    private var isClosed = false
    private var nextTicket = 0
    private var done = Load()
    /// Tokens and seconds of the latest batches, older ones fading.
    private var pace = (tokens: 0.0, seconds: 0.0)

    package init(limits: BatchLimits) {
        self.limits = limits
    }

    package var load: Load {
        var load = done
        load.queuedItems = line.items
        load.queuedTokens = line.tokens
        load.runningItems = running?.items ?? 0
        load.runningTokens = running?.tokens ?? 0
        load.tokensPerSecond = tokensPerSecond
        return load
    }

    /// Admits all items of one request or none of them.
    ///
    /// A request larger than the whole queue is accepted when nothing waits: it could not be served at all otherwise.
    /// - Parameter tokens: one a item; an item costs at least one token, so that the bound holds for empty items too.
    package mutating func enqueue(_ tokens: [Int], at now: Double) -> Admission {
        guard !isClosed else { return .closed }
        // The upper end keeps sums in range whatever is claimed; no batch holds 2^32 tokens.
        let costs = tokens.map { min(max(1, $0), 1 << 32) }
        let total = costs.reduce(0, +)
        guard line.isEmpty || total <= limits.maximumQueueTokens - line.tokens else {
            return .full(retryAfter: retryAfter)
        }
        defer { nextTicket += 1 }
        line.append(ticket: nextTicket, arrived: now, tokens: costs, total: total)
        return .accepted(ticket: nextTicket)
    }

    /// Starts the next batch, or nil while one runs or nothing waits.
    package mutating func nextBatch(at now: Double) -> Batch? {
        guard running == nil, !line.isEmpty else { return nil }
        let tokensBefore = line.tokens
        let shares = line.take(budget: limits.maximumBatchTokens).map { entry, items in
            Share(ticket: entry.ticket, items: items, queueSeconds: max(0, now - entry.arrived))
        }
        let items = shares.reduce(0) { $0 + $1.items.count }
        let batch = Batch(shares: shares, items: items, tokens: tokensBefore - line.tokens)
        running = (batch.items, batch.tokens)
        done.waitedSeconds += shares.reduce(0) { $0 + $1.queueSeconds * Double($1.items.count) }
        return batch
    }

    /// Notes that the running batch ended, well or not, after `seconds`.
    package mutating func finished(seconds: Double) {
        guard let ended = running else { return }
        running = nil
        done.batches += 1
        done.items += ended.items
        done.tokens += ended.tokens
        done.busySeconds += max(0, seconds)
        // The last five batches or so make up the pace: enough to smooth one out, soon enough to follow a change.
        pace.tokens = 0.8 * pace.tokens + Double(ended.tokens)
        pace.seconds = 0.8 * pace.seconds + max(0, seconds)
    }

    /// Drops what still waits of `ticket`; what runs goes on. Returns how many items were dropped.
    @discardableResult
    package mutating func cancel(_ ticket: Int) -> Int {
        let dropped = line.leave(ticket)
        done.droppedItems += dropped
        return dropped
    }

    /// Refuses all work from here on; what was accepted is still planned.
    package mutating func close() {
        isClosed = true
    }

    private var tokensPerSecond: Double {
        pace.seconds > 0 ? pace.tokens / pace.seconds : 0
    }

    /// Seconds until what waits and runs has been computed at the measured pace, 1 to 60; 1 while none was measured.
    private var retryAfter: Double {
        guard tokensPerSecond > 0 else { return 1 }
        let ahead = Double(line.tokens) + Double(running?.tokens ?? 0)
        return min(60, max(1, ahead / tokensPerSecond))
    }
}
