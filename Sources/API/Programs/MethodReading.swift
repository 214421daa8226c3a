// Reads by which method or program credit is asked for.
import Crediting
import JSON
import Scoring

/// What stands in a body in the place of `credit`.
struct ProgramRequest: Sendable {
    /// Where it stands.
    static let bodyKeys = ["method", "program"] + ownKeys
    /// What says something of neither alone.
    private static let ownKeys = ["trace", "answer_format", "return_signals"]
    /// The URL's words that it stands in the place of.
    static let excludedWords = ["pooling", "temperature", "scale", "reward", "normalize", "spread"]

    let program: Program
    /// Nil where the caller wrote the program.
    let method: Method?
    /// Whether the answer has the result of every operator.
    let traces: Bool
    /// How right answers are asked for, where their likelihood is computed.
    let answerFormat: AnswerFormat
    /// Whether the answer has every number that language models computed.
    let returnsSignals: Bool

    /// Nil where the body has neither; `credit` and what belongs to it may then not be there.
    init?(_ body: Fields, _ words: URLWords) throws(APIError) {
        let (method, program) = (body["method"], body["program"])
        guard method != nil || program != nil else {
            if Self.ownKeys.contains(where: { body[$0] != nil }) { throw .missingField("program") }
            return nil
        }
        let own = method == nil ? "program" : "method"
        if method != nil, program != nil { throw .conflictingFields("method", "program") }
        for key in CreditRequest.bodyKeys where body[key] != nil { throw .conflictingFields(own, key) }
        for key in Self.excludedWords where words.says(key) {
            throw .conflictingFields(own, "?\(key)")
        }
        traces = try body.bool("trace") ?? false
        returnsSignals = try body.bool("return_signals") ?? false
        let format = try body["answer_format"].map { value throws(APIError) in try Fields(value, at: "answer_format") }
        answerFormat = try format.map { fields throws(APIError) in try AnswerFormat(fields) } ?? AnswerFormat()
        if let program {
            self.method = nil
            self.program = try Program(program, at: "program")
        } else {
            let named = try Self.method(method ?? .null)
            self.method = named.method
            self.program = named.program
        }
    }

    /// A method with all its options unsaid.
    init(_ name: String, at path: String) throws(APIError) {
        let method = try Self.known(name, at: path)
        self.method = method
        program = try Self.program(method, [:], at: path)
        traces = false
        answerFormat = AnswerFormat()
        returnsSignals = false
    }

    var needsRewardsAlone: Bool { Needs(of: program).required == [Source.rewards.rawValue] }

    /// On which scale it takes step rewards; nil: on that on which they are given.
    var rewardScale: Scale? {
        program.instructions.lazy.compactMap { instruction in
            if case .read(let read) = instruction.action, read.source == .rewards { read.scale } else { nil }
        }.first
    }

    var hasReward: Bool { program.instructions.contains { $0.name == Output.reward.rawValue } }

    /// A name, or an object of a name and options.
    private static func method(_ value: JSONValue) throws(APIError) -> (method: Method, program: Program) {
        if let name = value.string {
            let method = try known(name, at: "method")
            return (method, try program(method, [:], at: "method"))
        }
        guard value.object != nil else { throw .wrongField("method", expected: "a name, or an object with a name") }
        let fields = try Fields(value, at: "method")
        guard let name = try fields.string("name") else { throw .missingField("method.name") }
        let method = try known(name, at: "method.name")
        try fields.refuseUnknown(except: ["name"] + method.options.map(\.name))
        var options: [String: OptionValue] = [:]
        for option in method.options {
            guard let value = fields[option.name] else { continue }
            options[option.name] = try self.option(value, at: fields.name(option.name))
        }
        return (method, try program(method, options, at: "method"))
    }

    private static func known(_ name: String, at path: String) throws(APIError) -> Method {
        guard let method = Method.named(name) else {
            throw .wrongField(path, expected: "one of " + Method.all.map(\.name).joined(separator: ", "))
        }
        return method
    }

    private static func option(_ value: JSONValue, at path: String) throws(APIError) -> OptionValue {
        if let number = value.double { return .number(number) }
        if let word = value.string { return .word(word) }
        let numbers = value.array?.map(\.double) ?? []
        guard !numbers.isEmpty, !numbers.contains(nil) else {
            throw .wrongField(path, expected: "a number, a word or numbers")
        }
        return .numbers(numbers.compactMap(\.self))
    }

    private static func program(
        _ method: Method,
        _ options: [String: OptionValue],
        at path: String
    ) throws(APIError) -> Program {
        do throws(CreditError) {
            return try method.program(options)
        } catch {
            guard case .option(let name, let wanted?) = error else { throw .scoring(.credit(error), param: path) }
            throw .wrongField("\(path).\(name)", expected: wanted)
        }
    }
}
