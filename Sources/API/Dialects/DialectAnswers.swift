// What the answers of several dialects have in common.
import Crediting
import JSON
import Scoring

extension JSONWriter {
    /// The steps of one rollout, at the top level.
    mutating func stepRewards(of scored: ScoredRollout?) {
        member("step_rewards", scored.stepRewards)
        member("step_credits", scored.stepCredits)
        key("step_spans")
        spans(scored, offset: 0)
        key("weakest_step")
        if let scored { number(scored.credit.weakestStep) } else { null() }
    }

    /// The steps of every rollout of a batch: lists of lists, which no trainer's client looks at.
    /// - Parameter rollouts: each with the place where its response begins in the text as sent.
    mutating func stepRewards(_ rollouts: [(scored: ScoredRollout?, offset: Int)]) {
        key("step_rewards")
        lists(rollouts.map(\.scored.stepRewards))
        key("step_credits")
        lists(rollouts.map(\.scored.stepCredits))
        key("step_spans")
        openArray()
        for (scored, offset) in rollouts { spans(scored, offset: offset) }
        closeArray()
    }

    private mutating func lists(_ lists: [[Double?]]) {
        openArray()
        for list in lists { self.list(list) }
        closeArray()
    }

    private mutating func spans(_ scored: ScoredRollout?, offset: Int) {
        openArray()
        for span in scored?.steps.compactMap(\.span) ?? [] {
            openArray()
            number(offset + span.lowerBound)
            number(offset + span.upperBound)
            closeArray()
        }
        closeArray()
    }
}

/// A rollout that could not be scored has no steps.
extension ScoredRollout? {
    fileprivate var stepRewards: [Double?] { self?.steps.map(\.reward) ?? [] }
    fileprivate var stepCredits: [Double?] { self?.credit.steps.map { $0?.credit } ?? [] }
}

extension Credit {
    /// Nil where the pooling does not exist on the scale of the credit.
    func value(of pooling: Pooling) -> Double? { poolings.first { $0.pooling == pooling }?.value }
}
