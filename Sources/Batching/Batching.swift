// Waiting work becomes batches under a token budget.
//
// `BatchPlan` decides and `Batcher` acts; `WaitingLine` is the plan's queue, `Reply` the one answer each caller gets.
// Nothing here knows what the work is.

/// The two budgets, both in tokens.
package struct BatchLimits: Sendable, Equatable {
    /// What one batch may hold; an item larger than this goes alone.
    package var maximumBatchTokens: Int
    /// What may wait; past it a request is refused, unless nothing waits.
    package var maximumQueueTokens: Int

    package init(maximumBatchTokens: Int = 8192, maximumQueueTokens: Int = 1_048_576) {
        self.maximumBatchTokens = maximumBatchTokens
        self.maximumQueueTokens = maximumQueueTokens
    }
}

/// One answer, with what it cost.
package struct Answered<Answer: Sendable>: Sendable {
    package let answer: Answer
    /// From submission to the start of its batch.
    package let queueSeconds: Double
    /// How long its batch ran.
    package let runSeconds: Double
    /// Tokens of its whole batch.
    package let batchTokens: Int
    /// Items of its whole batch.
    package let batchItems: Int
}

/// What the batcher holds and has done.
package struct Load: Sendable, Equatable {
    package var queuedItems = 0
    package var queuedTokens = 0
    package var runningItems = 0
    package var runningTokens = 0
    /// Batches that ended, well or not.
    package var batches = 0
    /// Tokens of those batches.
    package var tokens = 0
    /// Items of those batches.
    package var items = 0
    /// Seconds that those batches took: the time the kernel was busy.
    package var busySeconds = 0.0
    /// Seconds that the items of those and of the running batch waited, added up.
    package var waitedSeconds = 0.0
    /// Items that were accepted and never computed: their caller left, or was told of an earlier failure.
    package var droppedItems = 0
    /// Measured over the latest batches; 0 before the first has ended.
    package var tokensPerSecond = 0.0
}

/// Why work was not done; what the kernel itself throws is passed on as it is.
package enum BatchError: Error, Sendable, Equatable {
    /// The queue is full; seconds until it has probably run dry, 1 to 60.
    case queueFull(retryAfter: Double)
    /// The batcher drains: no new work is taken.
    case closed
    /// The kernel gave another number of answers than it got items, so none can be trusted.
    case answerCount(expected: Int, received: Int)
}
