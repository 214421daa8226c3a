// A rollout and its answers' branches, to works and back.
import Batching
import Glibc

/// The tokens of a rollout, and where which token is asked for.
///
/// A token that is asked about is another one to the batcher than the same token unasked, so works with equal beginnings
/// share them to the bit, and a branch begins with the last token of its prefix.
struct SignalTree {
    /// The most that one rollout may cost, and that is laid out at a time: 32 MiB of tokens, or as much in works.
    static let mostCost = 1 << 22
    /// What a work costs beside its tokens: the batcher keeps about half a kilobyte of it.
    private static let costBesideTokens = 64

    /// What stands after a prefix.
    struct Answer {
        let ids: [Int32]
        /// How many of the last ones have their log-probability meant, 1 at least.
        let counted: Int
    }

    let rendered: PolicyLayout.Rendered
    let answers: [Answer]
    let wantsTokens: Bool
    /// Of the prompt and the rollout.
    let ids: [Int32]
    /// Where the prompt ends, and each step.
    private let ends: [Int]
    /// What laying it out took.
    var seconds = 0.0

    init(rendered: PolicyLayout.Rendered, answers: [Answer], wantsTokens: Bool) {
        self.rendered = rendered
        self.answers = answers
        self.wantsTokens = wantsTokens
        var ids = rendered.prompt
        var ends = [ids.count]
        for step in rendered.steps {
            ids += step
            ends.append(ids.count)
        }
        self.ids = ids
        self.ends = ends
    }

    /// The tokens of the longest branch, or of the rollout.
    var longest: Int { ids.count + (answers.map(\.ids.count).max() ?? 0) }

    /// How many `works` has.
    var workCount: Int { (asksTrunk ? 1 : 0) + answers.count * ends.count }

    /// The tokens of `works` before anything is shared and what each work costs beside them, `Int.max` where they cannot be
    /// counted: steps may be empty, so few bytes can ask for many prefixes.
    var workCost: Int {
        let prefixes = ends.reduce(0) { $0.adding($1) }
        return answers.reduce(ids.count.adding(asksTrunk ? Self.costBesideTokens : 0)) {
            $0.adding(prefixes).adding($1.ids.count.adding(Self.costBesideTokens), times: ends.count)
        }
    }

    /// The rollout where its tokens are wanted, then every answer after every prefix.
    var works: [TokenWork] {
        let trunk = trunk
        var works: [TokenWork] = []
        // Of the trunk, what a work before has: a branch adds what is past it, its prefix's last token among that.
        var known = 0
        if asksTrunk {
            works.append(TokenWork(asking: Array(trunk.dropLast())))
            known = trunk.count - 1
        }
        for answer in answers {
            for end in ends {
                let added = max(0, end - 1 - known) + answer.ids.count
                works.append(branch(answer, after: trunk[..<end], adding: added))
                known = max(known, end - 1)
            }
        }
        return works
    }

    private var asksTrunk: Bool { wantsTokens && ids.count > rendered.prompt.count }

    private var trunk: [Token] {
        ids.indices.map { place in
            let isAsked = wantsTokens && place >= rendered.prompt.count - 1 && place + 1 < ids.count
            return Token(ids[place], asked: isAsked ? ids[place + 1] : Token.nothing)
        }
    }

    /// The last of its tokens is asked for and never read; the numbers of those before it are the trunk's to answer.
    private func branch(_ answer: Answer, after prefix: ArraySlice<Token>, adding added: Int) -> TokenWork {
        var tokens = Array(prefix)
        let all = [tokens.removeLast().id] + answer.ids
        let (first, uncounted) = (tokens.count, answer.ids.count - answer.counted)
        for (place, id) in all.dropLast().enumerated() {
            tokens.append(Token(id, asked: place < uncounted ? Token.nothing : all[place + 1]))
        }
        return TokenWork(asking: tokens, from: first, added: added)
    }

    /// - Parameter answered: of `works`, in their order.
    func signals(_ answered: [Answered]) throws(ScoringError) -> LanguageSignals {
        guard answered.count == workCount else { throw .kernel("the batch gave too few answers") }
        let spans = zip(ends, ends.dropFirst()).map { $0 - rendered.prompt.count..<$1 - rendered.prompt.count }
        var rest = answered[...]
        var tokens: TokenSignals?
        if wantsTokens { tokens = try tokenSignals(asksTrunk ? rest.popFirst() : nil, spans: spans) }
        var logprobs: [[Double]] = []
        for (index, answer) in answers.enumerated() {
            var means: [Double] = []
            for step in ends.indices {
                guard let mean = rest.popFirst().flatMap({ mean(of: answer, $0) }) else {
                    throw .nonFiniteAnswer(index, step: step)
                }
                means.append(mean)
            }
            logprobs.append(means)
        }
        return LanguageSignals(
            promptIDs: rendered.prompt,
            tokenIDs: Array(ids[rendered.prompt.count...]),
            tokenSpans: spans,
            spans: rendered.spans,
            tokens: tokens,
            answerLogprobs: logprobs,
            answerTokens: answers.map(\.counted),
            logRatios: nil,
            cost: cost(of: answered)
        )
    }

    private func tokenSignals(_ answered: Answered?, spans: [Range<Int>]) throws(ScoringError) -> TokenSignals {
        let numbers = (answered?.rewards ?? []).map { Double(wire: $0) }
        let count = ids.count - rendered.prompt.count
        guard numbers.count == 2 * count else { throw .kernel("the batch gave too few answers") }
        var (logprobs, entropies): ([Double], [Double]) = ([], [])
        for token in 0..<count {
            guard let logprob = numbers[2 * token], let entropy = numbers[2 * token + 1] else {
                throw .nonFiniteSignal(token: token - 1)
            }
            logprobs.append(logprob)
            entropies.append(entropy)
        }
        let perplexities = spans.map { span -> Double? in
            guard !span.isEmpty else { return nil }
            // e^710 is past every Double: log-probabilities that have a mean may have no perplexity.
            let perplexity = exp(-logprobs[span].reduce(0, +) / Double(span.count))
            return perplexity.isFinite ? perplexity : nil
        }
        return TokenSignals(logprobs: logprobs, entropies: entropies, perplexities: perplexities)
    }

    /// Nil where a number is none.
    private func mean(of answer: Answer, _ answered: Answered) -> Double? {
        var sum = 0.0
        guard answered.rewards.count == 2 * answer.counted else { return nil }
        for logprob in stride(from: 0, to: answered.rewards.count, by: 2) {
            guard let logprob = Double(wire: answered.rewards[logprob]) else { return nil }
            sum += logprob
        }
        return sum / Double(answer.counted)
    }

    private func cost(of answered: [Answered]) -> SignalCost {
        let branches = answers.reduce(0) { $0 + $1.ids.count } * ends.count
        // Until the first of its works was computed, and from there until the last was.
        let queue = answered.map(\.queueSeconds).min() ?? 0
        let end = answered.map { $0.queueSeconds + $0.runSeconds }.max() ?? 0
        return SignalCost(
            tokens: ids.count + branches,
            tokenizeSeconds: seconds,
            queueSeconds: queue,
            kernelSeconds: max(0, end - queue)
        )
    }
}

extension Int {
    /// The sum with a product, or `Int.max`; nothing here is below 0.
    fileprivate func adding(_ other: Int, times count: Int = 1) -> Int {
        let (product, isTooMuch) = other.multipliedReportingOverflow(by: count)
        let (sum, isPast) = addingReportingOverflow(product)
        return isTooMuch || isPast ? .max : sum
    }
}
