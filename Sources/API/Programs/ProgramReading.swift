// A credit program out of JSON.
import Crediting
import JSON
import Scoring

extension Program {
    /// - Parameter path: where it stands in the body, for errors: `program`.
    init(_ value: JSONValue, at path: String) throws(APIError) {
        guard let lines = value.array else { throw .wrongField(path, expected: "an array of operators") }
        var instructions: [Instruction] = []
        // No more than would be refused anyway.
        for (index, line) in lines.prefix(Program.mostOperators + 1).enumerated() {
            instructions.append(try Instruction(Fields(line, at: "\(path)[\(index)]")))
        }
        do throws(CreditError) {
            try self.init(instructions)
        } catch {
            throw .scoring(.credit(error), param: error.param(program: path, otherwise: path))
        }
    }
}

extension Instruction {
    fileprivate init(_ fields: Fields) throws(APIError) {
        guard let name = try fields.string("op") else { throw .missingField(fields.name("op")) }
        guard let family = Family(rawValue: name) else {
            throw .wrongField(
                fields.name("op"),
                expected: "one of " + Family.allCases.map(\.rawValue).joined(separator: ", ")
            )
        }
        var reader = OperatorReader(fields: fields)
        let action = try reader.action(family)
        let takesInput = family != .read && family != .mix
        let from = takesInput ? try reader.string("from") : nil
        let result = try reader.string("as")
        try fields.refuseUnknown(except: ["op"] + reader.known)
        self.init(action, from: from, name: result)
    }
}

/// The words of `op`.
enum Family: String, CaseIterable {
    case read
    case map
    case mask
    case select
    case scan
    case diff
    case weights
    case pool
    case contribution
    case mix
    case centre
    case scale
    case tokens
}

/// Reads the parameters of one operator, and keeps which they are.
private struct OperatorReader {
    let fields: Fields
    private(set) var known: [String] = []

    init(fields: Fields) { self.fields = fields }

    mutating func string(_ key: String) throws(APIError) -> String? {
        known.append(key)
        return try fields.string(key)
    }

    mutating func name(_ key: String) throws(APIError) -> String {
        guard let name = try string(key) else { throw .missingField(fields.name(key)) }
        return name
    }

    mutating func number(_ key: String, _ standard: Double) throws(APIError) -> Double {
        known.append(key)
        return try fields.number(key) ?? standard
    }

    mutating func number(_ key: String) throws(APIError) -> Double? {
        known.append(key)
        return try fields.number(key)
    }

    mutating func needed(_ key: String) throws(APIError) -> Double {
        guard let number = try number(key) else { throw .missingField(fields.name(key)) }
        return number
    }

    mutating func flag(_ key: String) throws(APIError) -> Bool {
        known.append(key)
        return try fields.bool(key) ?? false
    }

    mutating func word<Word: RawRepresentable & CaseIterable>(
        _ key: String,
        _ standard: Word
    ) throws(APIError) -> Word where Word.RawValue == String {
        known.append(key)
        return try fields.word(key, as: Word.self) ?? standard
    }

    mutating func needed<Word: RawRepresentable & CaseIterable>(
        _ key: String,
        as type: Word.Type
    ) throws(APIError) -> Word where Word.RawValue == String {
        known.append(key)
        guard let word = try fields.word(key, as: type) else { throw .missingField(fields.name(key)) }
        return word
    }
}

extension OperatorReader {
    mutating func action(_ family: Family) throws(APIError) -> Operator {
        switch family {
        case .read: return .read(try read())
        case .map: return .map(try mapping())
        case .mask: return .mask(where: try name("where"))
        case .select: return .select(share: try needed("share"), scope: try word("scope", Scope.batch))
        case .scan:
            let scan = (by: try needed("by", as: Scan.By.self), to: try needed("direction", as: Scan.Direction.self))
            return .scan(Scan(scan.by, scan.to, discount: try number("discount", 1)))
        case .diff: return .diff(try start())
        case .weights: return .weights(try weights())
        case .pool: return .pool(try pooled())
        case .contribution: return .contribution(try contribution())
        case .mix: return .mix(try terms())
        case .centre: return .centre(try centre())
        case .scale: return .scale(try scaling())
        case .tokens: return .tokens(try word("layout", TokenLayout.span), optional: try flag("optional"))
        }
    }

