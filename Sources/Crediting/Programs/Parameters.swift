// Which numbers an operator may be given.

extension Operator {
    /// The first parameter that is not finite or out of its range, as it is spelt on the wire.
    var badParameter: String? {
        switch self {
        case .read(let read): read.index < 0 ? "index" : nil
        case .map(let mapping): mapping.badParameter
        case .select(let share, _): share > 0 && share <= 1 ? nil : "share"
        case .scan(let scan): (0...1).contains(scan.discount) ? nil : "discount"
        case .diff(.constant(let start)): start.isFinite ? nil : "init"
        case .weights(let weights): Self.badTemperature(weights.temperature, isTaken: weights.by == .softmin)
        case .pool(let pooled): pooled.badParameter
        case .mix(let terms): terms.allSatisfy(\.coefficient.isFinite) ? nil : "coefficient"
        case .centre(let centre):
            centre.share.map((0...1).contains) ?? true && (centre.share != nil) == (centre.by == .tree) ? nil : "share"
        case .scale(let scaling): scaling.badParameter
        case .mask, .diff, .contribution, .tokens: nil
        }
    }

    /// It is there where it is taken, and nowhere else.
    fileprivate static func badTemperature(_ temperature: Double?, isTaken: Bool) -> String? {
        temperature?.isPositive ?? true && (temperature != nil) == isTaken ? nil : "temperature"
    }
}

extension Double {
    fileprivate var isPositive: Bool { isFinite && self > 0 }
    fileprivate var isNotNegative: Bool { isFinite && self >= 0 }
}

extension Mapping {
    /// The named value that it takes besides.
    var partner: String? {
        switch self {
        case .times(let name), .least(let name), .most(let name): name
        default: nil
        }
    }

    fileprivate var badParameter: String? {
        switch self {
        case .affine(let factor, let constant):
            if !factor.isFinite { "a" } else { constant.isFinite ? nil : "b" }
        case .clip(let low, let high):
            if low == nil && high == nil || low?.isFinite == false {
                "low"
            } else if high?.isFinite == false || low ?? -.infinity > high ?? .infinity {
                "high"
            } else {
                nil
            }
        case .log(let epsilon): epsilon.isNotNegative ? nil : "epsilon"
        case .threshold(let bound): bound.isFinite ? nil : "at"
        case .bestOf(let count): count.isPositive ? nil : "k"
        case .power(let exponent): exponent.isFinite ? nil : "exponent"
        case .exp, .sigmoid, .absolute, .times, .least, .most: nil
        }
    }
}

extension Pooled {
    fileprivate var badParameter: String? {
        if let bad = Operator.badTemperature(temperature, isTaken: by == .softmin) { return bad }
        return empty?.isFinite == false ? "empty" : nil
    }
}

extension Scaling {
    fileprivate var badParameter: String? {
        if !epsilon.isNotNegative { return "epsilon" }
        if !inside.isNotNegative { return "epsilon_inside" }
        return least.isNotNegative ? nil : "least"
    }
}

extension Source {
    /// What reading it gives.
    var type: ValueType {
        switch self {
        case .rewards, .external, .afterPivot: ValueType(kind: .steps)
        case .value, .answerLogprob: ValueType(kind: .steps, hasBefore: true)
        case .tokenLogprob, .tokenEntropy, .logratio, .teacherLogprob: ValueType(kind: .tokens)
        case .outcome, .dimension, .answerShare, .answerMajority, .stepCount: ValueType(kind: .scalar)
        }
    }
}
