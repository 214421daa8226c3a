// What the batcher holds and has done, for metrics.

/// A snapshot; an item is a sequence, counted as queued, running, ended or dropped.
package struct Load: Sendable, Equatable {
    /// Requests that were admitted and are not answered: their items wait or run.
    package var openRequests = 0
    /// Requests that wait until the queue has room for them.
    package var waitingRequests = 0
    /// Items that wait, those that ran in part and go on later among them.
    package var queuedItems = 0
    /// Tokens that wait, before sharing with other requests.
    package var queuedTokens = 0
    /// Items and tokens, before sharing with others, of the requests that wait.
    package var waitingItems = 0
    package var waitingTokens = 0
    /// What comes now and does not wait is refused.
    package var isFull = false
    /// What comes now is refused even where it would wait.
    package var isLineFull = false
    /// Items that the running round computes for.
    package var runningItems = 0
    /// Tokens that the running round computes.
    package var runningTokens = 0
    /// Rounds that ended, well or not.
    package var batches = 0
    /// Tokens that those rounds computed.
    package var tokens = 0
    /// How full those rounds were.
    package var fill = RoundFill()
    /// Tokens of answered items that needed no computing of their own.
    package var cachedTokens = 0
    /// Items that ended, well or not.
    package var items = 0
    /// Seconds that those rounds took: the time the kernel was busy.
    package var busySeconds = 0.0
    /// Seconds that items waited for their first round, added up.
    package var waitedSeconds = 0.0
    /// Items that were accepted and never ended: their caller left, or was told of an earlier failure.
    package var droppedItems = 0
    /// Tokens before sharing with others that left the queue, measured over the latest rounds; 0 before the first has ended.
    package var tokensPerSecond = 0.0
    /// Tokens that were computed, measured over the latest rounds; 0 before the first has ended.
    package var computedTokensPerSecond = 0.0
    /// Seconds until what waits and runs now has been computed, 1 to 60.
    package var secondsAhead = 1.0
    /// Slots that are filled, or being filled.
    package var slotsInUse = 0
    /// Those among them that nothing stands on: they are kept for what may come.
    package var slotsKept = 0
}
