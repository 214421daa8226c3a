// Reads linchpin.json, what a folder says of itself.
import Checkpoints
import JSON
import Transformers

/// The fields of `linchpin.json`; its least form is `{"profile":"pure"}`. Unknown keys are refused by name.
struct ProfileOverride {
    let profile: String?
    private let fields: JSONObject

    private static let known = [
        "profile", "system", "marker", "template_separator", "separator", "reduction", "semantics", "scale",
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
        if let name = try Self.text("semantics", in: fields) {
            guard let semantics = Semantics(rawValue: name) else {
                throw ProfileError.badOverride(key: "semantics", expected: "correctness or value")
            }
            profile.semantics = semantics
        }
        if let name = try Self.text("scale", in: fields) {
            guard let scale = RewardScale(rawValue: name) else {
                throw ProfileError.badOverride(key: "scale", expected: "probability, margin or raw")
            }
            profile.scale = scale
        }
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
