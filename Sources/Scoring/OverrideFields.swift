// The keys of linchpin.json, each read as what it must be.
import JSON
import Transformers

/// The members of the file; a key of the wrong kind is refused by its name.
struct OverrideFields {
    private let members: JSONObject

    init(_ members: JSONObject) { self.members = members }

    var keys: [String] { Array(members.keys) }

    func has(_ key: String) -> Bool { members[key] != nil }

    func text(_ key: String) throws -> String? {
        guard let value = members[key] else { return nil }
        guard let text = value.string else { throw ProfileError.badOverride(key: key, expected: "a string") }
        return text
    }

    func positive(_ key: String) throws -> Double? {
        guard let value = members[key] else { return nil }
        guard let number = value.double, number > 0 else {
            throw ProfileError.badOverride(key: key, expected: "a number greater than 0")
        }
        return number
    }

    func word<Word: RawRepresentable & CaseIterable>(
        _ key: String,
        as type: Word.Type
    ) throws -> Word? where Word.RawValue == String {
        guard let name = try text(key) else { return nil }
        guard let word = Word(rawValue: name) else {
            let known = Word.allCases.map(\.rawValue)
            throw ProfileError.badOverride(key: key, expected: "one of " + known.joined(separator: ", "))
        }
        return word
    }

    private func texts(_ key: String) throws -> [String]? {
        guard let value = members[key] else { return nil }
        let texts = value.array?.compactMap(\.string) ?? []
        guard !texts.isEmpty, texts.count == value.array?.count else {
            throw ProfileError.badOverride(key: key, expected: "a list of strings")
        }
        return texts
    }
}

// MARK: - Template

extension OverrideFields {
    /// A `template` of another kind starts from nothing; the other keys must be ones that the kind reads.
    func apply(to recipe: inout TemplateRecipe) throws {
        if let kind = try word("template", as: TemplateRecipe.Kind.self), kind != recipe.kind {
            recipe = TemplateRecipe(kind)
        }
        if let flag = members["user_turn"] {
            guard let flag = flag.bool else {
                throw ProfileError.badOverride(key: "user_turn", expected: "true or false")
            }
            recipe.isUserTurn = flag
        }
        try refuseUnread(by: recipe)
        if let dialect = try word("chat", as: ChatDialect.self) { recipe.chat = dialect }
        // null asks for no system turn at all.
        if let system = members["system"] { recipe.system = system == .null ? .none : .text(try text("system") ?? "") }
        if let text = try text("prompt_prefix") { recipe.promptPrefix = text }
        if let text = try text("prompt_suffix") { recipe.promptSuffix = text }
        if let text = try text("step_prefix") { recipe.stepPrefix = text }
        if let text = try text("marker") { recipe.marker = text }
        if let text = try text("template_separator") { recipe.joiner = text }
        if let text = try text("verdict") { recipe.verdict = text }
        if let value = members["beginnings"] {
            guard let count = value.integer, (0...4).contains(count) else {
                throw ProfileError.badOverride(key: "beginnings", expected: "a number from 0 to 4")
            }
            recipe.beginnings = count
        }
        for (key, text) in [("marker", recipe.marker), ("verdict", recipe.verdict)] where text.isEmpty {
            if recipe.keys.contains(key) { throw ProfileError.badOverride(key: key, expected: "some text") }
        }
    }

    private func refuseUnread(by recipe: TemplateRecipe) throws {
        for key in TemplateRecipe.allKeys where has(key) && !recipe.keys.contains(key) {
            throw ProfileError.badOverride(
                key: key,
                expected: "left out: the template \(recipe.kind.rawValue) has no such part"
            )
        }
    }
}

extension TemplateRecipe {
    /// The keys of `linchpin.json` that any kind reads.
    fileprivate static let allKeys = [
        "chat", "system", "prompt_prefix", "prompt_suffix", "step_prefix", "marker", "template_separator", "verdict",
        "beginnings", "user_turn",
    ]

    /// Those that this one reads.
    fileprivate var keys: [String] {
        let chat = isChat ? ["chat", "system"] : []
        switch kind {
        case .chatMarker: return chat + ["marker"]
        case .chatLast: return chat + ["template_separator"]
        case .chatTurns: return chat + ["prompt_prefix", "prompt_suffix", "verdict"]
        case .pieces: return ["prompt_prefix", "prompt_suffix", "template_separator"]
        case .textMarker:
            return chat + [
                "prompt_prefix", "prompt_suffix", "step_prefix", "marker", "template_separator", "beginnings",
                "user_turn",
            ]
        case .lines, .raw: return []
        }
    }
}

// MARK: - Head and reduction

extension OverrideFields {
    /// `{"weight":"v_head.weight","bias":"v_head.bias"}`, one linear layer; or the texts of candidate tokens.
    func head() throws -> HeadRecipe? {
        let texts = try texts("candidate_tokens")
        guard let value = members["head"] else { return texts.map(HeadRecipe.candidateTokens) }
        guard texts == nil else {
            throw ProfileError.badOverride(key: "head", expected: "left out where there are candidate_tokens")
        }
        let names = value.object.map { object in object.keys.filter { $0 != "weight" && $0 != "bias" } } ?? [""]
        guard names.isEmpty, let weight = value["weight"]?.string else {
            throw ProfileError.badOverride(key: "head", expected: #"an object {"weight":"...","bias":"..."}"#)
        }
        return .tensors(.linear(weight: weight, bias: value["bias"]?.string))
    }

    func reduction() throws -> Reduction? {
        guard let name = try text("reduction") else { return nil }
        switch name {
        case "margin": return .margin
        case "sigmoid": return .sigmoid
        case "identity": return .identity
        default:
            if let classes = Self.classes(name, of: "softmax"), classes.count == 1 { return .softmax(classes[0]) }
            if let classes = Self.classes(name, of: "sum"), !classes.isEmpty { return .sum(classes) }
            throw ProfileError.badOverride(
                key: "reduction",
                expected: "softmax[k], sum[k,l], margin, sigmoid or identity"
            )
        }
    }

    /// The classes of `softmax[1]` or `sum[1,2]`: single digits, none twice.
    private static func classes(_ name: String, of kind: String) -> [Int]? {
        let bytes = Array(name.utf8)
        guard bytes.starts(with: (kind + "[").utf8), bytes.last == UInt8(ascii: "]") else { return nil }
        let digits = bytes.dropFirst(kind.utf8.count + 1).dropLast().split(
            separator: UInt8(ascii: ","),
            omittingEmptySubsequences: false
        )
        let classes = digits.compactMap { digit -> Int? in
            guard digit.count == 1, let byte = digit.first, (0x30...0x39).contains(byte) else { return nil }
            return Int(byte - 0x30)
        }
        return classes.count == digits.count && Set(classes).count == classes.count ? classes : nil
    }
}
