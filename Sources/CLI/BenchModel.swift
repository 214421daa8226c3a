// linchpin bench model: a decoder of real size, from ids to rewards.
import ArgumentParser
import Batching
import Checkpoints
import Glibc
import JSON
import Scoring
import Transformers

struct BenchModel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "Time a decoder of a real size, its random weights made in memory, from token ids to rewards.",
        discussion: """
            The share of the peak counts the linear layers' operations for tokens that were computed: what is shared or \
            kept counts as nothing. The peak is that of register-only loops on as many threads, measured in turn.
            """
    )

    @Option(help: ArgumentHelp("\(ModelShape.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "S"))
    var shape = ModelShape.half.rawValue
    @Option(help: ArgumentHelp("\(Workload.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "W"))
    var workload = Workload.single.rawValue
    @Option(help: ArgumentHelp("Rounds to time; the median counts.", valueName: "N"))
    var rounds = 5
    @Option(help: ArgumentHelp("stored (bfloat16 weights, float32 arithmetic) or int8.", valueName: "P"))
    var precision = Precision.stored.rawValue
    @Option(help: ArgumentHelp("Instructions to use (default: this machine's best).", valueName: "K"))
    var kernel: String?
    @Option(help: ArgumentHelp("Compute threads; default: one a core.", valueName: "N"))
    var threads: Int?
    @Option(help: ArgumentHelp("Tokens in one batch.", valueName: "N"))
    var maxBatchTokens = BatchLimits().maximumBatchTokens
    @Option(help: ArgumentHelp("Memory for keys and values.", valueName: "N"))
    var cacheBytes = 1 << 30
    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await Failure.reporting {
            guard rounds > 0 else { throw Failure.usage("--rounds must be at least 1") }
            let shape = try ModelShape.named(shape)
            let workload = try Workload.named(workload)
            let compute = try BenchCompute.settings(threads: threads, precision: precision, kernel: kernel)
            let model: RewardModel
            do {
                model = try RewardModel(randomly: shape.config, seed: 1, compute: compute)
            } catch {
                throw Failure.usage(Failure.sentence(error))
            }
            let limits = BatchLimits(maximumBatchTokens: maxBatchTokens)
            let settings = EngineSettings(compute: compute, limits: limits, cacheBytes: cacheBytes)
            let engine = Engine(model, settings: settings)
            let bench = ModelBench(
                workload: workload,
                vocabulary: try shape.config.vocabularySize,
                engine: engine,
                model: model
            )
            let figures = try await bench.run(rounds: rounds)
            let text = json ? figures.object(shape, workload, model).serialized() : Array(figures.text.utf8)
            Output.write(text + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
        }
    }
}

/// The compute settings of a bench's flags.
enum BenchCompute {
    static func settings(threads: Int?, precision: String, kernel: String?) throws -> ComputeSettings {
        ComputeSettings(
            threads: try Setting.count("threads", threads) ?? Processors.usable,
            precision: try Setting.word("precision", precision, as: Precision.self) ?? .stored,
            kernel: try Setting.word("kernel", kernel, as: Kernel.self) ?? .best
        )
    }
}
