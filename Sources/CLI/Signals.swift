// linchpin signals: a file of rollouts, a file of signals.
import API
import ArgumentParser
import Glibc
import Scoring

struct Signals: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a language model about a file of rollouts, one JSON object a line; one answer a line.",
        discussion: """
            --model policy=DIR gives log-probability and entropy of every token of the rollout, and for a line with \
            "answers" their mean log-probability after the prompt and after each step; --model reference=DIR gives \
            log-ratios too. A line has "prompt" or "messages" and "steps" or "response", or, in tokens, \
            "prompt_token_ids" and "step_token_ids"; "answer_prefix", "answer_suffix", "counts_suffix" are what stands \
            around an answer.
            """
    )

    @OptionGroup var modelOptions: ModelOptions

    @Argument(help: ArgumentHelp("File of rollouts; - is standard input.", valueName: "ROLLOUTS.jsonl"))
    var rollouts: String

    @Option(help: ArgumentHelp("File of answers; default: standard output.", valueName: "OUT.jsonl"))
    var output: String?

    @Flag(help: "Only the answers' log-probabilities: of other tokens no output layer is computed.")
    var answersOnly = false

    /// Lines that are asked about together: enough to fill batches, few enough to keep memory flat.
    private static let linesAtOnce = 64

    func run() async throws {
        let failed = try await Failure.reporting { try await ask() }
        if failed > 0 { throw Exit.someItemsFailed }
    }

    private func ask() async throws -> Int {
        var input = try LineReader(path: rollouts)
        let loading = try LanguageLoading(modelOptions)
        let models = try await loading.load(loading.open(), showsBar: true)
        for model in models.all {
            Output.write("\(loading.folder(of: model)): \(model.facts.memoryWords)\n", to: STDERR_FILENO)
        }
        guard models.policy != nil else { throw Failure.usage("signals needs --model policy=DIR") }
        let wants = SignalLines.Wants(tokens: !answersOnly, logRatios: !answersOnly && models.reference != nil)
        var writer = try LineWriter(path: output)
        let done = Counter()
        let bar = ProgressBar("asking", unit: .rollouts) { [total = input.lineCount] in
            (done.value, max(total, done.value))
        }
        defer { bar.finish() }
        var failed = 0
        while true {
            let lines = try input.next(Self.linesAtOnce)
            if lines.isEmpty { break }
            for answer in try await SignalLines(lines, firstIndex: done.value).answers(models, wants) {
                if answer.failed { failed += 1 }
                try writer.write(answer.bytes)
            }
            done.add(lines.count)
        }
        try writer.flush()
        return failed
    }
}
