// Rollouts with their credit, beside each other.
import Crediting
import JSON
import Scoring

/// A rollout with its credit, and what its answer has besides where the caller asked.
struct CreditedRollout: Sendable {
    let rewards: [Double?]
    let credit: Credit
    /// What the model read; nil where the rewards were the caller's.
    let scored: ScoredRollout?
    /// Its one number: the chosen value of the trajectory.
    fileprivate(set) var reward: Double
    fileprivate(set) var advantage: Advantage?
    /// One number a token.
    fileprivate(set) var tokenCredit: [Double]?

    init(_ scored: ScoredRollout) {
        rewards = scored.steps.map(\.reward)
        credit = scored.credit
        reward = scored.credit.pooled
        self.scored = scored
    }

    init(_ rewards: [Double?], _ credit: Credit) {
        self.rewards = rewards
        self.credit = credit
        reward = credit.pooled
        scored = nil
    }

    fileprivate func values(_ value: TokenValue) -> [Double?] {
        switch value {
        case .credit: credit.steps.map { $0?.credit }
        case .return: credit.steps.map { $0?.return }
        case .reward: rewards
        case .advantage: advantage?.steps ?? []
        }
    }

    /// Where its steps stand among its tokens; nil where it gets no token credit.
    fileprivate func spans(_ places: TokenPlaces?) throws(ScoringError) -> TokenSpans? {
        do throws(CreditError) {
            switch (places, scored) {
            case (.spans(let spans, let count), _):
                return try TokenSpans(spans, steps: rewards.count, tokenCount: count)
            case (.reads, let scored?):
                return try TokenSpans(endingAt: scored.readPositions, tokenCount: scored.tokenIDs.count)
            case (nil, _), (.reads, nil): return nil
            }
        } catch {
            throw .credit(error)
        }
    }
}

/// The rollouts of one request with all that their answers say.
struct CreditedRollouts: Sendable {
    let request: CreditRequest
    /// In the order of the request; one that failed is in no group.
    let results: [Result<CreditedRollout, ScoringError>]
    let notes: [RolloutNotes]
    /// How many groups have a rollout that did not fail.
    let groups: Int

    init(
        _ results: [Result<CreditedRollout, ScoringError>],
        notes: [RolloutNotes],
        request: CreditRequest
    ) {
        // Spans come first: a rollout whose tokens cannot be told has failed, and moves no group.
        let placed = zip(results, notes).map { result, note in
            result.flatMap { rollout in
                Result { () throws(ScoringError) in (rollout, try rollout.spans(note.tokens)) }
            }
        }
        let credits = placed.map { try? $0.get().0.credit }
        let grouped = Self.compared(credits, notes, request)
        self.request = request
        self.notes = notes
        self.results = placed.enumerated().map { index, result in
            result.map { rollout, spans in
                var rollout = rollout
                rollout.reward = request.reward(of: rollout.credit)
                rollout.advantage = grouped.advantages[index]
                rollout.tokenCredit = spans?.lay(
                    rollout.values(request.effectiveValue),
                    as: request.effectiveLayout
                )
                return rollout
            }
        }
        groups = grouped.groups
    }

    /// One a rollout, nil where it failed or nothing is normalised.
    private static func compared(
        _ credits: [Credit?],
        _ notes: [RolloutNotes],
        _ request: CreditRequest
    ) -> (advantages: [Advantage?], groups: Int) {
        var found = [Advantage?](repeating: nil, count: credits.count)
        guard request.normalization != .none else { return (found, 0) }
        var members: [GroupKey: [(index: Int, rollout: GroupRollout)]] = [:]
        for (index, credit) in credits.enumerated() {
            guard let credit else { continue }
            let rollout = GroupRollout(reward: request.reward(of: credit), steps: credit.steps.map { $0?.score })
            members[GroupKey(notes[index].group, index: index), default: []].append((index, rollout))
        }
        for group in members.values {
            let advantages = advantages(
                of: group.map(\.rollout),
                by: request.normalization,
                spread: request.spread
            )
            for (member, advantage) in zip(group, advantages) { found[member.index] = advantage }
        }
        return (found, members.count)
    }
}

/// What makes two rollouts one group.
private enum GroupKey: Hashable {
    /// By its bytes: to `String`, composed and decomposed accents are equal.
    case text([UInt8])
    case number(Int)
    /// A rollout without a group is one of its own.
    case alone(index: Int)

    init(_ value: JSONValue?, index: Int) {
        if let text = value?.string {
            self = .text(Array(text.utf8))
        } else if let number = value?.integer {
            self = .number(number)
        } else {
            self = .alone(index: index)
        }
    }
}
