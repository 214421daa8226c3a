// How much of a queue can be computed in time.

extension RoundPlan {
    /// What may be in the queue, before sharing: no more tokens than allowed, nor than the kernel computes in the seconds
    /// allowed, at its measured pace.
    ///
    /// At least a round, whatever the pace: an emptier queue would let the kernel wait. While nothing was measured there is
    /// no time to tell, and the tokens count alone.
    var capacity: Int {
        let most = limits.maximumQueueTokens
        guard limits.maximumQueueSeconds.isFinite, tokensPerSecond > 0 else { return most }
        let timely = tokensPerSecond * limits.maximumQueueSeconds
        return timely < Double(most) ? min(most, max(budget, Int(timely.rounded()))) : most
    }
}
