// Along a rollout: scan, diff, weights, contribution and pool.

extension Run {
    func scanned(_ rows: Rows, _ scan: Scan) -> Rows {
        var result = rows.map { index, row in
            let start = scan.direction == .prefix ? rows.before?[index].value : nil
            return scan.direction == .prefix
                ? Self.scanned(row, scan, from: start)
                : Self.scanned(row.reversed(), scan, from: nil).reversed()
        }
        if scan.direction == .prefix { result.before = rows.before }
        return result
    }

    private static func scanned(_ row: [Cell], _ scan: Scan, from start: Double?) -> [Cell] {
        var soFar = start
        return row.map { cell in
            guard let value = cell.value else { return cell }
            let next =
                switch (scan.by, soFar) {
                case (_, nil): value
                case (.sum, let sum?): value + scan.discount * sum
                case (.min, let least?): min(least, value)
                case (.max, let most?): max(most, value)
                case (.keep, let kept?): kept == 0 ? 0 : value
                }
            soFar = next
            return Cell(next, note: cell.reason)
        }
    }

    func differences(_ rows: Rows, _ start: Start) -> Rows {
        rows.map { index, row in
            var earlier =
                switch start {
                case .before: rows.before?[index] ?? Cell(absent: .missing)
                case .first: row.first { $0.value != nil } ?? Cell(absent: .missing)
                case .constant(let constant): Cell(constant)
                }
            return row.map { cell in
                guard cell.value != nil else { return cell }
                defer { earlier = cell }
                return cell.combined(with: earlier) { $0 - $1 }
            }
        }
    }

    /// - Note: 1/x is no share where a number is below 0: nothing of such a row is defined.
    func weighted(_ rows: Rows, _ weights: Weights) -> Rows {
        let cells = rows.cells.map { row in
            weights.by == .reciprocal && row.contains { $0.value ?? 0 < 0 }
                ? row.map { $0.compactMap { _ in nil } } : row
        }
        let found = cells.map { row in
            var found = [Double](repeating: 0, count: row.count)
            guard let scores = Scores(row.values) else { return found }
            for (place, weight) in zip(row.present, scores.weights(weights)) { found[place] = weight }
            return found
        }
        let shares = Rows.Shares(weights: found, areWhole: weights.by != .linearDecay)
        return Rows(axis: rows.axis, cells: cells, shares: shares)
    }

    /// Of one number a rollout, against the others of its scope.
    func weights(_ cells: [Cell], _ weights: Weights) -> [Cell] {
        var result = cells
        let groups = Dictionary(grouping: cells.present) { weights.scope == .batch ? 0 : facts.groups[$0] }
        for places in groups.values {
            guard let scores = Scores(places.compactMap { cells[$0].value }) else { continue }
            let factor = weights.countsUp ? scores.count : 1
            for (place, weight) in zip(places, scores.weights(weights)) { result[place] = Cell(factor * weight) }
        }
        return result
    }

    /// - Parameter value: of the rollout, in the place of each step's own.
    func contributions(_ rows: Rows, _ value: Value?) -> Rows {
        var whole: [Cell]?
        if case .scalar(let cells)? = value { whole = cells }
        return rows.map { index, row in
            row.enumerated().map { place, cell in
                let weight = rows.shares?.weights[index][place] ?? 0
                guard let whole else { return cell.map { weight * $0 } }
                return cell.combined(with: whole[index]) { weight * $1 }
            }
        }
    }
}

// MARK: - Pools

extension Run {
    func pools(_ rows: Rows, _ pooled: Pooled) -> [Cell] {
        rows.cells.indices.map { index in
            let row = rows.cells[index]
            if row.isEmpty { return nothing(of: facts.rollouts[index], along: rows.axis, pooled.empty) }
            if pooled.by == .weighted, let shares = rows.shares { return Self.sum(row, shares, index) }
            return Self.pool(row, pooled)
        }
    }

    /// What a rollout without steps or tokens is worth. One of which nobody said how many it has is not one without.
    private func nothing(of rollout: CheckedRollout, along axis: Axis, _ empty: Double?) -> Cell {
        switch axis {
        case .steps where !rollout.tellsOfSteps: Cell(absent: .missing)
        case .steps: empty.map { Cell($0) } ?? Cell(absent: .noSteps)
        case .tokens where !rollout.tellsOfTokens || rollout.tokens > 0: Cell(absent: .noTokens)
        case .tokens: empty.map { Cell($0) } ?? Cell(absent: .noTokens)
        }
    }

    /// One a step from its tokens.
    func stepPools(_ rows: Rows, _ pooled: Pooled) -> Rows {
        let cells = facts.rollouts.enumerated().map { index, rollout -> [Cell] in
            let row = rows.cells[index]
            guard let spans = rollout.spans, spans.tokenCount <= row.count else {
                return rollout.masked([Cell](repeating: Cell(absent: .noTokens), count: rollout.steps))
            }
            return rollout.masked(spans.spans.map { Self.pool(Array(row[$0]), pooled) })
        }
        return Rows(axis: .steps, cells: cells)
    }

    private static func pool(_ row: [Cell], _ pooled: Pooled) -> Cell {
        guard let scores = Scores(row.values) else { return Cell(absent: row.first?.reason ?? .missing) }
        switch pooled.by {
        case .weighted: preconditionFailure("the plan has checked that there are weights")
        case .sum: return Cell(scores.values.reduce(0, +))
        case .mean: return Cell(scores.pooled(.mean, temperature: 1))
        case .min: return Cell(scores.least)
        case .max: return Cell(scores.values.reduce(scores.least, max))
        case .last: return Cell(scores.pooled(.last, temperature: 1))
        case .product: return Cell(scores.pooled(.product, temperature: 1))
        // A root of what may be negative is none.
        case .geometricMean:
            return scores.least < 0
                ? Cell(absent: .undefined) : Cell(scores.pooled(.geometricMean, temperature: 1))
        case .softmin: return Cell(scores.pooled(.softmin, temperature: checked(pooled.temperature)))
        }
    }

    /// sum w x, with the bits that `credit(for:on:settings:)` has for the pooling of the same name.
    private static func sum(_ row: [Cell], _ shares: Rows.Shares, _ index: Int) -> Cell {
        guard let scores = Scores(row.values) else { return Cell(absent: row.first?.reason ?? .missing) }
        let weights = row.present.map { shares.weights[index][$0] }
        if !shares.areWhole { return Cell(zip(weights, scores.values).reduce(0) { $0 + $1.0 * $1.1 }) }
        // One step alone is the value itself, not the least one plus a difference.
        let bearing = weights.indices.filter { weights[$0] != 0 }
        return Cell(bearing.count == 1 ? scores.values[bearing[0]] : scores.weightedSum(weights))
    }
}

/// What softmin is not without.
private func checked(_ temperature: Double?) -> Double {
    guard let temperature else { preconditionFailure("the plan has checked every parameter") }
    return temperature
}

extension Scores {
    /// One weight a value.
    fileprivate func weights(_ weights: Weights) -> [Double] {
        switch weights.by {
        case .uniform: return uniformWeights
        case .softmin: return softmaxWeights(temperature: checked(weights.temperature))
        case .hardmin: return self.weights(.min, temperature: 1)
        case .last: return self.weights(.last, temperature: 1)
        case .reciprocal: return self.weights(.product, temperature: 1)
        case .linearDecay: return values.indices.map { (count - Double($0)) / (count * count) }
        }
    }
}
