// Reads linchpin.json, what a folder says of itself.
import Checkpoints
import Crediting
import JSON
import Transformers

/// The fields of `linchpin.json`; its least form is `{"profile":"pure"}`. Unknown keys are refused by name.
struct ProfileOverride {
    /// The file, for errors and evidence.
    let name: String
    let profile: String?
    private let fields: OverrideFields

    private static let known = [
        "profile", "template", "chat", "system", "prompt_prefix", "prompt_suffix", "step_prefix", "marker",
        "template_separator", "verdict", "beginnings", "user_turn", "head", "candidate_tokens", "reduction",
        "separator",
        "semantics", "scale", "pooling", "temperature", "credit_scale",
    ]

    /// Nil where the folder has no `linchpin.json` and nobody else says anything.
    init?(checkpoint: Checkpoint, source: ProfileSource?) throws {
        let bytes: [UInt8]
        switch source {
        case .name(let profile):
            (name, self.profile, fields) = ("--profile", profile, OverrideFields([:]))
            return
        case .file(let contents, let file): (bytes, name) = (contents, file)
        case nil:
            guard let contents = try checkpoint.file("linchpin.json", limit: 1 << 20) else { return nil }
            (bytes, name) = (contents, "linchpin.json")
        }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw ProfileError.notJSON(file: name, offset: error.offset)
        }
        guard let members = value.object else { throw ProfileError.badOverride(key: "", expected: "an object") }
        for key in members.keys where !Self.known.contains(key) {
            throw ProfileError.unknownOverride(key: key, known: Self.known)
        }
        fields = OverrideFields(members)
        profile = try fields.text("profile")
    }

    /// Whether the head's number of classes is no longer that of the family.
    var changesHead: Bool { fields.has("head") || fields.has("reduction") || fields.has("candidate_tokens") }

    /// Lays each given field over the profile.
    func apply(to profile: inout Profile) throws {
        for key in fields.keys where key != "profile" { profile.evidence.append("\(name): \(key)") }
        try fields.apply(to: &profile.template)
        if let head = try fields.head() { profile.head = head }
        if let separator = try fields.text("separator") {
            guard !separator.isEmpty else { throw ProfileError.badOverride(key: "separator", expected: "some text") }
            profile.separator = separator
        }
        if let reduction = try fields.reduction() { profile.reduction = reduction }
        if let semantics = try fields.word("semantics", as: Semantics.self) { profile.semantics = semantics }
        if let scale = try fields.word("scale", as: RewardScale.self) { profile.scale = scale }
        try applyCredit(to: &profile)
    }

    /// Over the credit that the profile has with the fields above.
    private func applyCredit(to profile: inout Profile) throws {
        let standard = profile.defaultCredit
        let pooling = try fields.word("pooling", as: Pooling.self)
        let scale = try fields.word("credit_scale", as: Scale.self)
        let temperature = try fields.positive("temperature")
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
}
