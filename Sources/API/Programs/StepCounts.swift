// How many steps a rollout's text has, where nothing else says it.
import Crediting
import JSON
import Scoring

extension StepSource {
    /// Nil where it has none, or where they cannot be told: a model's answer then says why.
    func count(separator: String) -> Int? {
        let count: Int? =
            switch self {
            case .raw(.segments(let segments)): segments.count(where: \.isRead)
            case .raw(.ids(_, let positions)): positions.count
            // Its tags are the model's.
            case .raw(.tagged): nil
            case .list, .response, .listIn: (try? Steps(self, separator: separator))?.texts.count
            }
        return count == 0 ? nil : count
    }
}

extension RolloutFacts {
    /// As many steps as its text has come back, also where nothing is computed of it; one that cannot be read tells none.
    mutating func countSteps(of fields: Fields, separator: String) {
        guard stepCounts.isEmpty else { return }
        let ids = fields["step_token_ids"]?.array?.count
        if let count = ids ?? (try? RolloutRequest.source(fields, nil))?.count(separator: separator), count > 0 {
            mask = [Bool](repeating: true, count: count)
        }
    }

    /// As if it had so many steps: what is said of each is nothing, and stays said.
    mutating func retell(steps count: Int) {
        func numbers(_ sent: [Double?]?, more: Int = 0) -> [Double?]? {
            sent.map { _ in [Double?](repeating: nil, count: count + more) }
        }
        (rewards, external) = (numbers(rewards), numbers(external))
        (value, answerLogprob) = (numbers(value, more: 1), numbers(answerLogprob, more: 1))
        turns = turns.map { _ in [Int](repeating: 0, count: count) }
        states = states.map { _ in [Int](repeating: 0, count: count) }
        mask = mask.map { _ in [Bool](repeating: true, count: count) }
        pivot = pivot.map { _ in 0 }
        if spans != nil { (spans, tokenCount) = ((0..<count).map { TokenSpan(start: $0, end: $0 + 1) }, count) }
    }
}
