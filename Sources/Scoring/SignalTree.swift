// A rollout and its answers' branches, to works and back.
import Batching
import Glibc

/// The tokens of a rollout, and where which token is asked for.
///
/// A token that is asked about is another one to the batcher than the same token unasked, so works with equal beginnings
/// share them to the bit, and a branch begins with the last token of its prefix.
struct SignalTree {
    /// Tokens before sharing that are laid out at a time, and that one rollout may have: 32 MiB.
    static let tokensTogether = 1 << 22

    /// What stands after a prefix.
    struct Answer {
        let ids: [Int32]
        /// Those whose log-probability is meant; not empty.
        let counted: Range<Int>
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

    /// The tokens of `works` before anything is shared, `Int.max` where they cannot be counted: steps may be empty, so
    /// few bytes can ask for many prefixes.
    var workTokens: Int {
        let prefixes = ends.reduce(0) { $0.adding($1) }
        return answers.reduce(ids.count) { $0.adding(prefixes).adding($1.ids.count, times: ends.count) }
    }

    /// The rollout where its tokens are wanted, then every answer after every prefix.
    var works: [TokenWork] {
        let trunk = trunk
        var works: [TokenWork] = []
        if asksTrunk { works.append(TokenWork(asking: Array(trunk.dropLast()))) }
        for answer in answers {
            for end in ends { works.append(branch(answer, after: trunk[..<end])) }
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

    /// The last of its tokens is asked for and never read.
    private func branch(_ answer: Answer, after prefix: ArraySlice<Token>) -> TokenWork {
        var tokens = Array(prefix)
        let all = [tokens.removeLast().id] + answer.ids
        for (place, id) in all.dropLast().enumerated() where place < answer.counted.upperBound {
            tokens.append(Token(id, asked: answer.counted.contains(place) ? all[place + 1] : Token.nothing))
        }
        return TokenWork(asking: tokens)
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
            tokenIDs: Array(ids[rendered.prompt.count...]),
            promptTokens: rendered.prompt.count,
            tokenSpans: spans,
            spans: rendered.spans,
            tokens: tokens,
            answerLogprobs: logprobs,
            answerTokens: answers.map(\.counted.count),
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
        var perplexities: [Double?] = []
        for span in spans {
            guard !span.isEmpty else {
                perplexities.append(nil)
                continue
            }
            let perplexity = exp(-logprobs[span].reduce(0, +) / Double(span.count))
            guard perplexity.isFinite else { throw .nonFiniteSignal(token: span.lowerBound - 1) }
            perplexities.append(perplexity)
        }
        return TokenSignals(logprobs: logprobs, entropies: entropies, perplexities: perplexities)
    }

    /// A branch's own numbers are the last ones: those before are the rollout's.
    private func mean(of answer: Answer, _ answered: Answered) -> Double? {
        var sum = 0.0
        let own = answered.rewards.suffix(2 * answer.counted.count)
        guard own.count == 2 * answer.counted.count else { return nil }
        for logprob in stride(from: own.startIndex, to: own.endIndex, by: 2) {
            guard let logprob = Double(wire: own[logprob]) else { return nil }
            sum += logprob
        }
        return sum / Double(answer.counted.count)
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
