// What a run is asked for, and what it is prepared to.
package import Checkpoints
package import JSON
import Scoring
import Tokenizing
import Transformers

/// One call of `train(_:)`.
package struct TrainingJob: Sendable {
    package enum Beginning: Sendable {
        /// Refused where the folder holds a run.
        case new
        case resumed
        /// What the folder holds of an earlier run is thrown away.
        case anew
    }

    /// Settings by the names of `run.json`; what is not named has its default, or the resumed run's value.
    package var given: JSONObject
    /// The folder of the checkpoint.
    package var output: String
    package var lines: TrainingLines
    package var beginning = Beginning.new
    /// What is trained further; nil: a new decoder.
    package var base: (folder: String, checkpoint: Checkpoint)?
    /// A new decoder's tokenizer.json; nil: one made from the texts.
    package var tokenizer: [UInt8]?
    /// Threads for all but the decoder's training, which has its lanes; no bit depends on them.
    package var threads = 1
    package var saveEvery = Duration.seconds(120)
    /// Ends this call as a stop request would once the run has so many updates; for tests.
    package var stopsAfter: Int?
    package var stop = StopRequest()
    package var progress = TrainingProgress()

    package init(given: JSONObject, output: String, lines: TrainingLines) {
        (self.given, self.output, self.lines) = (given, output, lines)
    }
}

/// A job whose settings, tokenizer, data and folder have been settled.
struct PreparedRun {
    let settings: TrainingSettings
    let folder: RunFolder
    let data: TrainingData
    let checkpoint: CheckpointFolder
    let description: RunDescription
    /// Of the decoder.
    let maximumPositions: Int

    private static let tokenizerLimit = 64 << 20
    private static let configLimit = 16 << 20

    init(_ job: TrainingJob) throws {
        folder = RunFolder(output: job.output)
        let stored = try folder.run
        let isNew = job.base == nil
        switch (job.beginning, stored) {
        case (.new, .some):
            let update = StateFile.update(in: folder.path) ?? 0
            throw TrainingError.runExists(folder: job.output, update: update)
        case (.resumed, nil): throw TrainingError.noRun(folder: job.output)
        case (.resumed, let stored?):
            settings = try TrainingSettings(stored: stored.settings)
            try settings.refuseOthers(job.given)
        case (.new, nil), (.anew, _): settings = try TrainingSettings(given: job.given, isNew: isNew)
        }
        let data: TrainingData
        if let base = job.base {
            (data, checkpoint) = try Self.further(base.checkpoint, job, settings)
        } else {
            let kept = job.beginning == .resumed ? try Self.keptTokenizer(job.output) : nil
            (data, checkpoint) = try Self.new(job, settings, tokenizer: job.tokenizer ?? kept)
        }
        self.data = data
        maximumPositions = job.base?.checkpoint.config.maximumPositions ?? settings.maximumPositions
        description = RunDescription(
            settings: settings,
            data: job.lines.fingerprint.hexadecimal,
            baseFolder: job.base?.folder,
            base: try job.base.map { try Self.fingerprint($0.checkpoint) },
            tokenizer: Self.fingerprint(checkpoint.tokenizer)
        )
        if job.beginning == .resumed { try stored?.refuseOther(description) }
        try begin(job.beginning)
    }

    /// A new decoder's shape, by the same reading that a checkpoint's gets.
    var newConfig: ModelConfig {
        get throws(ModelError) {
            do {
                return try ModelConfig(json: checkpoint.config)
            } catch {
                throw .checkpoint(error)
            }
        }
    }

    func outcome(_ end: TrainingOutcome.End, _ state: RunState) -> TrainingOutcome {
        TrainingOutcome(
            end: end,
            update: state.update,
            trainingRollouts: data.training.count,
            heldOutRollouts: data.heldOut.count,
            badLines: data.bad,
            best: state.best.map { (update: $0.update, score: $0.score) },
            temperature: state.best?.temperature ?? state.temperature.value(at: state.update, settings)
        )
    }

    private func begin(_ beginning: TrainingJob.Beginning) throws(TrainingError) {
        try folder.make()
        if beginning == .anew { try folder.clear() }
        guard beginning != .resumed else { return }
        // The tokenizer first: a run that is resumed reads it again.
        do {
            try checkpoint.writeDescription(settings, temperature: settings.temperature)
        } catch {
            throw .checkpoint(error)
        }
        try folder.write(description)
    }

    private static func further(
        _ base: Checkpoint,
        _ job: TrainingJob,
        _ settings: TrainingSettings
    ) throws -> (TrainingData, CheckpointFolder) {
        let template = try TrainingTemplate(checkpoint: base)
        let data = try TrainingData(
            job.lines,
            template: template,
            maximumTokens: base.config.maximumPositions,
            settings: settings
        )
        let text = try base.file("config.json", limit: configLimit) ?? []
        let config = try JSONValue(parsing: text).object ?? [:]
        let checkpoint = CheckpointFolder(
            path: job.output,
            config: TrainedConfig.of(base: config, isWidened: settings.tuning != .head),
            tokenizer: try base.file("tokenizer.json", limit: tokenizerLimit) ?? [],
            tokenizerConfig: try base.file("tokenizer_config.json", limit: configLimit)
        )
        return (data, checkpoint)
    }

    private static func new(
        _ job: TrainingJob,
        _ settings: TrainingSettings,
        tokenizer given: [UInt8]?
    ) throws -> (TrainingData, CheckpointFolder) {
        let bytes: [UInt8]
        if let given {
            bytes = given
        } else {
            let texts = job.lines.rollouts.lazy.flatMap { TrainingTemplate.texts(of: $0.rollout.rollout) }
            bytes = trainedTokenizer(on: texts, vocabulary: settings.vocabulary)
        }
        let tokenizer = try Tokenizer(parsing: bytes)
        let data = try TrainingData(
            job.lines,
            template: try TrainingTemplate(tokenizer: tokenizer),
            maximumTokens: settings.maximumPositions,
            settings: settings
        )
        let end = tokenizer.addedToken("<|endoftext|>").map { Int($0) }
        let checkpoint = CheckpointFolder(
            path: job.output,
            config: TrainedConfig.new(settings, vocabulary: tokenizer.idUpperBound, endOfText: end),
            tokenizer: bytes,
            // As the file says and no otherwise: AutoTokenizer would build Qwen2's own tokenizer, whose split pattern
            // differs. (transformers 4 heeds this; 5.23 does not for qwen2, and must be asked for this class by name.)
            tokenizerConfig: JSONValue.object(["tokenizer_class": "PreTrainedTokenizerFast"]).serialized()
        )
        return (data, checkpoint)
    }

    private static func keptTokenizer(_ output: String) throws(TrainingError) -> [UInt8]? {
        try RunFolder(output: output).bytes(of: "../tokenizer.json")
    }

    private static func fingerprint(_ bytes: [UInt8]) -> String {
        var fingerprint = Fingerprint()
        fingerprint.add(bytes)
        return fingerprint.value.hexadecimal
    }

    /// Of the names and numbers of all tensors.
    private static func fingerprint(_ base: Checkpoint) throws(CheckpointError) -> String {
        var fingerprint = Fingerprint()
        for info in base.tensors.values.sorted(by: { $0.name < $1.name }) {
            fingerprint.add(Array("\(info.name) \(info.dtype.rawValue) \(info.shape)\n".utf8))
            try base.load(info.name).withBytes { fingerprint.add($0) }
        }
        return fingerprint.value.hexadecimal
    }
}
