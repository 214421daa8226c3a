// linchpin bench signals: signals against one forward.
import ArgumentParser
import Batching
import Checkpoints
import Glibc
import JSON
import Scoring
import Transformers

struct BenchSignals: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signals",
        abstract: "Time a language model of a real size, its random weights made in memory, on a rollout of 20 steps.",
        discussion: """
            mig_over_forward: the log-probabilities of an answer after the prompt and after each of 20 steps (1,500 \
            tokens), over one forward of as many tokens as the rollout and its answers have, without any output layer. \
            head_over_product: log-probability and entropy of all tokens over the bare product of the output layer for \
            as many rows. Each round times all of them in turn. entropy_extra_bytes: what they add to the memory of a \
            forward of the rollout at its peak.
            """
    )

    @Option(help: ArgumentHelp("\(ModelShape.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "S"))
    var shape = ModelShape.half.rawValue
    @Option(help: ArgumentHelp("Rounds to time; the median counts.", valueName: "N"))
    var rounds = 5
    @Option(help: ArgumentHelp("stored (bfloat16 weights, float32 arithmetic) or int8.", valueName: "P"))
    var precision = Precision.stored.rawValue
    @Option(help: ArgumentHelp("Compute threads; default: one a core.", valueName: "N"))
    var threads: Int?
    @Option(help: ArgumentHelp("Tokens of the answer.", valueName: "N"))
    var answerTokens = 8
    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await Failure.reporting {
            guard rounds > 0 else { throw Failure.usage("--rounds must be at least 1") }
            guard (1...64).contains(answerTokens) else { throw Failure.usage("--answer-tokens must be 1 to 64") }
            let compute = try BenchCompute.settings(threads: threads, precision: precision, kernel: nil)
            let config = try ModelShape.named(shape).config
            let bench: SignalsBench
            do {
                bench = try SignalsBench(config, compute, answerTokens: answerTokens)
            } catch {
                throw Failure.usage(Failure.sentence(error))
            }
            let figures = try await bench.run(rounds: rounds)
            let object = JSONValue.object(
                JSONObject(
                    [("shape", .string(shape)), ("precision", .string(precision)), ("rounds", JSONValue(rounds))]
                        + figures
                )
            )
            let text =
                json
                ? String(decoding: object.serialized(), as: UTF8.self)
                : figures.map { "\($0): \(String(decoding: $1.serialized(), as: UTF8.self))" }.joined(separator: "\n")
            Output.write(text + "\n", to: STDOUT_FILENO)
        }
    }
}

/// One model, and the rollout that it is asked about again and again with other tokens.
private struct SignalsBench {
    /// Of the rollout, and of each of its steps.
    static let (promptTokens, stepTokens, steps) = (100, 75, 20)

    let model: RewardModel
    let scorer: LanguageModelScorer
    let engine: Engine
    let vocabulary: Int
    let answer: String

    init(_ config: ModelConfig, _ compute: ComputeSettings, answerTokens: Int) throws {
        model = try RewardModel(speakingRandomly: config, seed: 1, compute: compute)
        let settings = EngineSettings(compute: compute)
        scorer = try LanguageModelScorer(measuring: model, config: config, settings: settings)
        engine = Engine(language: model, settings: settings)
        vocabulary = config.vocabularySize
        // A token each in the built-in vocabulary, whose tokenizer it borrows.
        answer = String(repeating: "#", count: answerTokens)
    }

    func run(rounds: Int) async throws -> [(String, JSONValue)] {
        let rollout = Self.promptTokens + Self.stepTokens * Self.steps
        let branches = (Self.steps + 1) * (try await ask(salt: -1, tokens: false).signals.answerTokens.first ?? 0)
        let loading = ProcessMemory.peakBytes
        ProcessMemory.forgetPeak()
        _ = try await forward(tokens: rollout + branches, salt: -2)
        let before = ProcessMemory.peakBytes
        _ = try await ask(salt: -3, tokens: true)
        let peak = ProcessMemory.peakBytes
        var mig = Series("mig_seconds")
        var plain = Series("forward_seconds")
        var head = Series("head_seconds")
        var product = Series("product_seconds")
        for round in 0..<rounds {
            mig.values.append(try await ask(salt: 4 * round, tokens: false).seconds)
            plain.values.append(try await forward(tokens: rollout + branches, salt: 4 * round + 1))
            _ = await model.takeEffort()
            _ = try await ask(salt: 4 * round + 2, tokens: true)
            head.values.append(await model.takeEffort().seconds[.head] ?? 0)
            product.values.append(await model.productSeconds(rows: Self.stepTokens * Self.steps))
        }
        return [("rollout_tokens", JSONValue(rollout)), ("answer_tokens", JSONValue(branches))]
            + Series("mig_over_forward", zip(mig.values, plain.values).map { $0 / $1 }).figures
            + Series("head_over_product", zip(head.values, product.values).map { $0 / $1 }).figures
            + [mig, plain, head, product].flatMap(\.figures)
            + [("entropy_extra_bytes", JSONValue(peak - before)), ("peak_bytes", JSONValue(max(loading, peak)))]
    }

    /// One number of each round.
    private struct Series {
        let name: String
        var values: [Double]

        init(_ name: String, _ values: [Double] = []) {
            self.name = name
            self.values = values
        }

        /// The median under the name, the least and the most beside it.
        var figures: [(String, JSONValue)] {
            let sorted = values.sorted()
            guard let least = sorted.first, let most = sorted.last else { return [] }
            return [(name, sorted[sorted.count / 2]), ("least_" + name, least), ("most_" + name, most)].map {
                ($0, JSONValue($1) ?? .null)
            }
        }
    }

    /// Answers after every prefix of a fresh rollout, or all of its tokens.
    private func ask(salt: Int, tokens: Bool) async throws -> (seconds: Double, signals: LanguageSignals) {
        var source = TokenSource(vocabulary: vocabulary, salt: salt)
        let request = SignalRequest(
            .tokens(
                prompt: source.take(Self.promptTokens),
                steps: (0..<Self.steps).map { _ in source.take(Self.stepTokens) }
            ),
            wantsTokens: tokens,
            answers: tokens ? [] : [answer]
        )
        let start = ContinuousClock.now
        let signals = try await scorer.signals(for: [request])[0].get()
        return ((ContinuousClock.now - start) / .seconds(1), signals)
    }

    /// One forward, nothing read but its last token: keys and values of every token in every layer.
    private func forward(tokens: Int, salt: Int) async throws -> Double {
        var source = TokenSource(vocabulary: vocabulary, salt: salt)
        var ids = source.take(tokens).map { Token($0) }
        ids[tokens - 1] = Token(ids[tokens - 1].id, asked: 0)
        let start = ContinuousClock.now
        _ = try await engine.submit([TokenWork(asking: ids)])
        return (ContinuousClock.now - start) / .seconds(1)
    }
}
