// Reads linchpin.json, what a folder says of itself.
import Checkpoints
import Crediting
import JSON
import Transformers

/// The fields of `linchpin.json`; its least form is `{"profile":"pure"}`. Unknown keys are refused by name.
struct ProfileOverride {
    let profile: String?
    private let fields: JSONObject

    private static let known = [
        "profile", "system", "marker", "template_separator", "separator", "reduction", "semantics", "scale",
        "pooling", "temperature", "credit_scale",
    ]

    /// Nil where the folder has no `linchpin.json`.
    init?(checkpoint: Checkpoint) throws {
        guard let bytes = try checkpoint.file("linchpin.json", limit: 1 << 20) else { return nil }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw ProfileError.notJSON(file: "linchpin.json", offset: error.offset)
        }
        guard let fields = value.object else { throw ProfileError.badOverride(key: "", expected: "an object") }
        for key in fields.keys where !Self.known.contains(key) {
            throw ProfileError.unknownOverride(key: key, known: Self.known)
        }
        self.fields = fields
        profile = try Self.text("profile", in: fields)
    }

    private static func text(_ key: String, in fields: JSONObject) throws -> String? {
        guard let value = fields[key] else { return nil }
        guard let text = value.string else { throw ProfileError.badOverride(key: key, expected: "a string") }
        return text
    }

    /// Lays each given field over the profile.
    func apply(to profile: inout Profile) throws {
        for key in fields.keys { profile.evidence.append("linchpin.json: \(key)") }
        try applyTemplate(to: &profile)
        if let separator = try Self.text("separator", in: fields) {
            guard !separator.isEmpty else { throw ProfileError.badOverride(key: "separator", expected: "some text") }
            profile.separator = separator
        }
        if let name = try Self.text("reduction", in: fields) {
            profile.reduction = try Self.reduction(name)
        }
        if let semantics = try Self.word("semantics", in: fields, as: Semantics.self) { profile.semantics = semantics }
        if let scale = try Self.word("scale", in: fields, as: RewardScale.self) { profile.scale = scale }
        try applyCredit(to: &profile)
    }

    /// Over the credit that the profile has with the fields above.
    private func applyCredit(to profile: inout Profile) throws {
        let standard = profile.defaultCredit
        let pooling = try Self.word("pooling", in: fields, as: Pooling.self)
        let scale = try Self.word("credit_scale", in: fields, as: Scale.self)
        let temperature = try fields["temperature"].map { value in
            guard let number = value.double, number > 0 else {
                throw ProfileError.badOverride(key: "temperature", expected: "a number greater than 0")
            }
            return number
        }
        guard pooling != nil || scale != nil || temperature != nil else { return }
        do {
            profile.ownCredit = try CreditSettings(
                pooling: pooling ?? standard.pooling,
                temperature: temperature ?? standard.temperature,
                scale: scale ?? standard.scale
            )
        } catch {
            throw ProfileError.badOverride(key: "pooling", expected: "one that the scale of credit has")
        }
    }

    private static func word<Word: RawRepresentable & CaseIterable>(
        _ key: String,
        in fields: JSONObject,
        as type: Word.Type
    ) throws -> Word? where Word.RawValue == String {
        guard let name = try text(key, in: fields) else { return nil }
        guard let word = Word(rawValue: name) else {
            let known = Word.allCases.map(\.rawValue)
            throw ProfileError.badOverride(key: key, expected: "one of " + known.joined(separator: ", "))
        }
        return word
    }

    private func applyTemplate(to profile: inout Profile) throws {
        // null asks for no system turn at all.
        let saysSystem = fields["system"] != nil
        let system = fields["system"] == .null ? nil : try Self.text("system", in: fields)
        let marker = try Self.text("marker", in: fields)
        let separator = try Self.text("template_separator", in: fields)
        switch profile.template {
        case .chatMarker(let oldSystem, let oldMarker):
            try Self.refuse("template_separator", if: separator != nil, expected: "no such part in this template")
            profile.template = .chatMarker(system: saysSystem ? system : oldSystem, marker: marker ?? oldMarker)
        case .chatLast(let oldSystem, let joiner):
            try Self.refuse("marker", if: marker != nil, expected: "no such part in this template")
            profile.template = .chatLast(system: saysSystem ? system : oldSystem, joiner: separator ?? joiner)
        case .pieces(let old):
            try Self.refuse("system", if: saysSystem, expected: "no such part in this template")
            try Self.refuse("marker", if: marker != nil, expected: "no such part in this template")
            try Self.refuse("template_separator", if: separator == "", expected: "some text")
            profile.template = .pieces(separator: separator ?? old)
        case .lines:
            try Self.refuse("system", if: saysSystem, expected: "no such part in this template")
            try Self.refuse("marker", if: marker != nil, expected: "no such part in this template")
            try Self.refuse("template_separator", if: separator != nil, expected: "no such part in this template")
        }
    }

    private static func refuse(_ key: String, if condition: Bool, expected: String) throws {
        if condition { throw ProfileError.badOverride(key: key, expected: expected) }
    }

    private static func reduction(_ name: String) throws -> Reduction {
        switch name {
        case "softmax[0]": .softmax(0)
        case "softmax[1]": .softmax(1)
        case "margin": .margin
        case "sigmoid": .sigmoid
        case "identity": .identity
        default:
            throw ProfileError.badOverride(
                key: "reduction",
                expected: "softmax[0], softmax[1], margin, sigmoid or identity"
            )
        }
    }
}
