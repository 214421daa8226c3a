// What a rollout says besides its text, for programs to read.
import Crediting
import JSON

/// Gives equal values of JSON equal numbers, from 0 on.
struct KeyTable {
    private var texts: [[UInt8]: Int] = [:]
    private var integers: [Int: Int] = [:]

    /// By its bytes: to `String`, composed and decomposed accents are equal. Nil for what is no string and no integer.
    mutating func number(of value: JSONValue) -> Int? {
        let next = texts.count + integers.count
        if let text = value.string {
            let bytes = Array(text.utf8)
            if let known = texts[bytes] { return known }
            texts[bytes] = next
            return next
        }
        guard let integer = value.integer else { return nil }
        if let known = integers[integer] { return known }
        integers[integer] = next
        return next
    }
}

/// The facts of all rollouts of a request, in their order.
struct FactsReader {
    /// Values that stand beside a rollout's own, in `signals`.
    static let signals = [
        "answer_logprob", "value", "token_logprob", "token_entropy", "logratio", "teacher_logprob", "external",
        "dimensions", "pivot",
    ]

    /// Tokens of which nothing is said but how many they are: a few bytes ask for so many numbers.
    private static let mostLoneTokens = 1 << 20
    /// Those of one rollout: past what any model reads.
    private static let mostLoneTokensOfOne = 1 << 17

    private var groups = KeyTable()
    private var states = KeyTable()
    private var answers = KeyTable()
    private var room = RolloutNotes.mostTokens
    private var loneRoom = Self.mostLoneTokens
    /// Whether `answers` may be the right ones, whose likelihood is to be told, in the place of the rollout's own.
    private let readsLikelihood: Bool

    private init(_ program: Program) { readsLikelihood = program.reads(.answerLogprob) }

    static func read(_ rollouts: [JSONValue], for program: Program) throws(APIError) -> [RolloutFacts] {
        var reader = FactsReader(program)
        var facts: [RolloutFacts] = []
        for (index, rollout) in rollouts.enumerated() {
            facts.append(try reader.facts(of: Fields(rollout, at: "rollouts[\(index)]")))
        }
        try resolve(parents: rollouts, into: &facts)
        return facts
    }

    private mutating func facts(of fields: Fields) throws(APIError) -> RolloutFacts {
        var facts = RolloutFacts()
        facts.rewards = try fields.numbers("rewards")
        facts.scale = try fields.word("scale", as: Scale.self) ?? .probability
        facts.outcome = try Self.outcome(fields)
        facts.group = try fields.identifier("group").flatMap { groups.number(of: $0) }
        facts.turns = try fields.integers("turns")
        facts.states = try states(fields)
        facts.mask = try fields.flags("mask")
        facts.tokenMask = try fields.flags("token_mask")
        try readTokens(fields, into: &facts)
        if let signals = fields["signals"] {
            try Self.read(Fields(signals, at: fields.name("signals")), into: &facts)
        }
        facts.answer = try answer(fields, isAlone: readsLikelihood && facts.answerLogprob == nil)
        return facts
    }

    /// A number, or whether it is right: true is 1.
    private static func outcome(_ fields: Fields) throws(APIError) -> Double? {
        if let isRight = fields["outcome"]?.bool { return isRight ? 1 : 0 }
        return try fields.number("outcome")
    }

    private static func read(_ fields: Fields, into facts: inout RolloutFacts) throws(APIError) {
        try fields.refuseUnknown(except: signals)
        facts.answerLogprob = try fields.numbers("answer_logprob")
        facts.value = try fields.numbers("value")
        facts.tokenLogprob = try fields.numbers("token_logprob")
        facts.tokenEntropy = try fields.numbers("token_entropy")
        facts.logratio = try fields.numbers("logratio")
        facts.teacherLogprob = try fields.numbers("teacher_logprob")
        facts.external = try fields.numbers("external")
        facts.dimensions = try fields.numbers("dimensions")
        if let pivot = fields["pivot"] {
            guard let index = pivot.integer else { throw .wrongField(fields.name("pivot"), expected: "an integer") }
            facts.pivot = index
        }
    }

