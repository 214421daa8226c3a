// A number of a program, or why there is none.

/// Why there is no number, or what is special about it; the raw value is the spelling on the wire.
package enum Reason: String, Sendable, CaseIterable {
    /// The data has no value here.
    case missing
    /// Left out by the caller's mask or by an operator's.
    case masked
    /// Compared with nobody: the operator's rule for one alone was followed.
    case singleton
    /// Divided by a spread of zero: the operator's rule for it was followed.
    case zeroSpread = "zero_spread"
    /// The result is not a finite number.
    case notFinite = "not_finite"
    /// The operator is not defined here, such as a logarithm of 0.
    case undefined
    /// The rollout has no step to pool.
    case noSteps = "no_steps"
    /// It is not known which tokens the rollout has.
    case noTokens = "no_tokens"
    /// The token belongs to no step.
    case noStep = "no_step"
}

/// A finite number, perhaps with a note, or its absence with the reason.
package struct Cell: Sendable, Equatable {
    /// Not a number where it is absent: half the memory of an optional, of which a program has millions.
    private let number: Double
    package let reason: Reason?

    /// What is not finite is absent.
    package init(_ number: Double, note: Reason? = nil) {
        self.number = number.isFinite ? number : .nan
        reason = number.isFinite ? note : .notFinite
    }

    package init(absent reason: Reason) {
        number = .nan
        self.reason = reason
    }

    /// A number of the data.
    init(_ given: Double?) {
        guard let given else {
            self.init(absent: .missing)
            return
        }
        self.init(given)
    }

    package var value: Double? { number.isNaN ? nil : number }

    package static func == (one: Cell, other: Cell) -> Bool { one.value == other.value && one.reason == other.reason }

    /// The same cell with another number; an absent one stays as it is.
    func map(_ change: (Double) -> Double) -> Cell {
        guard let value else { return self }
        return Cell(change(value), note: reason)
    }

    /// The same where `change` is defined.
    func compactMap(_ change: (Double) -> Double?) -> Cell {
        guard let value else { return self }
        guard let changed = change(value) else { return Cell(absent: .undefined) }
        return Cell(changed, note: reason)
    }

    /// Both numbers as one; absent where one of them is.
    func combined(with other: Cell, _ change: (Double, Double) -> Double) -> Cell {
        guard let value else { return self }
        guard let second = other.value else { return other }
        return Cell(change(value, second), note: reason ?? other.reason)
    }
}

extension [Cell] {
    /// The places of those that are present.
    var present: [Int] { indices.filter { self[$0].value != nil } }

    var values: [Double] { compactMap(\.value) }
}
