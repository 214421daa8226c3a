// Reads how credit is asked for.
import Crediting
import JSON

/// Which number of a step is laid on its tokens; the raw value is the spelling on the wire.
enum TokenValue: String, Sendable, CaseIterable {
    case credit
    case `return`
    /// The model's own number.
    case reward
    /// Against the group; only where credit is normalised.
    case advantage
}

/// Everything that a request may say about credit, as one value.
struct CreditRequest: Sendable, Equatable {
    /// Where it stands in a body: `normalize` and `spread` beside `credit` or within it.
    static let bodyKeys = ["credit", "normalize", "spread"]
    private static let keys = [
        "pooling", "temperature", "scale", "normalize", "spread", "token_layout", "token_value",
    ]

    let settings: CreditSettings
    /// Which value of the trajectory is a rollout's `reward`.
    let reward: Pooling
    let normalization: Normalization
    let spread: Spread
    /// Nil where the caller leaves it to us.
    let tokenLayout: TokenLayout?
    let tokenValue: TokenValue?

    /// - Parameter words: the URL's, which hold where the body says nothing; the same word may not be said twice.
    init(_ body: Fields, _ words: URLWords) throws {
        let fields = try Fields(body["credit"] ?? [:], at: body.name("credit"))
        try fields.refuseUnknown(except: Self.keys)
        for key in Self.keys where words.says(key) {
            if fields[key] != nil { throw APIError.conflictingFields("?\(key)", fields.name(key)) }
            if Self.bodyKeys.contains(key), body[key] != nil { throw APIError.conflictingFields("?\(key)", key) }
        }
        settings = try Self.settings(fields, default: words.credit)
        reward = words.says("reward") ? words.reward : settings.pooling
        guard reward.exists(on: settings.scale) else {
            throw APIError.wrongField("?reward", expected: "one that exists on the scale \(settings.scale.rawValue)")
        }
        normalization = try Self.word("normalize", body, fields) ?? words.normalization
        spread = try Self.word("spread", body, fields) ?? words.spread
        tokenLayout = try fields.word("token_layout", as: TokenLayout.self)
        tokenValue = try fields.word("token_value", as: TokenValue.self)
        if tokenValue == .advantage, normalization == .none {
            throw APIError.wrongField(
                fields.name("token_value"),
                expected: "one of credit, return, reward where normalize is none"
            )
        }
    }

    private static func settings(_ fields: Fields, default standard: CreditSettings) throws -> CreditSettings {
        let temperature = try fields.number("temperature")
        if let temperature, !(temperature > 0) {
            throw APIError.wrongField(fields.name("temperature"), expected: "a number greater than 0")
        }
        let pooling = try fields.word("pooling", as: Pooling.self) ?? standard.pooling
        let scale = try fields.word("scale", as: Scale.self) ?? standard.scale
        guard pooling.exists(on: scale) else {
            throw APIError.wrongField(
                fields.name("pooling"),
                expected: "one that exists on the scale \(scale.rawValue)"
            )
        }
        return try CreditSettings(pooling: pooling, temperature: temperature ?? standard.temperature, scale: scale)
    }

    /// A word at the top of the body or within `credit`, not both.
    private static func word<Word: RawRepresentable & CaseIterable>(
        _ key: String,
        _ body: Fields,
        _ credit: Fields
    ) throws(APIError) -> Word? where Word.RawValue == String {
        let (top, inner) = (try body.word(key, as: Word.self), try credit.word(key, as: Word.self))
        if top != nil, inner != nil { throw .conflictingFields(body.name(key), credit.name(key)) }
        return top ?? inner
    }
}

extension CreditRequest {
    /// Whether the caller wants token credit of every rollout, not only of those with spans.
    var asksForTokens: Bool { tokenLayout != nil || tokenValue != nil }

    var effectiveLayout: TokenLayout { tokenLayout ?? .stepEnd }

    /// A rollout's one number.
    func reward(of credit: Credit) -> Double { credit.value(of: reward) ?? credit.pooled }

    /// What is normalised is wanted normalised.
    var effectiveValue: TokenValue { tokenValue ?? (normalization == .none ? .credit : .advantage) }
}