    private mutating func states(_ fields: Fields) throws(APIError) -> [Int]? {
        guard let values = try fields.array("states") else { return nil }
        var numbers: [Int] = []
        for (index, value) in values.enumerated() {
            guard let number = states.number(of: value) else {
                throw .wrongField("\(fields.name("states"))[\(index)]", expected: "a string or an integer")
            }
            numbers.append(number)
        }
        return numbers
    }

    /// The rollout's own final answer: `answer`, or the one of `answers` unless those are the right ones.
    private mutating func answer(_ fields: Fields, isAlone: Bool) throws(APIError) -> Int? {
        if let answer = try fields.string("answer") { return answers.number(of: .string(answer)) }
        guard let all = try fields.strings("answers"), all.count == 1, !isAlone else { return nil }
        return answers.number(of: .string(all[0]))
    }

    private mutating func readTokens(_ fields: Fields, into facts: inout RolloutFacts) throws(APIError) {
        guard let places = try TokenPlaces(fields) else {
            guard let count = fields["token_count"] else { return }
            let isLone = facts.tokenMask == nil && !Self.hasTokenSignals(fields)
            let most = isLone ? min(loneRoom, Self.mostLoneTokensOfOne) : room
            guard let count = count.integer, (0...most).contains(count) else {
                throw .wrongField(fields.name("token_count"), expected: "an integer, 0 or more and at most \(most)")
            }
            facts.tokenCount = count
            if isLone { loneRoom -= count } else { room -= count }
            return
        }
        guard case .spans(let spans, let count) = places else { return }
        guard places.claimed <= room else {
            throw .wrongField(
                fields.name(count == nil ? "token_spans" : "token_count"),
                expected: "such that all rollouts of a request have at most \(RolloutNotes.mostTokens) tokens"
            )
        }
        room -= places.claimed
        facts.spans = spans
        facts.tokenCount = count
    }

    /// There are then as many in the body.
    private static func hasTokenSignals(_ fields: Fields) -> Bool {
        ["token_logprob", "token_entropy", "logratio", "teacher_logprob"].contains { key in
            fields["signals"]?[key].map { $0 != .null } ?? false
        }
    }

    /// A parent is named by its id, which one rollout of the request must have, and no two.
    private static func resolve(parents rollouts: [JSONValue], into facts: inout [RolloutFacts]) throws(APIError) {
        var table = KeyTable()
        var places: [Int: [Int]] = [:]
        for (index, rollout) in rollouts.enumerated() {
            guard let id = rollout["id"], let number = table.number(of: id) else { continue }
            places[number, default: []].append(index)
        }
        for (index, rollout) in rollouts.enumerated() {
            let fields = try Fields(rollout, at: "rollouts[\(index)]")
            guard let parent = try fields.identifier("parent") else { continue }
            let named = table.number(of: parent).flatMap { places[$0] } ?? []
            guard named.count == 1 else {
                throw .wrongField(fields.name("parent"), expected: "the id of one rollout of this request")
            }
            facts[index].parent = named[0]
        }
    }
}

extension Fields {
    /// Numbers, null where there is none.
    func numbers(_ key: String) throws(APIError) -> [Double?]? {
        guard let values = try array(key) else { return nil }
        var numbers: [Double?] = []
        numbers.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            guard value == .null || value.double != nil else {
                throw .wrongField("\(name(key))[\(index)]", expected: "a number or null")
            }
            numbers.append(value.double)
        }
        return numbers
    }

    func integers(_ key: String) throws(APIError) -> [Int]? {
        guard let values = try array(key) else { return nil }
        var integers: [Int] = []
        for (index, value) in values.enumerated() {
            guard let integer = value.integer else {
                throw .wrongField("\(name(key))[\(index)]", expected: "an integer")
            }
            integers.append(integer)
        }
        return integers
    }

    func flags(_ key: String) throws(APIError) -> [Bool]? {
        guard let values = try array(key) else { return nil }
        var flags: [Bool] = []
        for (index, value) in values.enumerated() {
            guard let flag = value.bool else { throw .wrongField("\(name(key))[\(index)]", expected: "true or false") }
            flags.append(flag)
        }
        return flags
    }
}
