// A credit program as the JSON that it is read from: only what differs from what holds unsaid.
import Crediting
import JSON

extension Program {
    var json: JSONValue { .array(instructions.map(\.json)) }
}

extension Instruction {
    fileprivate var json: JSONValue {
        var members: [(String, JSONValue)] = [("op", .string(action.name))]
        if let from { members.append(("from", .string(from))) }
        members += action.members
        if let name { members.append(("as", .string(name))) }
        return .object(JSONObject(members))
    }
}

private typealias Members = [(String, JSONValue)]

/// A member for a word that is not the standard one.
private func word<Word: RawRepresentable & Equatable>(
    _ key: String,
    _ word: Word,
    unless standard: Word
) -> Members where Word.RawValue == String {
    word == standard ? [] : [(key, .string(word.rawValue))]
}

private func number(_ key: String, _ number: Double?, unless standard: Double? = nil) -> Members {
    guard let number, number != standard, let value = JSONValue(number) else { return [] }
    return [(key, value)]
}

private func all(_ parts: Members...) -> Members { parts.flatMap(\.self) }

private func flag(_ key: String, _ flag: Bool) -> Members { flag ? [(key, .bool(true))] : [] }

private func text(_ key: String, _ text: String?) -> Members { text.map { [(key, .string($0))] } ?? [] }

extension Operator {
    fileprivate var members: Members {
        switch self {
        case .read(let read): read.members
        case .map(let mapping): mapping.members
        case .mask(let name): text("where", name)
        case .select(let share, let scope): number("share", share) + word("scope", scope, unless: .batch)
        case .scan(let scan):
            all(
                text("by", scan.by.rawValue),
                text("direction", scan.direction.rawValue),
                number("discount", scan.discount, unless: 1)
            )
        case .diff(.before): text("init", "before")
        case .diff(.first): text("init", "first")
        case .diff(.constant(let constant)): number("init", constant)
        case .weights(let weights):
            all(
                text("by", weights.by.rawValue),
                number("temperature", weights.temperature),
                word("scope", weights.scope, unless: .prompt),
                text("sum", weights.countsUp ? SumWord.count.rawValue : nil)
            )
        case .pool(let pooled):
            all(
                text("by", pooled.by.rawValue),
                number("temperature", pooled.temperature),
                word("over", pooled.over, unless: .rollout),
                number("empty", pooled.empty),
                flag("optional", pooled.isOptional)
            )
        case .contribution(.weighted(let name)): text("of", name)
        case .contribution(.all): text("to", ContributionWord.all.rawValue)
        case .contribution(.last): text("to", ContributionWord.last.rawValue)
        case .mix(let terms): [("terms", .array(terms.map(\.json)))]
        case .centre(let centre):
            all(
                text("by", centre.by.rawValue),
                number("share", centre.share),
                word("scope", centre.scope, unless: .prompt),
                word("singleton", centre.singleton, unless: .raw),
                word("sample", centre.sample, unless: .all)
            )
        case .scale(let scaling): scaling.members
        case .tokens(let layout, let isOptional): text("layout", layout.rawValue) + flag("optional", isOptional)
        }
    }
}

extension Read {
    fileprivate var members: Members {
        all(
            text("of", source.rawValue),
            text("scale", scale?.rawValue),
            source == .dimension ? [("index", JSONValue(index))] : [],
            flag("optional", isOptional)
        )
    }
}

extension Mapping {
    fileprivate var members: Members {
        let (by, parameters): (MappingWord, Members) =
            switch self {
            case .affine(let a, let b): (.affine, number("a", a, unless: 1) + number("b", b, unless: 0))
            case .clip(let low, let high): (.clip, number("low", low) + number("high", high))
            case .exp: (.exp, [])
            case .log(let epsilon): (.log, number("epsilon", epsilon, unless: 0))
            case .sigmoid: (.sigmoid, [])
            case .threshold(let bound): (.threshold, number("at", bound))
            case .bestOf(let count): (.bestOf, number("k", count))
            case .absolute: (.absolute, [])
            case .power(let exponent): (.power, number("exponent", exponent))
            case .times(let name): (.times, text("with", name))
            case .least(let name): (.least, text("with", name))
            case .most(let name): (.most, text("with", name))
            }
        return text("by", by.rawValue) + parameters
    }
}

extension Term {
    fileprivate var json: JSONValue {
        .object(
            JSONObject(
                all(
                    text("of", of),
                    number("coefficient", coefficient, unless: 1),
                    word("to", place, unless: .all),
                    flag("optional", isOptional)
                )
            )
        )
    }
}

extension Scaling {
    fileprivate var members: Members {
        let standard = Scaling(by)
        return all(
            text("by", by.rawValue),
            word("scope", scope, unless: standard.scope),
            number("epsilon", epsilon, unless: standard.epsilon),
            word("spread", spread, unless: standard.spread),
            number("epsilon_inside", inside, unless: standard.inside),
            word("singleton", singleton, unless: standard.singleton),
            number("least", least, unless: standard.least),
            word("zero_spread", zeroSpread, unless: standard.zeroSpread),
            word("sample", sample, unless: standard.sample)
        )
    }
}
