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
        let rows = values.lazy.compactMap { value -> Rows? in
            if case .rows(let rows) = value { rows } else { nil }
        }
        guard let first = rows.first else {
            return .scalar(
                facts.rollouts.indices.map { index in
                    Cell(sum: zip(terms, values).map { ($0, $1.cell(index, 0)) })
                }
            )
        }
        let everywhere = zip(terms, values).filter { $0.0.place == .all }
        let last = zip(terms, values).filter { $0.0.place == .last }
        return .rows(
            first.map { index, row in
                var sums = row.indices.map { place in Cell(sum: everywhere.map { ($0, $1.cell(index, place)) }) }
                if let place = sums.lastIndex(where: { $0.value != nil }) {
                    let total = [(Term(""), sums[place])] + last.map { ($0, $1.cell(index, place)) }
                    sums[place] = Cell(sum: total)
                }
                return sums
            }
        )
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

extension Cell {
    /// sum c x; absent where a term is that is not optional, or where all are.
    fileprivate init(sum terms: [(Term, Cell)]) {
        var sum: Double?
        var note: Reason?
        for (term, cell) in terms {
            guard let value = cell.value else {
                if term.isOptional { continue }
                self.init(absent: cell.reason ?? .missing)
                return
            }
            sum = (sum ?? 0) + term.coefficient * value
            note = note ?? cell.reason
        }
        guard let sum else {
            self.init(absent: terms.first?.1.reason ?? .missing)
            return
        }
        self.init(sum, note: note)
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
