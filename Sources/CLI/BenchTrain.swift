// linchpin bench train: how fast a new decoder learns.
import ArgumentParser
import Checkpoints
import Glibc
import JSON
import Transformers

struct BenchTrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Time whole updates of a new decoder beside their matrix products alone, in turn.",
        discussion: """
            The products are the same shapes, by the same BLAS, on as many lanes: the share says how much of an update is \
            anything else. The default shape is the built-in model's.
            """
    )

    @Option(help: ArgumentHelp("Layers.", valueName: "N"))
    var layers = 4
    @Option(help: ArgumentHelp("Width.", valueName: "N"))
    var hidden = 96
    @Option(help: ArgumentHelp("Attention heads.", valueName: "N"))
    var heads = 4
    @Option(help: ArgumentHelp("Width of the MLP.", valueName: "N"))
    var intermediate = 256
    @Option(help: ArgumentHelp("Rows of the embedding.", valueName: "N"))
    var vocabulary = 512
    @Option(help: ArgumentHelp("Rollouts in an update.", valueName: "N"))
    var batch = 96
    @Option(help: ArgumentHelp("Threads of the decoder.", valueName: "N"))
    var lanes = 2
    @Option(help: ArgumentHelp("Tokens that a lane takes at a time.", valueName: "N"))
    var tokensAtOnce = 512
    @Option(help: ArgumentHelp("Updates to time; the median counts.", valueName: "N"))
    var rounds = 21
    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await Failure.reporting {
            guard batch > 0, rounds > 0 else { throw Failure.usage("--batch and --rounds must be at least 1") }
            let model = try model()
            let speed = try model.speed(of: rollouts, languageWeight: 1, rounds: rounds) { _, logits in
                LossGradient(loss: 0, logits: logits, temperature: 0)
            }
            let text = json ? JSONValue.object(object(speed)).serialized() : Array(words(speed).utf8)
            Output.write(text + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
        }
    }

    private func model() throws -> TrainableModel {
        let shape = Qwen2Shape(
            vocabularySize: vocabulary,
            hiddenSize: hidden,
            intermediateSize: intermediate,
            layerCount: layers,
            headCount: heads,
            keyValueHeadCount: heads,
            maximumPositions: 4096
        )
        do {
            let config = try ModelConfig(json: qwen2Config(shape, endOfText: nil))
            return try TrainableModel(config: config, lanes: lanes, tokensAtOnce: tokensAtOnce, seed: 1)
        } catch {
            throw Failure.usage(Failure.sentence(error))
        }
    }

    /// Rollouts of 24 to 119 tokens with a step every eighth, half of them with words to learn; no number matters.
    private var rollouts: [TrainingSequence] {
        (0..<batch).map { number in
            let length = 24 + number * 37 % 96
            return TrainingSequence(
                ids: (0..<length).map { Int32(truncatingIfNeeded: (number * 31 + $0 * 17) % max(vocabulary, 1)) },
                readPositions: Array(stride(from: 7, to: length, by: 8)),
                languageTargets: number.isMultiple(of: 2) ? 12..<length : 0..<0
            )
        }
    }

    private func object(_ speed: TrainingSpeed) -> JSONObject {
        JSONObject([
            ("tokens_per_second", JSONValue(Double(speed.tokens) / speed.updateSeconds) ?? .null),
            ("operations_per_second", JSONValue(speed.operationsPerSecond) ?? .null),
            ("blas_operations_per_second", JSONValue(speed.productOperationsPerSecond) ?? .null),
            ("share_of_blas", JSONValue(speed.shareOfProducts) ?? .null),
        ])
    }

    private func words(_ speed: TrainingSpeed) -> String {
        let share = Int((100 * speed.shareOfProducts).rounded())
        return """
            \(speed.tokens) tokens in \(Int(speed.updateSeconds * 1000)) ms an update: \
            \(Int(Double(speed.tokens) / speed.updateSeconds)) tokens/s
            \(Int(speed.operationsPerSecond / 1e9)) GFLOP/s in products; the BLAS alone on the same shapes \
            \(Int(speed.productOperationsPerSecond / 1e9)): \(share) %
            """
    }
}
