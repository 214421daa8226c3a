// Against whole rollouts: baselines of their sums, trees, and what comes from a step on.

extension Run {
    /// Baselines of the other rollouts' sums and means.
    func againstRollouts(_ input: Value, _ centre: Centre) -> Value {
        guard case .rows(let rows) = input else { return input }
        var result = rows.cells
        // Of PURE's `token` baseline a rollout whose tokens are not known is no part.
        let part = rows.cells.indices.filter { index in
            !rows.cells[index].present.isEmpty && (centre.by != .otherTokens || facts.rollouts[index].spans != nil)
        }
        for index in rows.cells.indices where centre.by == .otherTokens && facts.rollouts[index].spans == nil {
            result[index] = rows.cells[index].map { $0.value == nil ? $0 : Cell(absent: .noTokens) }
        }
        let groups = Dictionary(grouping: part) { centre.scope == .batch ? 0 : facts.groups[$0] }
        for members in groups.values {
            guard members.count > 1 else {
                for index in members {
                    result[index] = rows.cells[index].map { cell in
                        cell.value.map { Cell(alone: $0, centre.singleton) } ?? cell
                    }
                }
                continue
            }
            let baselines = Baselines(members.map { rows.cells[$0].values }, members.map { facts.rollouts[$0].tokens })
            for (order, index) in members.enumerated() {
                let units = facts.rollouts[index].spans?.spans.map { Double($0.count) } ?? []
                result[index] = rows.cells[index].enumerated().map { place, cell in
                    cell.map { value in
                        switch centre.by {
                        case .otherMeans: value - baselines.otherMean(order)
                        case .rloo: baselines.rloo(value)
                        case .otherTokens: value - baselines.otherRate(order) * units[place]
                        default: value - baselines.otherSum(order) / (baselines.others * Double(facts.longest))
                        }
                    }
                }
            }
        }
        return .rows(Rows(axis: rows.axis, cells: result))
    }

    /// r - b with b = (1 - share) parent + share mean of siblings; with one of them, that one; with neither, the rule.
    ///
    /// Siblings have the same parent, whatever their groups; those of a prompt that have none hang on its root (inferred:
    /// AB-MCTS has one).
    func againstTree(_ input: Value, _ centre: Centre) -> Value {
        guard case .scalar(let cells) = input, let share = centre.share else { return input }
        enum Place: Hashable {
            case child(of: Int)
            case root(of: Int)
        }
        let parents = facts.rollouts.map(\.facts.parent)
        let places = zip(parents, facts.groups).map { $0.map(Place.child) ?? .root(of: $1) }
        let siblings = Dictionary(grouping: cells.present) { places[$0] }
            .mapValues { Pool($0.compactMap { cells[$0].value }) }
        return .scalar(
            cells.enumerated().map { index, cell in
                guard let value = cell.value else { return cell }
                let parent = parents[index].flatMap { cells[$0].value }
                let others = siblings[places[index]].flatMap { $0.count > 1 ? value - $0.leftOneOut(value) : nil }
                switch (parent, others) {
                case (let parent?, let others?): return Cell(value - ((1 - share) * parent + share * others))
                case (let baseline?, nil), (nil, let baseline?): return Cell(value - baseline)
                case (nil, nil): return Cell(alone: value, centre.singleton)
                }
            }
        )
    }

    /// By the largest absolute suffix sum of the scope.
    func byReturns(_ input: Value, _ scaling: Scaling) -> Value {
        guard case .rows(let rows) = input else { return input }
        let peaks = rows.cells.map { row in
            var (sum, peak) = (0.0, 0.0)
            for value in row.values.reversed() {
                sum += value
                peak = max(peak, abs(sum))
            }
            return peak
        }
        var largest: [Int: Double] = [:]
        let keys = rows.cells.indices.map { index in
            switch scaling.scope {
            case .rollout: index
            case .batch: 0
            default: facts.groups[index]
            }
        }
        for (key, peak) in zip(keys, peaks) { largest[key] = max(largest[key] ?? 0, peak) }
        return .rows(
            rows.map { index, row in
                let divisor = (largest[keys[index]] ?? 0) + scaling.epsilon
                return row.map { $0.divided(by: divisor) }
            }
        )
    }

    /// By the square root of how many come from here on, this one among them.
    func byRemaining(_ input: Value) -> Value {
        guard case .rows(let rows) = input else { return input }
        return .rows(
            rows.map { _, row in
                var left = row.present.count
                return row.map { cell in
                    guard cell.value != nil else { return cell }
                    defer { left -= 1 }
                    return cell.map { $0 / Double(left).squareRoot() }
                }
            }
        )
    }
}

/// What rollouts of a scope are worth to each other: two at least, each with a number.
///
/// Sums run in the order of size, so that the order of the request moves no bit.
private struct Baselines {
    private let means: Pool
    private let ownMeans: [Double]
    private let otherSums: [Double]
    private let otherTokens: [Int]
    let others: Double

    init(_ rows: [[Double]], _ tokens: [Int]) {
        let sums = rows.map { $0.reduce(0, +) }
        ownMeans = zip(sums, rows).map { $0 / Double($1.count) }
        means = Pool(ownMeans)
        others = Double(rows.count - 1)
        let order = sums.indices.sorted { sums[$0] < sums[$1] }
        var (below, otherSums) = (0.0, sums)
        for index in order {
            otherSums[index] = below
            below += sums[index]
        }
        var above = 0.0
        for index in order.reversed() {
            otherSums[index] += above
            above += sums[index]
        }
        self.otherSums = otherSums
        let all = tokens.reduce(0, +)
        otherTokens = tokens.map { all - $0 }
    }

    func otherMean(_ index: Int) -> Double { ownMeans[index] - means.leftOneOut(ownMeans[index]) }

    /// (n x - sum of means)/(n - 1) = n/(n - 1) (x - mean of means).
    func rloo(_ value: Double) -> Double { (others + 1) / others * means.deviation(of: value) }

    func otherSum(_ index: Int) -> Double { otherSums[index] }

    /// For each token.
    func otherRate(_ index: Int) -> Double { otherSums[index] / Double(otherTokens[index]) }
}
