// Facts of a rollout out of what models say of it.
import Crediting
import Scoring

extension RolloutFacts {
    /// Whether its caller did not send a signal that language models make.
    func lacks(_ source: Source) -> Bool {
        switch source {
        case .answerLogprob: answerLogprob == nil
        case .tokenLogprob: tokenLogprob == nil
        case .tokenEntropy: tokenEntropy == nil
        case .logratio: logratio == nil
        default: false
        }
    }

    /// Whether anything is said in tokens of the caller's.
    var tellsOfTokens: Bool {
        spans != nil || tokenCount != nil || tokenMask != nil || tokenLogprob != nil || tokenEntropy != nil
            || logratio != nil || teacherLogprob != nil
    }

    /// The model's rewards, and where the rollout's steps are.
    mutating func take(_ scored: ScoredRollout, scale: Scale, needs isRead: Bool) {
        if isRead {
            rewards = scored.steps.map(\.reward)
            self.scale = scale
        } else if stepCounts.isEmpty {
            // As many steps as the rollout has, all of which count.
            mask = scored.steps.map { _ in true }
        }
    }

    /// The language models' signals, and their tokens where the rollout's are those.
    /// - Parameter index: of the rollout, for errors.
    /// - Throws: `otherTokens` where the caller's tokens are others than those that the signals are of.
    mutating func take(
        _ signals: LanguageSignals,
        to question: LanguageQuestion,
        _ format: AnswerFormat,
        at index: Int
    ) throws(FactFault) {
        for source in question.wanted {
            switch source {
            case .answerLogprob: answerLogprob = format.together(signals.answerLogprobs)
            case .tokenLogprob: tokenLogprob = signals.tokens?.logprobs
            case .tokenEntropy: tokenEntropy = signals.tokens?.entropies
            case .logratio: logratio = signals.logRatios?.tokens
            default: break
            }
        }
        // Where answers alone were asked for, a step may have no token; its place is then not known.
        guard question.tellsTokens, !signals.tokenSpans.contains(where: \.isEmpty) else { return }
        let own = signals.tokenSpans.map { TokenSpan(start: $0.lowerBound, end: $0.upperBound) }
        func fault(_ field: String) -> FactFault { FactFault(rollout: index, field: field, problem: .otherTokens) }
        if let spans, spans != own { throw fault("token_spans") }
        if let tokenCount, tokenCount != signals.tokenIDs.count { throw fault("token_count") }
        spans = own
        tokenCount = signals.tokenIDs.count
    }

    /// As if the models had answered: enough to tell what else a program lacks.
    ///
    /// How many tokens there will be nobody knows yet: one a step, and nothing is said of them.
    func promising(_ question: LanguageQuestion?, rewards isScored: Bool) -> RolloutFacts {
        var facts = self
        if let question {
            // A text whose steps cannot be told is an error of its own, and nobody else's.
            let steps = question.steps ?? 1
            if question.steps == nil { facts.retell(steps: steps) }
            if question.wanted.contains(.answerLogprob) {
                facts.answerLogprob = [Double?](repeating: nil, count: steps + 1)
            }
            if question.tellsTokens { facts.promiseTokens(to: question, count: steps) }
        }
        if isScored { facts.rewards = [Double?](repeating: nil, count: facts.stepCounts.first ?? 0) }
        return facts
    }

    private mutating func promiseTokens(to question: LanguageQuestion, count: Int) {
        func numbers(_ source: Source, _ sent: [Double?]?) -> [Double?]? {
            let isThere = sent != nil || question.wanted.contains(source)
            return isThere ? [Double?](repeating: nil, count: count) : nil
        }
        spans = (0..<count).map { TokenSpan(start: $0, end: $0 + 1) }
        tokenCount = count
        tokenMask = nil
        tokenLogprob = numbers(.tokenLogprob, tokenLogprob)
        tokenEntropy = numbers(.tokenEntropy, tokenEntropy)
        logratio = numbers(.logratio, logratio)
        teacherLogprob = numbers(.teacherLogprob, teacherLogprob)
    }

    /// How many steps there are, by each thing that is said of them.
    var stepCounts: [Int] {
        let counts: [Int?] = [
            external?.count, turns?.count, states?.count, mask?.count, spans?.count,
            value.map { $0.count - 1 }, answerLogprob.map { $0.count - 1 }, rewards?.count,
        ]
        return counts.compactMap(\.self)
    }

    /// What stays of a rollout that could not be scored: it is in no statistics, and only its place in the tree stays.
    var bare: RolloutFacts {
        var facts = RolloutFacts()
        facts.group = group
        facts.parent = parent
        return facts
    }
}
