// Reads what a program names out of the data.

extension Run {
    func read(_ read: Read) -> Value {
        switch read.source {
        case .rewards: return steps { rewards($0, on: read.scale) }
        case .external: return steps { $0.facts.external?.map { Cell($0) } }
        case .value: return around { $0.facts.value }
        case .answerLogprob: return around { $0.facts.answerLogprob }
        case .afterPivot:
            return steps { rollout in
                rollout.facts.pivot.map { pivot in (0..<rollout.steps).map { Cell($0 < pivot ? 0 : 1) } }
            }
        case .tokenLogprob: return tokens { $0.facts.tokenLogprob }
        case .tokenEntropy: return tokens { $0.facts.tokenEntropy }
        case .logratio: return tokens { $0.facts.logratio }
        case .teacherLogprob: return tokens { $0.facts.teacherLogprob }
        case .outcome: return .scalar(facts.rollouts.map { Cell($0.facts.outcome) })
        case .dimension:
            return .scalar(
                facts.rollouts.map { rollout in
                    let dimensions = rollout.facts.dimensions ?? []
                    return Cell(dimensions.indices.contains(read.index) ? dimensions[read.index] : nil)
                }
            )
        case .answerShare: return .scalar(answers { count, all, _ in Double(count) / Double(all) })
        case .answerMajority: return .scalar(answers { $2 ? 1 : 0 })
        case .stepCount:
            return .scalar(
                facts.rollouts.map { rollout in
                    rollout.tellsOfSteps ? Cell(Double(rollout.absent.count { $0 == nil })) : Cell(absent: .missing)
                }
            )
        }
    }

    /// One a step; all missing where the rollout has none of them.
    private func steps(_ cells: (CheckedRollout) -> [Cell]?) -> Value {
        .rows(
            Rows(
                axis: .steps,
                cells: facts.rollouts.map { rollout in
                    let row = cells(rollout) ?? [Cell](repeating: Cell(absent: .missing), count: rollout.steps)
                    return rollout.masked(row)
                }
            )
        )
    }

    /// n + 1 values, of which the first stands before the first step.
    private func around(_ values: (CheckedRollout) -> [Double?]?) -> Value {
        let all = facts.rollouts.map { rollout in
            (values(rollout) ?? [Double?](repeating: nil, count: rollout.steps + 1)).map { Cell($0) }
        }
        return .rows(
            Rows(
                axis: .steps,
                cells: zip(facts.rollouts, all).map { $0.masked(Array($1.dropFirst())) },
                before: all.map { $0.first ?? Cell(absent: .missing) }
            )
        )
    }

    private func tokens(_ values: (CheckedRollout) -> [Double?]?) -> Value {
        .rows(
            Rows(
                axis: .tokens,
                cells: facts.rollouts.map { rollout in
                    let row = values(rollout) ?? [Double?](repeating: nil, count: rollout.tokens)
                    return rollout.maskedTokens(row.map { Cell($0) })
                }
            )
        )
    }

    /// A chance of 0 or 1 has no logit: there the reward is not finite.
    private func rewards(_ rollout: CheckedRollout, on scale: Scale?) -> [Cell]? {
        guard let rewards = rollout.facts.rewards else { return nil }
        guard let scale else { return rewards.map { Cell($0) } }
        return rewards.enumerated().map { step, reward in
            guard let reward else { return Cell(absent: .missing) }
            guard let converted = try? rollout.facts.scale.convert(reward, to: scale, step: step) else {
                return Cell(absent: .notFinite)
            }
            return Cell(converted)
        }
    }

    /// - Parameter number: of how often the answer was given, how many answers there are, and whether it leads.
    private func answers(_ number: (Int, Int, Bool) -> Double) -> [Cell] {
        var counts: [Int: [Int: Int]] = [:]
        for (index, rollout) in facts.rollouts.enumerated() {
            if let answer = rollout.facts.answer { counts[facts.groups[index], default: [:]][answer, default: 0] += 1 }
        }
        var leading: [Int: Int] = [:]
        for (index, rollout) in facts.rollouts.enumerated() {
            let group = facts.groups[index]
            guard let answer = rollout.facts.answer, let count = counts[group]?[answer] else { continue }
            if let leader = leading[group], counts[group]?[leader] ?? 0 >= count { continue }
            leading[group] = answer
        }
        let totals = counts.mapValues { $0.values.reduce(0, +) }
        return facts.rollouts.enumerated().map { index, rollout in
            let group = facts.groups[index]
            guard let answer = rollout.facts.answer, let all = totals[group], let count = counts[group]?[answer] else {
                return Cell(absent: .missing)
            }
            return Cell(number(count, all, leading[group] == answer))
        }
    }
}

extension CheckedRollout {
    /// Steps that are to count nowhere do not.
    func masked(_ row: [Cell]) -> [Cell] {
        guard facts.mask != nil || facts.rewards != nil else { return row }
        return zip(row, absent).map { cell, reason in reason.map { Cell(absent: $0) } ?? cell }
    }

    func maskedTokens(_ row: [Cell]) -> [Cell] {
        guard let mask = facts.tokenMask else { return row }
        return zip(row, mask).map { $1 ? $0 : Cell(absent: .masked) }
    }
}