    private mutating func read() throws(APIError) -> Read {
        let source = try needed("of", as: Source.self)
        var read = Read(source, optional: try flag("optional"))
        if source == .rewards {
            known.append("scale")
            read.scale = try fields.word("scale", as: Scale.self)
        }
        if source == .dimension {
            known.append("index")
            guard let index = (fields["index"] ?? 0).integer, index >= 0 else {
                throw .wrongField(fields.name("index"), expected: "an integer, 0 or more")
            }
            read.index = index
        }
        return read
    }

    private mutating func mapping() throws(APIError) -> Mapping {
        switch try needed("by", as: MappingWord.self) {
        case .affine: .affine(try number("a", 1), plus: try number("b", 0))
        case .clip: .clip(from: try number("low"), to: try number("high"))
        case .exp: .exp
        case .log: .log(epsilon: try number("epsilon", 0))
        case .sigmoid: .sigmoid
        case .threshold: .threshold(try needed("at"))
        case .bestOf: .bestOf(try needed("k"))
        case .absolute: .absolute
        case .power: .power(try needed("exponent"))
        case .times: .times(try name("with"))
        case .least: .least(try name("with"))
        case .most: .most(try name("with"))
        }
    }

    private mutating func start() throws(APIError) -> Start {
        known.append("init")
        guard let value = fields["init"] else { throw .missingField(fields.name("init")) }
        if let number = value.double { return .constant(number) }
        switch value.string {
        case "before": return .before
        case "first": return .first
        default: throw .wrongField(fields.name("init"), expected: "before, first or a number")
        }
    }

    private mutating func weights() throws(APIError) -> Weights {
        let by = try needed("by", as: Weights.By.self)
        return Weights(
            by,
            temperature: try by == .softmin ? needed("temperature") : nil,
            scope: try word("scope", Scope.prompt),
            countsUp: try word("sum", SumWord.one) == .count
        )
    }

    private mutating func pooled() throws(APIError) -> Pooled {
        let by = try needed("by", as: Pooled.By.self)
        return Pooled(
            by,
            temperature: try by == .softmin ? needed("temperature") : nil,
            over: try word("over", Pooled.Over.rollout),
            empty: try number("empty"),
            optional: try flag("optional")
        )
    }

    private mutating func contribution() throws(APIError) -> Contribution {
        switch try word("to", ContributionWord.weighted) {
        case .weighted: .weighted(of: try string("of"))
        case .all: .all
        case .last: .last
        }
    }

    private mutating func terms() throws(APIError) -> [Term] {
        known.append("terms")
        guard let values = try fields.array("terms") else { throw .missingField(fields.name("terms")) }
        var terms: [Term] = []
        for (index, value) in values.prefix(Program.mostTerms + 1).enumerated() {
            let term = try Fields(value, at: "\(fields.name("terms"))[\(index)]")
            try term.refuseUnknown(except: ["of", "coefficient", "to", "optional"])
            guard let name = try term.string("of") else { throw .missingField(term.name("of")) }
            terms.append(
                Term(
                    name,
                    try term.number("coefficient") ?? 1,
                    to: try term.word("to", as: Term.Place.self) ?? .all,
                    optional: try term.bool("optional") ?? false
                )
            )
        }
        return terms
    }

    private mutating func centre() throws(APIError) -> Centre {
        let by = try needed("by", as: Centre.By.self)
        return Centre(
            by,
            share: try by == .tree ? number("share", 0.5) : nil,
            scope: try word("scope", Scope.prompt),
            singleton: try word("singleton", SingletonRule.raw),
            sample: try word("sample", Sample.all)
        )
    }

    private mutating func scaling() throws(APIError) -> Scaling {
        var scaling = Scaling(try needed("by", as: Scaling.By.self))
        scaling.scope = try word("scope", scaling.scope)
        scaling.epsilon = try number("epsilon", scaling.epsilon)
        scaling.spread = try word("spread", scaling.spread)
        scaling.inside = try number("epsilon_inside", scaling.inside)
        scaling.singleton = try word("singleton", scaling.singleton)
        scaling.least = try number("least", scaling.least)
        scaling.zeroSpread = try word("zero_spread", scaling.zeroSpread)
        scaling.sample = try word("sample", scaling.sample)
        return scaling
    }
}
