// Which model, and how it is loaded.
import ArgumentParser
import Batching
import Checkpoints
import Crediting
import Glibc
import Scoring
import Transformers

/// The flags that every command with a model takes; each is also an environment variable, and the flag wins.
struct ModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Folder of the checkpoint (default: the built-in demonstration model); prm=DIR, policy=DIR, reference=DIR: "
                + "several models, each given once.",
            valueName: "[ROLE=]DIR"
        )
    )
    var model: [String] = []

    @Option(help: ArgumentHelp("\(ProfileWords.help) (default: as linchpin.json or config.json say).", valueName: "P"))
    var profile: String?

    @Option(
        help: ArgumentHelp(
            "How weights are kept: stored, as in the file (default), or quantised to int8.",
            valueName: "P"
        )
    )
    var precision: String?

    @Option(
        help: ArgumentHelp(
            "Instructions to use: \(Kernel.allCases.map(\.rawValue).joined(separator: ", ")) (default: this machine's best).",
            valueName: "K"
        )
    )
    var kernel: String?

    @Option(help: ArgumentHelp("Compute threads; default: one a core.", valueName: "N"))
    var threads: Int?

    @Option(help: ArgumentHelp("Tokens in one batch; a longer rollout takes several (default: 1024).", valueName: "N"))
    var maxBatchTokens: Int?

    @Option(
        help: ArgumentHelp(
            "Tokens that may wait before callers are told to come back (default: 1048576).",
            valueName: "N"
        )
    )
    var maxQueueTokens: Int?

    @Option(
        help: ArgumentHelp(
            "Tokens of trainers' requests that may wait for room in it (default: 4194304).",
            valueName: "N"
        )
    )
    var maxWaitingTokens: Int?

    @Option(
        help: ArgumentHelp(
            "Seconds of work that may wait, at the pace of the latest batches; past it callers are told to come back "
                + "(default: 600).",
            valueName: "S"
        )
    )
    var maxQueueSeconds: Double?

    @Option(
        help: ArgumentHelp(
            "Memory for keys and values of tokens, of each model, so that a rollout sent again with a step more costs "
                + "that step (default: 1073741824).",
            valueName: "N"
        )
    )
    var cacheBytes: Int?

    @Flag(help: "Keep nothing of a rollout once it is answered.")
    var noCache = false

    /// Opens, proves and loads the model; a failure is one line on standard error and exit code 3.
    /// - Parameters:
    ///   - precision: in the place of the flag's.
    ///   - cacheBytes: where no flag says.
    func load(precision: Precision? = nil, cacheBytes: Int = 1 << 30) throws -> Scorer {
        try refuseLanguageModels()
        let folder = try folder()
        let name = folder ?? builtInModelName
        let settings = try engineSettings(precision: precision, cacheBytes: cacheBytes)
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
                settings: settings,
                progress: progress
            )
        } catch {
            throw Failure.model(name, error)
        }
    }

    /// A kernel that the machine lacks is refused with the model.
    func engineSettings(precision: Precision? = nil, cacheBytes: Int) throws -> EngineSettings {
        let threads = try Setting.count("threads", threads) ?? Processors.usable
        guard threads <= 1024 else { throw Failure.usage("--threads: at most 1024") }
        let compute = ComputeSettings(
            threads: threads,
            precision: try precision ?? Setting.word("precision", self.precision, as: Precision.self) ?? .stored,
            kernel: try Setting.word("kernel", kernel, as: Kernel.self) ?? .best
        )
        var limits = BatchLimits()
        if let tokens = try Setting.count("max-batch-tokens", maxBatchTokens, least: 2) {
            limits.maximumBatchTokens = tokens
        }
        if let tokens = try Setting.count("max-queue-tokens", maxQueueTokens) { limits.maximumQueueTokens = tokens }
        if let tokens = try Setting.count("max-waiting-tokens", maxWaitingTokens) {
            limits.maximumWaitingTokens = tokens
        }
        limits.maximumQueueSeconds = try queueSeconds()
        return EngineSettings(compute: compute, limits: limits, cacheBytes: try keptBytes() ?? cacheBytes)
    }

    /// By default what the patient among HTTP clients wait for an answer: nobody is there to hear a later one.
    private func queueSeconds() throws -> Double {
        let seconds = try Setting.number("max-queue-seconds", maxQueueSeconds) ?? 600
        guard seconds > 0 else { throw Failure.usage("--max-queue-seconds: must be more than 0, not \(seconds)") }
        return seconds
    }

    /// Nil where no flag says.
    private func keptBytes() throws -> Int? {
        let bytes = try Setting.count("cache-bytes", cacheBytes, least: 0)
        guard try noCache || Setting.isSet("no-cache") else { return bytes }
        if bytes ?? 0 > 0 { throw Failure.usage("--no-cache and --cache-bytes exclude each other") }
        return 0
    }

    func folders() throws -> ModelFolders { try ModelFolders(flags: model) }

    /// The reward model's; nil where the built-in model is wanted.
    func folder() throws -> String? { try folders()[.prm] }

    /// For commands that have no use for a language model: one that is asked for in vain is a mistake.
    private func refuseLanguageModels() throws {
        guard model.allSatisfy({ !$0.hasPrefix("policy=") && !$0.hasPrefix("reference=") }) else {
            throw Failure.usage("--model policy=DIR: only serve and signals have a use for a policy")
        }
    }
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
    func settings(over standard: CreditSettings) throws -> CreditSettings { try choice().settings(over: standard) }

    func choice() throws -> CreditChoice {
        CreditChoice(
            pooling: try Setting.word("pooling", pooling, as: Pooling.self),
            temperature: try Setting.number("temperature", temperature),
            scale: try Setting.word("scale", scale, as: Scale.self)
        )
    }
}

/// What flags say of the credit of a caller who does not say; the rest is the model's own.
struct CreditChoice: Sendable {
    let pooling: Pooling?
    let temperature: Double?
    let scale: Scale?

    func settings(over standard: CreditSettings) throws -> CreditSettings {
        do throws(CreditError) {
            return try CreditSettings(
                pooling: pooling ?? standard.pooling,
                temperature: temperature ?? standard.temperature,
                scale: scale ?? standard.scale
            )
        } catch {
            throw Failure.usage("credit: \(error.sentence)")
        }
    }
}
