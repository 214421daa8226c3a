// The flags of train, by the names that run.json has for them.
import ArgumentParser
import Crediting
import JSON
import Training

/// Settings that were said, by the names of `SettingField`; ranges are checked there.
typealias GivenSettings = [(name: String, value: JSONValue)]

private func given(_ settings: KeyValuePairs<String, JSONValue?>) -> GivenSettings {
    settings.compactMap { name, value in value.map { (name, $0) } }
}

/// NaN and infinities have no JSON: they become null, which no setting takes.
private func number(_ value: Double?) -> JSONValue? { value.map { JSONValue($0) ?? .null } }

private func count(_ value: Int?) -> JSONValue? { value.map { JSONValue($0) } }

private func word(_ value: String?) -> JSONValue? { value.map { .string($0) } }

struct LearningOptions: ParsableArguments {
    @Option(help: ArgumentHelp("What moves: head, last:N layers, or all (default).", valueName: "WHAT"))
    var tune: String?
    @Option(
        help: ArgumentHelp(
            "How steps become one score: \(LearntPooling.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "P"
        )
    )
    var pooling: String?
    @Option(help: ArgumentHelp("Where they do: probability (default) or logit.", valueName: "S"))
    var scale: String?
    @Option(help: ArgumentHelp("Temperature of sws, on the scale (default: 0.1).", valueName: "T"))
    var temperature: Double?
    @Option(help: ArgumentHelp("Anneal from this temperature during the first half.", valueName: "T"))
    var temperatureFrom: Double?
    @Flag(help: "Learn the temperature too.")
    var learnTemperature = false
    @Option(help: ArgumentHelp("Weight of the next-token loss on right rollouts (default: 0).", valueName: "W"))
    var languageWeight: Double?
    @Option(help: ArgumentHelp("Its weight at the end, reached in a line.", valueName: "W"))
    var languageWeightEnd: Double?
    @Option(help: ArgumentHelp("What rewards are about: auto, correctness or value.", valueName: "S"))
    var semantics: String?

    var given: GivenSettings {
        CLI.given([
            "tune": word(tune), "pooling": word(pooling), "scale": word(scale), "temperature": number(temperature),
            "temperature_from": number(temperatureFrom), "learn_temperature": learnTemperature ? true : nil,
            "language_weight": number(languageWeight), "language_weight_end": number(languageWeightEnd),
            "semantics": word(semantics),
        ])
    }
}

struct OptimizerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Updates in all (default: 1000).", valueName: "N"))
    var updates: Int?
    @Option(help: ArgumentHelp("Rollouts in an update (default: 64).", valueName: "N"))
    var batch: Int?
    @Option(help: ArgumentHelp("Peak learning rate (default: 2e-3 new, 1e-3 head, else 1e-5).", valueName: "R"))
    var rate: Double?
    @Option(help: ArgumentHelp("The share of it that is left at the end (default: 0.1).", valueName: "S"))
    var finalRateShare: Double?
    @Option(help: ArgumentHelp("Updates in which it rises (default: 100).", valueName: "N"))
    var warmUp: Int?
    @Option(help: ArgumentHelp("AdamW's decay of matrices (default: 0.01).", valueName: "D"))
    var decay: Double?
    @Option(help: ArgumentHelp("AdamW's beta1 (default: 0.9).", valueName: "B"))
    var beta1: Double?
    @Option(help: ArgumentHelp("AdamW's beta2 (default: 0.98).", valueName: "B"))
    var beta2: Double?
    @Option(help: ArgumentHelp("Longest gradient (default: 1).", valueName: "NORM"))
    var clip: Double?
    @Option(help: ArgumentHelp("Begin with short rollouts; all are in at this share of the run.", valueName: "S"))
    var curriculum: Double?
    @Option(help: ArgumentHelp("The share of rollouts that it begins with (default: 0.15).", valueName: "S"))
    var curriculumFrom: Double?
    @Option(help: ArgumentHelp("Longest random gap in positions, for rollouts longer than these.", valueName: "N"))
    var positionGap: Int?
    @Option(help: ArgumentHelp("Seed of weights, split and order (default: 0).", valueName: "N"))
    var seed: Int?
    @Option(help: ArgumentHelp("Threads of the decoder; the bits depend on them (default: 2).", valueName: "N"))
    var lanes: Int?
    @Option(help: ArgumentHelp("Tokens that a lane takes at a time (default: 4096).", valueName: "N"))
    var tokensAtOnce: Int?

    var given: GivenSettings {
        CLI.given([
            "updates": count(updates), "batch": count(batch), "rate": number(rate),
            "final_rate_share": number(finalRateShare), "warm_up": count(warmUp), "decay": number(decay),
            "beta1": number(beta1), "beta2": number(beta2), "clip": number(clip), "curriculum": number(curriculum),
            "curriculum_from": number(curriculumFrom), "position_gap": count(positionGap), "seed": count(seed),
            "lanes": count(lanes),
            "tokens_at_once": count(tokensAtOnce),
        ])
    }
}

struct EvaluationOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Share of the problems that are held out (default: 0.02).", valueName: "S"))
    var heldOut: Double?
    @Option(help: ArgumentHelp("Most rollouts that are held out (default: 2000).", valueName: "N"))
    var heldOutMost: Int?
    @Option(help: ArgumentHelp("Updates between evaluations (default: 100).", valueName: "N"))
    var evaluateEvery: Int?
    @Option(help: ArgumentHelp("Evaluations without a better one before the end; 0: never.", valueName: "N"))
    var patience: Int?
    @Option(
        help: ArgumentHelp(
            "What is kept: the best by loss (default), accuracy or f1 (looks at labels), or the last.",
            valueName: "WHICH"
        )
    )
    var keep: String?
    @Option(help: ArgumentHelp("Share of bad lines that is borne (default: 0.01).", valueName: "S"))
    var badLines: Double?

    var given: GivenSettings {
        CLI.given([
            "held_out": number(heldOut), "held_out_most": count(heldOutMost), "evaluate_every": count(evaluateEvery),
            "patience": count(patience), "keep": word(keep), "bad_lines": number(badLines),
        ])
    }
}

struct DecoderOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Layers (default: 4).", valueName: "N"))
    var layers: Int?
    @Option(help: ArgumentHelp("Width (default: 128).", valueName: "N"))
    var hidden: Int?
    @Option(help: ArgumentHelp("Attention heads (default: 4).", valueName: "N"))
    var heads: Int?
    @Option(help: ArgumentHelp("Heads of keys and values (default: 4).", valueName: "N"))
    var kvHeads: Int?
    @Option(help: ArgumentHelp("Width of the MLP (default: 352).", valueName: "N"))
    var intermediate: Int?
    @Option(help: ArgumentHelp("Tokens of a tokenizer that is made (default: 320).", valueName: "N"))
    var vocabulary: Int?
    @Option(help: ArgumentHelp("Longest rollout in tokens (default: 512).", valueName: "N"))
    var maxPositions: Int?

    var given: GivenSettings {
        CLI.given([
            "layers": count(layers), "hidden": count(hidden), "heads": count(heads), "kv_heads": count(kvHeads),
            "intermediate": count(intermediate), "vocabulary": count(vocabulary),
            "max_positions": count(maxPositions),
        ])
    }
}
