// Waiting sequences become rounds under a token budget.
//
// `RoundPlan` decides and `Batcher` acts. `PrefixTree` holds every sequence that waits, runs or is kept, so that tokens
// which several of them begin with are computed once. Nothing here knows what computes a token, nor what an answer means.

/// One token, and what the kernel is asked about it; sequences share a token where they ask the same.
package struct Token: Sendable, Hashable, ExpressibleByIntegerLiteral {
    package let id: Int32
    /// For the kernel to understand; `nothing` in the sequences of a kernel that knows one question only.
    package let asked: Int32

    package static let nothing: Int32 = -1

    package init(_ id: Int32, asked: Int32 = nothing) {
        self.id = id
        self.asked = asked
    }

    package init(integerLiteral id: Int32) { self.init(id) }
}

/// Tokens of one sequence, and where answers are read.
package struct TokenWork: Sendable, Equatable {
    package let tokens: [Token]
    /// Positions in `tokens`, strictly ascending; may be empty.
    package let reads: [Int]
    /// How many tokens it adds to the works before it in its request, which is what it counts in the queue.
    package let addedTokens: Int

    /// Read at every token that is asked something.
    /// - Parameters:
    ///   - first: tokens before this one are some other work's to answer.
    ///   - added: all of its tokens where nothing else is known.
    package init(asking tokens: [Token], from first: Int = 0, added: Int? = nil) {
        self.tokens = tokens
        reads = tokens.indices.filter { $0 >= first && tokens[$0].asked != Token.nothing }
        addedTokens = added ?? tokens.count
    }

    package init(tokens ids: [Int32], reads: [Int]) {
        let tokens = ids.map { Token($0) }
        precondition(zip(reads, reads.dropFirst()).allSatisfy { $0 < $1 }, "reads ascend")
        precondition(reads.allSatisfy(tokens.indices.contains), "a read is the position of a token")
        self.tokens = tokens
        self.reads = reads
        addedTokens = tokens.count
    }
}

/// The budgets, all in tokens.
package struct BatchLimits: Sendable, Equatable {
    /// Computed in one round, after sharing; at least 2, of which a long sequence takes half at most.
    package var maximumBatchTokens: Int
    /// What may wait, before sharing with other requests; past it a request is refused, unless nothing waits.
    package var maximumQueueTokens: Int
    /// What may wait for room in it, before any sharing: it is held in memory as it came. Past it those requests are
    /// refused too, unless none waits.
    package var maximumWaitingTokens = 4_194_304
    /// For how long the kernel may have work waiting, at its measured pace; infinity sets no bound in time.
    package var maximumQueueSeconds: Double
    /// Slots that may stay filled for later requests, those in use counted; at 0 nothing outlives the work on it.
    package var cachedTokens: Int

    package init(
        maximumBatchTokens: Int = 1024,
        maximumQueueTokens: Int = 1_048_576,
        maximumQueueSeconds: Double = .infinity,
        cachedTokens: Int = 0
    ) {
        self.maximumBatchTokens = maximumBatchTokens
        self.maximumQueueTokens = maximumQueueTokens
        self.maximumQueueSeconds = maximumQueueSeconds
        self.cachedTokens = cachedTokens
    }
}

/// The answers of one sequence, with what they cost.
package struct Answered: Sendable, Equatable {
    /// One a read, or as many as the kernel gives for each, in their order.
    package let rewards: [Float]
    /// Tokens of it that no round computed for it: an earlier sequence had them computed, or planned in the same round.
    package let cachedTokens: Int
    /// From submission to the start of the first round that it took part in.
    package let queueSeconds: Double
    /// From there to the end of its last round, with the pauses between two pieces of a long sequence.
    package let runSeconds: Double
    /// Tokens that its last round computed; 0 where it needed none.
    package let batchTokens: Int
    /// Sequences that took part in its last round; 0 where it needed none.
    package let batchItems: Int
}

/// Why work was not done; what the kernel itself throws is passed on as it is.
package enum BatchError: Error, Sendable, Equatable {
    /// The queue is full; seconds until it has probably run dry, 1 to 60.
    case queueFull(retryAfter: Double)
    /// Too many wait for room in the queue already; seconds until it has probably run dry, 1 to 60.
    case lineFull(retryAfter: Double)
    /// The batcher drains: no new work is taken.
    case closed
    /// The kernel gave another number of numbers than the reads ask for, so none can be trusted.
    case answerCount(expected: Int, received: Int)
}
