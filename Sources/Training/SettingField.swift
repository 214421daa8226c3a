// The settings by name: how each is read, written and refused.
import Crediting
import JSON
import Transformers

/// One setting as `run.json` and the command line know it.
struct SettingField: Sendable {
    let name: String
    let expected: String
    let get: @Sendable (TrainingSettings) -> JSONValue
    /// False where the value is of another kind, or out of range.
    let set: @Sendable (inout TrainingSettings, JSONValue) -> Bool

    var refusal: TrainingError { .setting(name, expected: expected) }

    func text(_ settings: TrainingSettings) -> String {
        let value = get(settings)
        return value.string ?? String(decoding: value.serialized(), as: UTF8.self)
    }

    static let tune = SettingField(
        name: "tune",
        expected: "head, last:N or all",
        get: { .string($0.tuning.word) },
        set: { settings, value in
            guard let tuning = value.string.flatMap(Tuning.init(word:)) else { return false }
            settings.tuning = tuning
            return true
        }
    )

    static let all: [SettingField] = [
        tune,
        word("pooling", \.pooling),
        word("scale", \.scale),
        number("temperature", \.temperature, 1e-6...1e6),
        number("temperature_from", \.temperatureFrom, 0...1e6),
        flag("learn_temperature", \.learnsTemperature),
        number("language_weight", \.languageWeight, 0...1e3),
        number("language_weight_end", \.languageWeightEnd, -1...1e3),
        count("updates", \.updates, 1...1_000_000_000),
        count("batch", \.batch, 1...65_536),
        number("rate", \.rate, 0...1e3),
        number("final_rate_share", \.finalRateShare, 0...1),
        count("warm_up", \.warmUp, 0...1_000_000_000),
        number("decay", \.decay, 0...1e3),
        number("beta1", \.beta1, 0...0.9999999),
        number("beta2", \.beta2, 0...0.9999999),
        number("clip", \.clip, 1e-9...1e9),
        number("curriculum", \.curriculum, 0...1),
        number("curriculum_from", \.curriculumFrom, 0...1),
        count("position_gap", \.positionGap, 0...1 << 20),
        count("seed", \.seed, 0...Int.max),
        count("lanes", \.lanes, 1...64),
        count("tokens_at_once", \.tokensAtOnce, 1...1 << 24),
        number("held_out", \.heldOut, 0...0.9),
        count("held_out_most", \.heldOutMost, 1...1_000_000_000),
        count("evaluate_every", \.evaluateEvery, 1...1_000_000_000),
        count("patience", \.patience, 0...1_000_000_000),
        word("keep", \.keep),
        number("bad_lines", \.badLines, 0...1),
        word("semantics", \.semantics),
        count("layers", \.layers, 1...1024),
        count("hidden", \.hidden, 2...1 << 20),
        count("heads", \.heads, 1...4096),
        count("kv_heads", \.keyValueHeads, 1...4096),
        count("intermediate", \.intermediate, 1...1 << 20),
        count("vocabulary", \.vocabulary, 256...1 << 20),
        count("max_positions", \.maximumPositions, 1...1 << 30),
    ]

    private static func count(
        _ name: String,
        _ path: any WritableKeyPath<TrainingSettings, Int> & Sendable,
        _ range: ClosedRange<Int>
    ) -> SettingField {
        SettingField(
            name: name,
            expected: "a whole number from \(range.lowerBound) to \(range.upperBound)",
            get: { JSONValue($0[keyPath: path]) },
            set: { settings, value in
                guard let count = value.integer, range.contains(count) else { return false }
                settings[keyPath: path] = count
                return true
            }
        )
    }

    private static func number(
        _ name: String,
        _ path: any WritableKeyPath<TrainingSettings, Double> & Sendable,
        _ range: ClosedRange<Double>
    ) -> SettingField {
        SettingField(
            name: name,
            expected: "a number from \(range.lowerBound) to \(range.upperBound)",
            get: { JSONValue($0[keyPath: path]) ?? .null },
            set: { settings, value in
                guard let number = value.double, range.contains(number) else { return false }
                settings[keyPath: path] = number
                return true
            }
        )
    }

    private static func flag(
        _ name: String,
        _ path: any WritableKeyPath<TrainingSettings, Bool> & Sendable
    ) -> SettingField {
        SettingField(
            name: name,
            expected: "true or false",
            get: { .bool($0[keyPath: path]) },
            set: { settings, value in
                guard let flag = value.bool else { return false }
                settings[keyPath: path] = flag
                return true
            }
        )
    }

    private static func word<Word: RawRepresentable<String> & CaseIterable & SendableMetatype>(
        _ name: String,
        _ path: any WritableKeyPath<TrainingSettings, Word> & Sendable
    ) -> SettingField {
        SettingField(
            name: name,
            expected: "one of " + Word.allCases.map(\.rawValue).joined(separator: ", "),
            get: { .string($0[keyPath: path].rawValue) },
            set: { settings, value in
                guard let word = value.string.flatMap(Word.init(rawValue:)) else { return false }
                settings[keyPath: path] = word
                return true
            }
        )
    }
}

extension Tuning {
    /// As the command line spells it.
    var word: String {
        switch self {
        case .head: "head"
        case .last(let layers): "last:\(layers)"
        case .all: "all"
        }
    }

    init?(word: String) {
        switch word {
        case "head": self = .head
        case "all": self = .all
        case let word where word.hasPrefix("last:"):
            guard let layers = Int(word.dropFirst(5)), (1...1024).contains(layers) else { return nil }
            self = .last(layers)
        default: return nil
        }
    }
}
