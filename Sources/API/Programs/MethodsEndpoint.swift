// GET /v1/methods: every method by name.
import Crediting
import JSON
import Scoring
import Serving

extension Service {
    /// The same bytes in every Linchpin of this version.
    func methods(_ call: Call) async throws -> Response {
        var writer = JSONWriter()
        writer.openObject()
        writer.member("object", "list")
        writer.key("data")
        writer.openArray()
        for method in Method.all { try writer.method(method) }
        writer.closeArray()
        writer.closeObject()
        return .json(writer.bytes)
    }
}

extension Needs {
    /// Fields that a server makes of a rollout's text where it has these models, in the order of the program.
    fileprivate var computed: [(field: String, models: [ModelRole])] {
        let fields = required + optional
        let made = fields.compactMap { field in Source(rawValue: field).map { (field, $0.models) } }
            .filter { !$0.1.isEmpty }
        // Where a language model reads the text, tokens and their places are its own.
        let hasTokens = made.contains { $0.1.contains(.policy) } && fields.contains("token_spans")
        return made + (hasTokens ? [("token_spans", [.policy])] : [])
    }
}

extension JSONWriter {
    fileprivate mutating func method(_ method: Method) throws(CreditError) {
        let program = try method.program()
        let needs = Needs(of: program)
        openObject()
        member("id", method.name)
        member("object", "method")
        member("aliases", method.aliases)
        member("formula", method.formula)
        key("inputs")
        openObject()
        member("required", needs.required)
        member("optional", needs.optional)
        key("computed")
        openObject()
        for (field, models) in needs.computed { member(field, models.map(\.rawValue)) }
        closeObject()
        closeObject()
        key("options")
        openArray()
        for option in method.options { self.option(option) }
        closeArray()
        member("source", method.source)
        member("mark", method.mark.rawValue)
        member("note", method.note)
        key("program")
        value(program.json)
        closeObject()
    }

    private mutating func option(_ option: MethodOption) {
        openObject()
        member("name", option.name)
        member("meaning", option.meaning)
        key("default")
        switch option.standard {
        case .number(let number): real(number)
        case .word(let word): string(word)
        case .numbers(let numbers): list(numbers)
        }
        switch option.kind {
        case .word(let words): member("values", words)
        case .number(let range):
            member("least", range.lowerBound)
            member("most", range.upperBound)
        case .numbers(let most): member("most_numbers", most)
        }
        closeObject()
    }

    fileprivate mutating func member(_ key: String, _ words: [String]) {
        self.key(key)
        openArray()
        for word in words { string(word) }
        closeArray()
    }
}
