// Against the others of a scope: centre, scale and select.

extension Run {
    func centre(_ input: Value, _ centre: Centre) -> Value {
        switch centre.by {
        case .mean: compared(input, centre.scope, centre.sample, centre.singleton) { $0.deviation(of: $1) }
        case .others: compared(input, centre.scope, centre.sample, centre.singleton) { $0.leftOneOut($1) }
        case .otherMeans, .rloo, .otherTokens, .otherPadded: againstRollouts(input, centre)
        case .tree: againstTree(input, centre)
        }
    }

    func scale(_ input: Value, _ scaling: Scaling) -> Value {
        switch scaling.by {
        case .deviation: deviations(input, scaling)
        // One alone is its own mean: there is no rule for it.
        case .mean:
            eachPool(input, scaling.scope, scaling.sample) { pool, value in
                let divisor = pool.average + scaling.epsilon
                return divisor == 0 ? Cell(absent: .undefined) : Cell(value / divisor)
            }
        case .largest: byLargest(input, scaling)
        case .largestReturn: byReturns(input, scaling)
        case .remaining: byRemaining(input)
        }
    }

    /// The k highest of a scope, k = share x count rounded up, and what equals the last of them.
    func select(_ input: Value, _ share: Double, _ scope: Scope) -> Value {
        var (rows, wrap) = unwrapped(input)
        Scopes(of: rows, scope, facts).forEach { members in
            let values = members.compactMap { rows[$0.row][$0.place].value }.sorted()
            // A product that is a whole number but for its rounding, such as 0.07 x 100, is that number.
            let kept = max(1, Int((share * Double(values.count) * (1 - 0x1p-50)).rounded(.up)))
            let bound = values[max(0, values.count - kept)]
            for member in members {
                rows[member.row][member.place] = rows[member.row][member.place].map { $0 >= bound ? 1 : 0 }
            }
        }
        return wrap(rows)
    }

    /// (x - mean) is `centre`'s: here x by its scope's deviation, which centring does not change.
    private func deviations(_ input: Value, _ scaling: Scaling) -> Value {
        eachPool(input, scaling.scope, scaling.sample) { pool, value in
            guard pool.count > 1 else { return Cell(alone: value, scaling.singleton) }
            let plain = pool.deviation(scaling.spread, inside: 0)
            if plain == 0 || plain < scaling.least {
                return Cell(scaling.zeroSpread == .raw ? value : 0, note: .zeroSpread)
            }
            return Cell(value / (pool.deviation(scaling.spread, inside: scaling.inside) + scaling.epsilon))
        }
    }

    /// By the largest absolute number of the scope.
    private func byLargest(_ input: Value, _ scaling: Scaling) -> Value {
        var (rows, wrap) = unwrapped(input)
        Scopes(of: rows, scaling.scope, facts).forEach { members in
            let peak = members.reduce(0) { max($0, abs(rows[$1.row][$1.place].value ?? 0)) }
            for member in members {
                rows[member.row][member.place] = rows[member.row][member.place].divided(by: peak + scaling.epsilon)
            }
        }
        return wrap(rows)
    }

    private func compared(
        _ input: Value,
        _ scope: Scope,
        _ sample: Sample,
        _ rule: SingletonRule,
        _ change: (Pool, Double) -> Double
    ) -> Value {
        eachPool(input, scope, sample) { pool, value in
            pool.count > 1 ? Cell(change(pool, value)) : Cell(alone: value, rule)
        }
    }

    /// Every present number against the pool of its scope.
    private func eachPool(
        _ input: Value,
        _ scope: Scope,
        _ sample: Sample,
        _ change: (Pool, Double) -> Cell
    ) -> Value {
        var (rows, wrap) = unwrapped(input)
        let firsts = sample == .first ? rows.map { $0.firstIndex { $0.value != nil } } : []
        Scopes(of: rows, scope, facts).forEach { members in
            let sampled = members.lazy.filter { sample == .all || firsts[$0.row] == $0.place }
            let pool = Pool(sampled.compactMap { rows[$0.row][$0.place].value })
            for member in members {
                guard let value = rows[member.row][member.place].value else { continue }
                rows[member.row][member.place] = change(pool, value)
            }
        }
        return wrap(rows)
    }

    /// Rows of a value, one number a rollout being a row of its own, and the way back.
    private func unwrapped(_ input: Value) -> (rows: [[Cell]], wrap: ([[Cell]]) -> Value) {
        switch input {
        case .scalar(let cells): (cells.map { [$0] }, { .scalar($0.compactMap(\.first)) })
        case .rows(let rows): (rows.cells, { .rows(Rows(axis: rows.axis, cells: $0)) })
        }
    }
}

extension Cell {
    /// By a peak, which may be 0 or past what a Double holds.
    func divided(by divisor: Double) -> Cell {
        guard value != nil, divisor.isFinite else { return value == nil ? self : Cell(absent: .notFinite) }
        return compactMap { divisor > 0 ? $0 / divisor : nil }
    }

    /// By the rule for one that is compared with nobody.
    init(alone value: Double, _ rule: SingletonRule) {
        self.init(rule == .raw ? value : 0, note: .singleton)
    }
}
