// What is admitted, what runs next, what is answered, what is dropped.
//
// A pure struct: time comes in as seconds on any clock that never runs back, and what to do goes out as a value. The
// actor asks for `takeOutcomes` after every call that may end a sequence.

/// The decisions of a batcher that runs one round at a time.
package struct RoundPlan: Sendable {
    /// What becomes of a request.
    package enum Admission: Sendable, Equatable {
        /// All of it waits, or is answered already, under this ticket.
        case accepted(ticket: Int)
        /// None of it does; seconds, 1 to 60.
        case full(retryAfter: Double)
        /// Nor may it wait: too many do.
        case lineFull(retryAfter: Double)
        case closed
    }

    /// What became of a sequence.
    package enum Outcome: Sendable, Equatable {
        /// - index: among the works of its request.
        case answered(ticket: Int, index: Int, Answered)
        /// It was in a round that failed.
        case failed(ticket: Int)
    }

    /// A sequence from its admission to its end.
    package struct Item: Sendable {
        let ticket: Int
        /// Among the works of its request.
        let index: Int
        let reads: [Int]
        let tokens: Int
        /// `TokenWork.addedTokens`.
        let addedTokens: Int
        /// Where it ends in the tree.
        package let leaf: Int
        let arrived: Double
        /// When its first round began.
        var began: Double?
        /// Tokens that rounds computed for it.
        var ownTokens = 0
        var isRunning = false
        /// The caller left while it ran.
        var isAbandoned = false
        /// Of the last round that it took part in.
        var round = (tokens: 0, items: 0)

        /// What it adds to the queue; nothing where it had more computed than it adds, as one does that comes before
        /// the work which it stands on.
        var queuedTokens: Int { max(0, addedTokens - ownTokens) }
    }

    struct Request: Sendable {
        let numbers: Range<Int>
        /// Items that have not ended.
        var open: Int
    }

    private struct Running: Sendable {
        let draft: RoundDraft
        let reads: [[Int]]
        let began: Double
        /// What left the queue with it.
        let queueTokens: Int
    }

    let limits: BatchLimits
    package internal(set) var tree: PrefixTree
    /// By number; numbers rise in order of arrival.
    package internal(set) var items: [Int: Item] = [:]
    /// What waits: items that were short when they came, and long ones, cut ones that run among them.
    var short = Line()
    var long = Line()
    /// What the items that wait add to their requests, before sharing with other requests.
    var queuedTokens = 0
    var waiting = WaitingLine()
    var requests: [Int: Request] = [:]
    var nextNumber = 0
    var nextTicket = 0
    private var isClosed = false
    /// Tokens that have to be free before another request is looked at; 0 where the last one found room.
    private var relief = 0
    private var running: Running?
    var outcomes: [Outcome] = []
    var done = Load()
    /// Queue tokens, computed tokens and seconds of the latest rounds, older ones fading.
    private var pace = (tokens: 0.0, computed: 0.0, seconds: 0.0)

    /// - Parameter answerWidth: numbers that the kernel gives a read.
    package init(limits: BatchLimits, answerWidth: Int = 1) {
        self.limits = limits
        tree = PrefixTree(cachedTokens: limits.cachedTokens, answerWidth: answerWidth)
    }

    package var load: Load {
        var load = done
        let members = running?.draft.members.count ?? 0
        load.openRequests = requests.count
        load.waitingRequests = waiting.count
        load.queuedItems = items.count - members
        load.queuedTokens = queuedTokens
        load.waitingItems = waiting.items
        load.waitingTokens = waiting.tokens
        load.isFull = !waiting.isEmpty || capacity - queuedTokens < relief
        load.isLineFull = waiting.heldTokens >= limits.maximumWaitingTokens
        load.runningItems = members
        load.runningTokens = running?.draft.tokens ?? 0
        load.tokensPerSecond = tokensPerSecond
        load.computedTokensPerSecond = pace.seconds > 0 ? pace.computed / pace.seconds : 0
        load.secondsAhead = secondsAhead
        load.slotsInUse = tree.slotsInUse
        load.slotsKept = tree.slotsKept
        return load
    }

    /// Admits all sequences of one request or none of them.
    ///
    /// A request larger than the whole queue is accepted when nothing waits: it could not be served at all otherwise.
    /// - Parameter waits: a full queue is waited for, in the order in which requests came, rather than refused.
    package mutating func enqueue(_ works: [TokenWork], waits: Bool = false, at now: Double) -> Admission {
        guard !isClosed else { return .closed }
        let request = WaitingRequest(works: works, arrived: now)
        let hasRoom = waiting.isEmpty && hasRoom(for: request)
        if capacity - queuedTokens >= relief { relief = 0 }
        guard hasRoom || waits else {
            relief = self.relief(after: request)
            return .full(retryAfter: secondsAhead)
        }
        guard hasRoom || canWait(request) else { return .lineFull(retryAfter: secondsAhead) }
        defer { nextTicket += 1 }
        if hasRoom { admit(request, as: nextTicket, at: now) } else { waiting.append(request, ticket: nextTicket) }
        return .accepted(ticket: nextTicket)
    }

    /// Starts the next round, or nil while one runs or nothing needs computing.
    package mutating func nextRound(at now: Double) -> Round? {
        guard running == nil else { return nil }
        var tokensBefore = 0
        var draft: RoundDraft
        // Where all that was admitted needed no computing, there is room for more of those that wait.
        repeat {
            admitWaiting(at: now)
            tokensBefore = queuedTokens
            draft = draftRound(at: now)
        } while draft.members.isEmpty && !waiting.isEmpty
        guard !draft.members.isEmpty else { return nil }
        let round = Round(pieces: draft.shares.map { tree.piece($0.positions, of: $0.leaf) })
        let queueTokens = tokensBefore - queuedTokens
        running = Running(draft: draft, reads: round.pieces.map(\.reads), began: now, queueTokens: queueTokens)
        return round
    }

    /// Notes that the running round ended.
    /// - Parameter answers: `answerWidth` a read, as `Round.reads` counts them; nil where the round failed, and with it
    ///   all items that took part. What it was to compute is not computed then; others on it have it computed anew.
    package mutating func finished(_ answers: [Float]?, at now: Double) {
        guard let ended = running else { return }
        var rest = (answers ?? [])[...]
        for (share, reads) in zip(ended.draft.shares, ended.reads) {
            let count = reads.count * tree.answerWidth
            tree.store(rest.prefix(count), of: reads, to: share.leaf)
            rest = rest.dropFirst(count)
            tree.settle(share.leaf, computed: answers != nil)
        }
        running = nil
        note(ended, seconds: max(0, now - ended.began))
        for number in ended.draft.members {
            items[number]?.isRunning = false
            items[number]?.round = (ended.draft.tokens, ended.draft.members.count)
            if answers == nil { fail(number) } else { endIfComputed(number, at: now) }
        }
    }

    /// Drops what waits of `ticket`, which will have no more outcomes; what runs goes on to no one.
    package mutating func cancel(_ ticket: Int) {
        if let request = waiting.remove(ticket) { done.droppedItems += request.works.count }
        guard let request = requests.removeValue(forKey: ticket) else { return }
        for number in request.numbers {
            guard let item = items[number] else { continue }
            if item.isRunning {
                items[number]?.isAbandoned = true
                leaveLine(number, item)
            } else {
                done.droppedItems += 1
                remove(number, item)
            }
        }
    }

    /// Refuses all work from here on; what was accepted is still planned.
    package mutating func close() {
        isClosed = true
    }

    /// What ended since it was last asked for, each item once.
    package mutating func takeOutcomes() -> [Outcome] {
        defer { outcomes = [] }
        return outcomes
    }
}

// How fast the queue runs dry.
extension RoundPlan {
    private mutating func note(_ ended: Running, seconds: Double) {
        done.batches += 1
        done.tokens += ended.draft.tokens
        done.fill.record(tokens: ended.draft.tokens, of: budget)
        done.busySeconds += seconds
        // The last five rounds or so make up the pace: enough to smooth one out, soon enough to follow a change.
        pace.tokens = 0.8 * pace.tokens + Double(ended.queueTokens)
        pace.computed = 0.8 * pace.computed + Double(ended.draft.tokens)
        pace.seconds = 0.8 * pace.seconds + seconds
    }

    var tokensPerSecond: Double {
        pace.seconds > 0 ? pace.tokens / pace.seconds : 0
    }

    /// Seconds until what waits and runs has been computed at the measured pace, 1 to 60; 1 while none was measured.
    private var secondsAhead: Double {
        guard tokensPerSecond > 0 else { return 1 }
        let ahead = Double(waiting.tokens) + Double(queuedTokens) + Double(running?.queueTokens ?? 0)
        return min(60, max(1, ahead / tokensPerSecond))
    }
}
