// linchpin score: rollouts in a file, rewards in a file.
import API
import ArgumentParser
import Crediting
import Glibc
import JSON
import Scoring

struct Score: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Score a file of rollouts, one JSON object a line; one answer a line, in the same order.",
        discussion: "More keys of a line are carried through. A line that cannot be scored gets an error of its own."
    )

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var creditOptions: CreditOptions

    @Argument(help: ArgumentHelp("File of rollouts; - is standard input.", valueName: "ROLLOUTS.jsonl"))
    var rollouts: String

    @Option(help: ArgumentHelp("File of answers; default: standard output.", valueName: "OUT.jsonl"))
    var output: String?

    @Option(help: ArgumentHelp("Pooling and temperature in one word, such as sws:0.05.", valueName: "POOLING[:T]"))
    var credit: String?

    /// Lines that are scored together: enough to fill batches, few enough to keep memory flat.
    private static let linesAtOnce = 512

    func run() async throws {
        let failed = try await Failure.reporting { try await score() }
        if failed > 0 { throw Exit.someItemsFailed }
    }

    private func score() async throws -> Int {
        var input = try LineReader(path: rollouts)
        let scorer = try modelOptions.load()
        let settings = try creditSettings(over: scorer.profile.defaultCredit)
        var writer = try LineWriter(path: output)
        let done = Counter()
        let bar = ProgressBar("scoring", unit: .rollouts) { [total = input.lineCount] in
            (done.value, max(total, done.value))
        }
        defer { bar.finish() }
        var failed = 0
        var index = 0
        while true {
            let lines = try input.next(Self.linesAtOnce)
            if lines.isEmpty { break }
            for answer in try await RolloutLines(lines, firstIndex: index).answers(scorer, settings) {
                if answer.failed { failed += 1 }
                try writer.write(answer.bytes)
            }
            index += lines.count
            done.add(lines.count)
        }
        try writer.flush()
        return failed
    }

    private func creditSettings(over standard: CreditSettings) throws -> CreditSettings {
        let base = try creditOptions.settings(over: standard)
        guard let credit else { return base }
        let parts = credit.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let pooling = Pooling(rawValue: String(parts[0])),
            let temperature = parts.count == 1 ? base.temperature : Double(String(parts[1])),
            let settings = try? CreditSettings(pooling: pooling, temperature: temperature, scale: base.scale)
        else {
            let known = Pooling.allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure.usage("--credit \(credit): expected POOLING or POOLING:T, POOLING one of \(known), T > 0")
        }
        return settings
    }
}
