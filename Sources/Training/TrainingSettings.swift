// Everything that a run's bits depend on but data and base.
package import Crediting
package import JSON
package import Transformers

/// The settings of a run, kept in `run.json`; a value of this type has passed the checks of `SettingField`.
package struct TrainingSettings: Sendable, Equatable {
    // What is learnt.
    package var tuning = Tuning.all
    package var pooling = LearntPooling.sws
    package var scale = LearntScale.probability
    /// Where the temperature ends, or begins where it is learnt; in units of `scale`.
    package var temperature = 0.1
    /// Where annealing begins; 0 = not annealed.
    package var temperatureFrom = 0.0
    package var learnsTemperature = false
    /// Of the next-token loss on right rollouts; 0 = none.
    package var languageWeight = 0.0
    package var languageWeightEnd = -1.0

    // How.
    package var updates = 1000
    package var batch = 64
    package var rate = 1e-3
    package var finalRateShare = 0.1
    package var warmUp = 100
    package var decay = 0.01
    package var beta1 = 0.9
    package var beta2 = 0.98
    package var clip = 1.0
    /// The share of all updates after which the longest rollouts are in; 0 = from the start.
    package var curriculum = 0.0
    /// The share of the rollouts, shortest first, that the curriculum begins with.
    package var curriculumFrom = 0.15
    /// The longest gap in a rollout's positions; 0 = none.
    package var positionGap = 0
    package var seed = 0
    /// Threads of the decoder; part of the bits, since gradients are summed by lane.
    package var lanes = 2
    package var tokensAtOnce = 4096

    // When to look, and when to stop.
    package var heldOut = 0.02
    package var heldOutMost = 2000
    package var evaluateEvery = 100
    /// Evaluations without a better one before the run ends; 0 = never.
    package var patience = 0
    package var keep = Keeping.loss
    package var badLines = 0.01
    package var semantics = LearntSemantics.auto

    // A new decoder.
    package var layers = 4
    package var hidden = 128
    package var heads = 4
    package var keyValueHeads = 4
    package var intermediate = 352
    package var vocabulary = 320
    package var maximumPositions = 512

    /// The defaults for a new decoder, but for the learning rate.
    package init() {}
}

/// Which parameters the checkpoint gets: those of the best evaluation by one of its numbers, or the last.
package enum Keeping: String, Sendable, CaseIterable {
    case loss
    case accuracy
    case f1
    case last
}

/// What the rewards of the checkpoint will be said to be about; `auto`: value for `last`, else correctness.
package enum LearntSemantics: String, Sendable, CaseIterable {
    case auto
    case correctness
    case value
}

extension TrainingSettings {
    /// The defaults for what is tuned: a learning rate that suits a head does not suit a pretrained decoder.
    package static func standard(tuning: Tuning, isNew: Bool) -> TrainingSettings {
        var settings = TrainingSettings()
        settings.tuning = tuning
        switch tuning {
        case .head: settings.rate = 1e-3
        case .last, .all: settings.rate = isNew ? 2e-3 : 1e-5
        }
        return settings
    }

    /// A new run's settings: the defaults with what was said laid over them.
    package init(given: JSONObject, isNew: Bool) throws(TrainingError) {
        var tuned = TrainingSettings()
        if let value = given["tune"], !SettingField.tune.set(&tuned, value) { throw SettingField.tune.refusal }
        self = .standard(tuning: tuned.tuning, isNew: isNew)
        try lay(given)
        try check(isNew: isNew)
    }

    /// The settings that `run.json` keeps.
    package init(stored: JSONObject) throws(TrainingError) {
        self.init()
        try lay(stored)
    }

    package var json: JSONObject {
        JSONObject(SettingField.all.map { ($0.name, $0.get(self)) })
    }

    /// Refuses, by its name, the first given setting that is not what the run began with.
    package func refuseOthers(_ given: JSONObject) throws(TrainingError) {
        var other = self
        try other.lay(given)
        for field in SettingField.all where field.get(self) != field.get(other) {
            throw .differs(field.name, was: field.text(self), now: field.text(other))
        }
    }

    private mutating func lay(_ given: JSONObject) throws(TrainingError) {
        for member in given {
            guard let field = SettingField.all.first(where: { $0.name == member.key }) else {
                throw .setting(member.key, expected: "a setting that is known")
            }
            guard field.set(&self, member.value) else { throw field.refusal }
        }
    }

    private func check(isNew: Bool) throws(TrainingError) {
        if isNew, tuning != .all { throw .conflict("tune", "a new decoder, of which all is learnt") }
        if pooling == .product, scale == .logit { throw .conflict("pooling product", "scale logit") }
        if learnsTemperature, temperatureFrom > 0 { throw .conflict("learn_temperature", "temperature_from") }
        if learnsTemperature, pooling != .sws { throw .conflict("learn_temperature", "pooling \(pooling.rawValue)") }
        if tuning == .head, positionGap > 0 { throw .conflict("position_gap", "tune head") }
        if tuning == .head, languageWeight > 0 { throw .conflict("language_weight", "tune head") }
        if isNew, !heads.isMultiple(of: keyValueHeads) { throw .conflict("kv_heads", "heads") }
        if isNew, !hidden.isMultiple(of: 2 * heads) { throw .conflict("hidden", "heads") }
    }
}
