// Against the others of a scope: centre, scale and select.

import Glibc

extension Run {
    func centre(_ input: Value, _ centre: Centre) -> Value {
        switch centre.by {
        case .mean: compared(input, centre.scope, centre.sample, centre.singleton) { $0.deviation(of: $1) }
        case .others: compared(input, centre.scope, centre.sample, centre.singleton) { $0.leftOneOut($1) }
        case .otherMeans, .rloo, .otherTokens, .otherPadded: againstRollouts(input, centre)
        case .tree(let share): againstTree(input, share, centre.singleton)
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
        case .largestReturn: byReturns(input, scaling)
        case .remaining: byRemaining(input)
        }
    }

    /// The k highest of a scope, k = share x count rounded up, and what equals the last of them.
    func select(_ input: Value, _ share: Double, _ scope: Scope) -> Value {
        let (rows, wrap) = unwrapped(input)
        let places = keys(of: rows, scope)
        var members: [Key: [Double]] = [:]
        for (row, keys) in zip(rows, places) {
            for (cell, key) in zip(row, keys) {
                if let value = cell.value { members[key, default: []].append(value) }
            }
        }
        let bounds = members.mapValues { values in
            let kept = max(1, Int((share * Double(values.count)).rounded(.up)))
            return values.sorted()[max(0, values.count - kept)]
        }
        return wrap(
            zip(rows, places).map { row, keys in
                zip(row, keys).map { cell, key in cell.map { $0 >= bounds[key] ?? $0 ? 1 : 0 } }
            }
        )
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
        let (rows, wrap) = unwrapped(input)
        let places = keys(of: rows, scope)
        var members: [Key: [Double]] = [:]
        for (row, keys) in zip(rows, places) {
            let taken = sample == .first ? Array(row.present.prefix(1)) : row.present
            for place in taken {
                guard let value = row[place].value, sample != .nonzero || value != 0 else { continue }
                members[keys[place], default: []].append(value)
            }
        }
        let pools = members.mapValues(Pool.init)
        let nobody = Pool([])
        return wrap(
            zip(rows, places).map { row, keys in
                zip(row, keys).map { cell, key in
                    guard let value = cell.value, sample != .nonzero || value != 0 else { return cell }
                    return change(pools[key] ?? nobody, value)
                }
            }
        )
    }

    /// Rows of a value, one number a rollout being a row of its own, and the way back.
    private func unwrapped(_ input: Value) -> (rows: [[Cell]], wrap: ([[Cell]]) -> Value) {
        switch input {
        case .scalar(let cells): (cells.map { [$0] }, { .scalar($0.compactMap(\.first)) })
        case .rows(let rows): (rows.cells, { .rows(Rows(axis: rows.axis, cells: $0)) })
        }
    }

    /// What makes two numbers of one scope.
    private struct Key: Hashable {
        let rollouts: Int
        var place = 0
        var isAlone = false
    }

    private func keys(of rows: [[Cell]], _ scope: Scope) -> [[Key]] {
        rows.enumerated().map { index, row in
            let (group, own) = (facts.groups[index], facts.rollouts[index].facts)
            return row.indices.map { place in
                switch scope {
                case .prompt: Key(rollouts: group)
                case .batch: Key(rollouts: 0)
                case .rollout: Key(rollouts: index)
                case .position: Key(rollouts: group, place: place)
                case .turn: Key(rollouts: group, place: own.turns?[place] ?? place)
                // A step whose state nobody told is alone.
                case .state:
                    own.states.map { Key(rollouts: group, place: $0[place]) }
                        ?? Key(rollouts: index, place: place, isAlone: true)
                }
            }
        }
    }
}

extension Cell {
    /// By the rule for one that is compared with nobody.
    init(alone value: Double, _ rule: SingletonRule) {
        self.init(rule == .raw ? value : 0, note: .singleton)
    }
}
