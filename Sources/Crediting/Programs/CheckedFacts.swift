// The data of all rollouts, checked once.

/// What programs read; every length agrees, every number is finite, every parent exists.
package struct CheckedFacts: Sendable {
    package let rollouts: [CheckedRollout]
    /// Equal numbers are one prompt.
    let groups: [Int]
    /// Tokens of the longest rollout: what a trainer pads a batch to.
    let longest: Int

    /// - Throws: `fact`, which names the rollout and the field.
    package init(_ rollouts: [RolloutFacts]) throws(CreditError) {
        var checked: [CheckedRollout] = []
        for (index, facts) in rollouts.enumerated() {
            do throws(FactFault) {
                checked.append(try CheckedRollout(facts, at: index))
            } catch {
                throw .fact(error)
            }
        }
        try Self.check(parents: rollouts.map(\.parent))
        self.rollouts = checked
        // The numbers of callers are not negative; a rollout without a group has a negative one of its own.
        groups = rollouts.enumerated().map { $1.group ?? -1 - $0 }
        longest = checked.map(\.tokens).reduce(0, max)
    }

    /// How many numbers a program computes at each operator, at the most.
    package var cells: Int {
        rollouts.reduce(rollouts.count) { total, rollout in
            let (sum, overflow) = total.addingReportingOverflow(max(rollout.steps, rollout.tokens))
            return overflow ? .max : sum
        }
    }

    private static func check(parents: [Int?]) throws(CreditError) {
        /// 0 not seen, 1 on the way that is followed, 2 known to end at a root.
        var states = [UInt8](repeating: 0, count: parents.count)
        for start in parents.indices {
            var path: [Int] = []
            var place: Int? = start
            while let here = place {
                guard parents.indices.contains(here) else {
                    throw .fact(FactFault(rollout: path.last ?? start, field: "parent", problem: .badIndex(here)))
                }
                if states[here] == 2 { break }
                if states[here] == 1 { throw .fact(FactFault(rollout: here, field: "parent", problem: .cycle)) }
                states[here] = 1
                path.append(here)
                place = parents[here]
            }
            for here in path { states[here] = 2 }
        }
    }
}

/// The data of one rollout whose lengths agree.
package struct CheckedRollout: Sendable {
    let facts: RolloutFacts
    package let steps: Int
    /// 0 where nothing is said of tokens.
    package let tokens: Int
    /// Whether anything says how many steps, or tokens, there are: none is another thing than nobody knows.
    let tellsOfSteps: Bool
    let tellsOfTokens: Bool
    package let spans: TokenSpans?
    /// Which steps count: nil, or why not.
    package let absent: [Reason?]

    /// - Parameter index: for errors.
    package init(_ facts: RolloutFacts, at index: Int) throws(FactFault) {
        let lengths = Lengths(rollout: index)
        let told = try lengths.steps(of: facts)
        let steps = told ?? 0
        let spans = try lengths.spans(of: facts, steps: steps)
        tokens = try lengths.tokens(of: facts, spans: spans)
        self.facts = facts
        self.steps = steps
        self.spans = spans
        tellsOfSteps = told != nil
        tellsOfTokens = facts.spans != nil || lengths.tokenCount(of: facts) != nil
        absent = (0..<steps).map { step in
            if let mask = facts.mask, !mask[step] { return .masked }
            if let rewards = facts.rewards, rewards[step] == nil { return .missing }
            return nil
        }
        try lengths.checkNumbers(of: facts, steps: steps)
    }
}

/// Compares what is said of one rollout.
private struct Lengths {
    let rollout: Int

    func fault(_ field: String, _ problem: FactFault.Problem) -> FactFault {
        FactFault(rollout: rollout, field: field, problem: problem)
    }

    /// The number of steps, on which all that is said must agree; nil where nothing is said.
    func steps(of facts: RolloutFacts) throws(FactFault) -> Int? {
        let counts: [(field: String, count: Int?)] = [
            ("rewards", facts.rewards?.count), ("external", facts.external?.count), ("turns", facts.turns?.count),
            ("states", facts.states?.count), ("mask", facts.mask?.count), ("token_spans", facts.spans?.count),
        ]
        // n + 1 values, of which one stands before the first step.
        let around = [("value", facts.value?.count), ("answer_logprob", facts.answerLogprob?.count)]
        for (field, count) in around where count == 0 { throw fault(field, .empty) }
        var steps: Int?
        for (field, count, extra) in counts.map({ ($0, $1, 0) }) + around.map({ ($0, $1, 1) }) {
            guard let count else { continue }
            if let steps, count != steps + extra { throw fault(field, .count(count, expected: steps + extra)) }
            steps = count - extra
        }
        return steps
    }

    func spans(of facts: RolloutFacts, steps: Int) throws(FactFault) -> TokenSpans? {
        guard let spans = facts.spans, !spans.isEmpty else { return nil }
        do throws(CreditError) {
            return try TokenSpans(spans, steps: steps, tokenCount: tokenCount(of: facts))
        } catch {
            guard case .tokenSpan(let index, let tokens) = error else { throw fault("token_spans", .empty) }
            throw fault("token_spans", .span(index: index, tokens: tokens))
        }
    }

    func tokens(of facts: RolloutFacts, spans: TokenSpans?) throws(FactFault) -> Int {
        let count = tokenCount(of: facts) ?? spans?.tokenCount ?? 0
        guard count >= 0 else { throw fault("token_count", .badIndex(count)) }
        for (field, values) in Self.tokenSignals(facts) {
            if let values, values.count != count { throw fault(field, .count(values.count, expected: count)) }
        }
        if let mask = facts.tokenMask, mask.count != count {
            throw fault("token_mask", .count(mask.count, expected: count))
        }
        return count
    }

    func tokenCount(of facts: RolloutFacts) -> Int? {
        facts.tokenCount ?? Self.tokenSignals(facts).lazy.compactMap { $0.values?.count }.first
            ?? facts.tokenMask?.count
    }

    private static func tokenSignals(_ facts: RolloutFacts) -> [(field: String, values: [Double?]?)] {
        [
            ("token_logprob", facts.tokenLogprob), ("token_entropy", facts.tokenEntropy), ("logratio", facts.logratio),
            ("teacher_logprob", facts.teacherLogprob),
        ]
    }

    func checkNumbers(of facts: RolloutFacts, steps: Int) throws(FactFault) {
        let lists: [(field: String, values: [Double?]?)] =
            Self.tokenSignals(facts) + [
                ("rewards", facts.rewards), ("external", facts.external), ("value", facts.value),
                ("answer_logprob", facts.answerLogprob), ("dimensions", facts.dimensions),
            ]
        for (field, values) in lists {
            for (index, value) in (values ?? []).enumerated() where value?.isFinite == false {
                throw fault(field, .notFinite(index: index))
            }
        }
        if facts.outcome?.isFinite == false { throw fault("outcome", .notFinite(index: nil)) }
        for (index, reward) in (facts.rewards ?? []).enumerated() {
            if let reward, !facts.scale.range.contains(reward) {
                throw fault("rewards", .outOfRange(index: index, value: reward, scale: facts.scale))
            }
        }
        if let pivot = facts.pivot, !(0...steps).contains(pivot) { throw fault("pivot", .badIndex(pivot)) }
    }
}
