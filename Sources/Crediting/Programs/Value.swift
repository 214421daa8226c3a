// What an operator takes and gives.

/// What the rows of a value run along.
package enum Axis: String, Sendable, CaseIterable {
    case steps
    case tokens
}

/// One row a rollout, of any length.
package struct Rows: Sendable, Equatable {
    package let axis: Axis
    /// As many as the rollout has steps or tokens; none where its tokens are not known.
    package var cells: [[Cell]]
    /// What stands before the first step, one a rollout, where the signal was read there too.
    package var before: [Cell]?
    package var shares: Shares?

    /// One weight a cell, 0 where it is absent.
    package struct Shares: Sendable, Equatable {
        package let weights: [[Double]]
        /// Whether those of a rollout add up to 1.
        let areWhole: Bool
    }

    /// The same rows, without weights, by the row.
    func map(_ change: (Int, [Cell]) -> [Cell]) -> Rows {
        Rows(axis: axis, cells: cells.enumerated().map { change($0, $1) })
    }
}

/// The result of an operator.
package enum Value: Sendable, Equatable {
    /// One a rollout.
    case scalar([Cell])
    case rows(Rows)

    /// The same operator on every cell, and on what stands before them.
    func map(_ change: (Cell) -> Cell) -> Value {
        switch self {
        case .scalar(let cells): return .scalar(cells.map(change))
        case .rows(let rows):
            var changed = rows.map { $1.map(change) }
            changed.before = rows.before?.map(change)
            return .rows(changed)
        }
    }
}

/// What is known of a value before anything runs.
package struct ValueType: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case scalar
        case steps
        case tokens
    }

    package let kind: Kind
    var hasBefore = false
    var isWeighted = false
}
