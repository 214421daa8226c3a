// Number by number: map, mix and what lays numbers on steps and tokens.

import Glibc

extension Run {
    func map(_ input: Value, _ mapping: Mapping, _ partner: Value?) -> Value {
        guard let partner else { return input.map { $0.compactMap(mapping.number) } }
        return combine(input, with: partner) { one, two in
            one.combined(with: two) {
                switch mapping {
                case .least: min($0, $1)
                case .most: max($0, $1)
                default: $0 * $1
                }
            }
        }
    }

    /// - Parameter values: one a term.
    func mix(_ terms: [Term], _ values: [Value]) -> Value {
        let axis = values.lazy.compactMap { value -> Axis? in
            if case .rows(let rows) = value { rows.axis } else { nil }
        }.first
        let parts = Array(zip(terms, values))
        guard let axis else {
            return .scalar(facts.rollouts.indices.map { sums(of: parts, of: $0, width: 1)[0].cell })
        }
        let (everywhere, last) = (parts.filter { $0.0.place == .all }, parts.filter { $0.0.place == .last })
        let cells = facts.rollouts.indices.map { index in
            // Tokens that one value knows and another does not.
            let width = values.map { $0.width(of: index) }.reduce(0, max)
            var row = sums(of: everywhere, of: index, width: width).map(\.cell)
            if let place = row.lastIndex(where: { $0.value != nil }) {
                var sum = Sum(row[place])
                for (term, value) in last { sum.add(term, value.cell(index, place)) }
                row[place] = sum.cell
            }
            return row
        }
        return .rows(Rows(axis: axis, cells: cells))
    }

    /// Term by term: one at a time is in hand, however many there are.
    private func sums(of parts: [(Term, Value)], of rollout: Int, width: Int) -> [Sum] {
        var sums = [Sum](repeating: Sum(), count: width)
        for (term, value) in parts {
            for place in sums.indices { sums[place].add(term, value.cell(rollout, place)) }
        }
        return sums
    }

    /// A rollout's number on its steps that count.
    func spread(_ cells: [Cell], toLast: Bool) -> Rows {
        let rows = zip(facts.rollouts, cells).map { rollout, cell in
            let last = rollout.absent.lastIndex { $0 == nil }
            return rollout.absent.enumerated().map { step, reason in
                reason.map { Cell(absent: $0) } ?? (toLast && step != last && cell.value != nil ? Cell(0.0) : cell)
            }
        }
        return Rows(axis: .steps, cells: rows)
    }

    /// Tokens of no step have no number; a rollout whose tokens are not known has no row.
    func lay(_ input: Value, _ layout: TokenLayout) -> Value {
        let rows = facts.rollouts.enumerated().map { index, rollout -> [Cell] in
            switch input {
            case .scalar(let cells):
                return rollout.maskedTokens([Cell](repeating: cells[index], count: rollout.tokens))
            case .rows(let rows):
                guard let spans = rollout.spans else { return [] }
                var tokens = [Cell](repeating: Cell(absent: .noStep), count: rollout.tokens)
                for (cell, span) in zip(rows.cells[index], spans.spans) {
                    for token in span {
                        let isBorne = layout == .span || token == span.upperBound - 1 || cell.value == nil
                        tokens[token] = isBorne ? cell : Cell(0.0)
                    }
                }
                return rollout.maskedTokens(tokens)
            }
        }
        return .rows(Rows(axis: .tokens, cells: rows))
    }
}

extension Value {
    /// How many places a rollout has in it.
    fileprivate func width(of rollout: Int) -> Int {
        if case .rows(let rows) = self { rows.cells[rollout].count } else { 0 }
    }

    /// At a place of a rollout; its own number where it has no places.
    fileprivate func cell(_ rollout: Int, _ place: Int) -> Cell {
        switch self {
        case .scalar(let cells): cells[rollout]
        // Of a rollout whose tokens one value knows and another does not.
        case .rows(let rows):
            rows.cells[rollout].indices.contains(place) ? rows.cells[rollout][place] : Cell(absent: .noTokens)
        }
    }
}

/// sum c x so far; absent where a term is that is not optional, or where all are.
private struct Sum {
    private var total = 0.0
    private var isBegun = false
    private var note: Reason?
    /// Of the term that made it absent.
    private var lack: Reason?
    /// Of the first that did not.
    private var firstLack: Reason?

    init() {}

    /// Goes on from a number.
    init(_ cell: Cell) {
        guard let value = cell.value else { return }
        (total, isBegun, note) = (value, true, cell.reason)
    }

    mutating func add(_ term: Term, _ cell: Cell) {
        guard lack == nil else { return }
        guard let value = cell.value else {
            let reason = cell.reason ?? .missing
            if term.isOptional { firstLack = firstLack ?? reason } else { lack = reason }
            return
        }
        total += term.coefficient * value
        isBegun = true
        note = note ?? cell.reason
    }

    var cell: Cell {
        if let lack { return Cell(absent: lack) }
        return isBegun ? Cell(total, note: note) : Cell(absent: firstLack ?? .missing)
    }
}

extension Mapping {
    /// Nil where it is not defined.
    fileprivate func number(_ x: Double) -> Double? {
        switch self {
        case .affine(let factor, let constant): factor * x + constant
        case .clip(let low, let high): min(max(x, low ?? x), high ?? .infinity)
        case .exp: Glibc.exp(x)
        case .log(let epsilon): x + epsilon > 0 ? Glibc.log(x + epsilon) : nil
        case .sigmoid: 1 / (1 + Glibc.exp(-x))
        case .threshold(let bound): x >= bound ? 1 : 0
        // Without 1 - (1 - p)^k, which has no digits left where p is small.
        case .bestOf(let count): (0...1).contains(x) ? -expm1(count * log1p(-x)) : nil
        case .absolute: abs(x)
        case .power(let exponent): raised(x, to: exponent)
        case .times, .least, .most: x
        }
    }

    private func raised(_ x: Double, to exponent: Double) -> Double? {
        let isDefined = x > 0 || (x == 0 && exponent >= 0) || (x < 0 && exponent.rounded() == exponent)
        return isDefined ? pow(x, exponent) : nil
    }
}
