// Which model, and how it is loaded.
import ArgumentParser
import Batching
import Checkpoints
import Crediting
import Glibc
import Scoring

/// The flags that every command with a model takes; each is also an environment variable, and the flag wins.
struct ModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Folder of the checkpoint (default: the built-in demonstration model).", valueName: "DIR")
    )
    var model: String?

    @Option(help: ArgumentHelp("\(ProfileWords.help) (default: as linchpin.json or config.json say).", valueName: "P"))
    var profile: String?

    @Option(help: ArgumentHelp("How weights are kept: stored, as they are in the file.", valueName: "P"))
    var precision: String?

    @Option(help: ArgumentHelp("Compute threads; default: one a core.", valueName: "N"))
    var threads: Int?

    @Option(help: ArgumentHelp("Tokens in one batch; a longer rollout goes alone (default: 8192).", valueName: "N"))
    var maxBatchTokens: Int?

    @Option(
        help: ArgumentHelp(
            "Tokens that may wait before callers are told to come back (default: 1048576).",
            valueName: "N"
        )
    )
    var maxQueueTokens: Int?

    enum Precision: String, CaseIterable {
        case stored
    }

    /// Opens, proves and loads the model; a failure is one line on standard error and exit code 3.
    func load() throws -> Scorer {
        let folder = try folder()
        let name = folder ?? builtInModelName
        let threads = try Setting.count("threads", threads) ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        guard threads <= 1024 else { throw Failure.usage("--threads: at most 1024") }
        var limits = BatchLimits()
        if let tokens = try Setting.count("max-batch-tokens", maxBatchTokens) { limits.maximumBatchTokens = tokens }
        if let tokens = try Setting.count("max-queue-tokens", maxQueueTokens) { limits.maximumQueueTokens = tokens }
        _ = try Setting.word("precision", precision, as: Precision.self)
        if folder == nil {
            Output.write("no --model: \(name) is used, the built-in demonstration model\n", to: STDERR_FILENO)
        }
        let source = try ProfileWords.source(profile)
        let progress = LoadProgress()
        let bar = ProgressBar("loading \(name)", unit: .bytes) { (progress.doneBytes, progress.totalBytes) }
        defer { bar.finish() }
        do {
            let checkpoint = try folder.map { try Checkpoint(folder: $0) } ?? builtInCheckpoint()
            return try Scorer(
                checkpoint: checkpoint,
                source: source,
                threads: threads,
                limits: limits,
                progress: progress
            )
        } catch {
            throw Failure.model(name, error)
        }
    }

    /// Nil where the built-in model is wanted.
    func folder() throws -> String? { try Setting.text("model", model) }
}

/// How credit is computed where a caller does not say.
struct CreditOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Default pooling: \(Pooling.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "P"
        )
    )
    var pooling: String?

    @Option(help: ArgumentHelp("Default temperature of sws and softmin, on the scale of credit.", valueName: "T"))
    var temperature: Double?

    @Option(
        help: ArgumentHelp(
            "Default scale of credit: \(Scale.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "S"
        )
    )
    var scale: String?

    /// The model's own default with what was said laid over it.
    func settings(over standard: CreditSettings) throws -> CreditSettings {
        let pooling = try Setting.word("pooling", pooling, as: Pooling.self) ?? standard.pooling
        let scale = try Setting.word("scale", scale, as: Scale.self) ?? standard.scale
        let temperature = try Setting.number("temperature", temperature) ?? standard.temperature
        do throws(CreditError) {
            return try CreditSettings(pooling: pooling, temperature: temperature, scale: scale)
        } catch {
            throw Failure.usage("credit: \(error.sentence)")
        }
    }
}
