// One number a rollout by a method, for trainers that take no more.
import Crediting
import Scoring

extension Service {
    /// The reward of each rollout; of one that could not be scored what the URL says that it is worth.
    /// - Parameter path: names a rollout for an error.
    /// - Throws: `noReward` where the method makes no number: a trainer would read a hole as one.
    func methodScalars(
        _ scored: [ScoredRollout?],
        of rollouts: [Rollout],
        _ request: ProgramRequest,
        _ words: URLWords,
        on scale: Scale,
        at path: (Int) -> String
    ) throws(APIError) -> [Double] {
        var groups: [Prompt: Int] = [:]
        for rollout in rollouts where groups[rollout.prompt] == nil { groups[rollout.prompt] = groups.count }
        let facts = zip(scored, rollouts).map { scored, rollout in
            var facts = RolloutFacts()
            facts.group = groups[rollout.prompt]
            if let scored { facts.take(scored, scale: scale, needs: true) }
            return facts
        }
        guard scored.contains(where: { $0 != nil }) else { return scored.map { words.reward(of: $0) } }
        let result = try run(checkedPlan(request, facts))
        guard case .scalar(let cells)? = result.outputs[.reward] else { return scored.map { words.reward(of: $0) } }
        var rewards: [Double] = []
        for (index, cell) in cells.enumerated() {
            switch (scored[index], cell.value) {
            case (nil, _): rewards.append(words.reward(of: nil))
            case (_, let value?): rewards.append(value)
            case (_, nil): throw .noReward(index, cell.reason ?? .missing, param: path(index))
            }
        }
        return rewards
    }

    private func run(_ plan: Plan) throws(APIError) -> ProgramResult {
        do {
            return try plan.run()
        } catch {
            throw .scoring(.cancelled, param: nil)
        }
    }
}
