// Writes what language models computed of a rollout.
import Crediting
import JSON
import Scoring

extension JSONWriter {
    /// Which models signals are of.
    mutating func models(_ languages: [LanguageModelScorer]) {
        key("language_models")
        openArray()
        for model in languages {
            openObject()
            member("role", model.role.rawValue)
            member("model_revision", model.revision)
            closeObject()
        }
        closeArray()
    }

    /// The members of a rollout's answer that come of language models; `token_spans` and `signals` may be sent back as they
    /// are.
    /// - Parameters:
    ///   - facts: of the rollout, with the signals in them.
    ///   - whole: also what has a number a token, or several a step.
    mutating func signals(
        _ signals: LanguageSignals,
        to question: LanguageQuestion,
        _ facts: RolloutFacts,
        whole: Bool
    ) {
        if question.tellsTokens, let spans = facts.spans {
            key("token_spans")
            openArray()
            for span in spans { integers([span.start, span.end]) }
            closeArray()
        }
        let shown = question.wanted.filter { whole || $0 == .answerLogprob }
        if !shown.isEmpty {
            key("signals")
            openObject()
            for source in shown { member(source.rawValue, facts.signal(source)) }
            closeObject()
        }
        if whole {
            if !signals.answerLogprobs.isEmpty { member("answer_logprobs", signals.answerLogprobs) }
            totals(of: signals)
        }
        tokens(of: signals, ids: whole)
    }

    /// What is added up over steps and the rollout, the same over HTTP and by the command.
    mutating func totals(of signals: LanguageSignals) {
        if let tokens = signals.tokens { member("step_perplexity", tokens.perplexities) }
        guard let ratios = signals.logRatios else { return }
        key("logratio")
        openObject()
        member("token", ratios.tokens)
        key("step")
        openArray()
        for step in ratios.steps { total(step) }
        closeArray()
        key("rollout")
        total(ratios.rollout)
        closeObject()
    }

    private mutating func total(_ total: LogRatios.Total) {
        openObject()
        member("sum", total.sum)
        member("mean", total.mean)
        closeObject()
    }

    mutating func member(_ key: String, _ rows: [[Double]]) {
        self.key(key)
        openArray()
        for row in rows { list(row) }
        closeArray()
    }

    private mutating func tokens(of signals: LanguageSignals, ids: Bool) {
        key("signal_tokens")
        openObject()
        member("prompt", signals.promptIDs.count)
        member("rollout", signals.tokenIDs.count)
        if !signals.answerTokens.isEmpty {
            key("answers")
            integers(signals.answerTokens)
        }
        member("total", signals.cost.tokens)
        if ids {
            key("ids")
            integers(signals.tokenIDs.map(Int.init))
        }
        closeObject()
    }
}

extension RolloutFacts {
    /// The numbers of a signal that was computed.
    fileprivate func signal(_ source: Source) -> [Double?] {
        switch source {
        case .answerLogprob: answerLogprob ?? []
        case .tokenLogprob: tokenLogprob ?? []
        case .tokenEntropy: tokenEntropy ?? []
        case .logratio: logratio ?? []
        default: []
        }
    }
}
