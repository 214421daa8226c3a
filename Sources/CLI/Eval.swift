// linchpin eval: how well a model's rewards find what is wrong.
import API
import ArgumentParser
import Crediting
import Evaluating
import Glibc
import JSON
import Scoring

struct Eval: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Judge a model's step rewards on chains whose first wrong step or final answer is known.",
        discussion: """
            A line has problem (or prompt), steps, and what is known: label, the first wrong step or -1, as in ProcessBench, \
            and final_answer_correct (or correct). Without labels only final answers are judged. Lines with one group, \
            else with one problem, are picked from by best-of-n.
            """
    )

    @OptionGroup var modelOptions: ModelOptions
    @OptionGroup var creditOptions: CreditOptions

    @Argument(help: ArgumentHelp("File of chains; - is standard input.", valueName: "FILE"))
    var file: String

    @Option(
        help: ArgumentHelp(
            "A step whose reward is under T counts as wrong (default: 0.5 for probabilities, 0 for margins).",
            valueName: "T"
        )
    )
    var threshold: Double?

    @Flag(help: "Choose the threshold with the highest F1 on half of the problems, and judge on the other half.")
    var chooseThreshold = false

    @Option(
        help: ArgumentHelp(
            "Two precisions, such as stored,int8: how far their rewards agree on these rollouts, which need no labels.",
            valueName: "P,P"
        )
    )
    var compare: String?

    @Option(help: ArgumentHelp("Write a page with tables and plots.", valueName: "OUT.html"))
    var html: String?

    @Flag(help: "Print one JSON object; shares are fractions.")
    var json = false

    /// Lines that are scored together: enough to fill batches, few enough to keep memory flat.
    private static let linesAtOnce = 512

    func run() async throws {
        let failed = try await Failure.reporting {
            guard let compare else { return try await judge() }
            return try await PrecisionComparison(file: file, precisions: compare, threshold: threshold, json: json)
                .run(modelOptions)
        }
        if failed > 0 { throw Exit.someItemsFailed }
    }

    /// Gives how many lines could not be judged.
    private func judge() async throws -> Int {
        var input = try LineReader(path: file)
        // A page that cannot be written is found out before the work, not after it.
        var page = try html.map { try LineWriter(path: $0) }
        let scorer = try modelOptions.load()
        let credit = try creditOptions.settings(over: scorer.profile.defaultCredit)
        let settings = try evaluationSettings(scorer.profile, credit)
        let (chains, troubles) = try await score(&input, scorer, credit)
        for trouble in troubles.prefix(10) {
            Output.write("linchpin: \(file): line[\(trouble.index)]: \(trouble.message)\n", to: STDERR_FILENO)
        }
        if troubles.count > 10 {
            Output.write("linchpin: \(file): and \(troubles.count - 10) more bad lines\n", to: STDERR_FILENO)
        }
        guard let evaluation = Evaluation(chains, settings: settings) else {
            throw Failure.usage(
                "--choose-threshold: the half of \(chains.count) chains to choose on lacks erroneous or correct ones"
            )
        }
        let facts = facts(scorer, credit, bad: troubles.count)
        try page?.write(Array(HTMLReport(title: "Evaluation", facts: facts, evaluation: evaluation).html.utf8))
        try page?.flush()
        report(evaluation, bad: troubles.count)
        return troubles.count
    }

    private func score(
        _ input: inout LineReader,
        _ scorer: Scorer,
        _ credit: CreditSettings
    ) async throws -> ([JudgedChain], [LineTrouble]) {
        var chains: [JudgedChain] = []
        var troubles: [LineTrouble] = []
        let done = Counter()
        let bar = ProgressBar("scoring", unit: .rollouts) { [total = input.lineCount] in
            (done.value, max(total, done.value))
        }
        defer { bar.finish() }
        while true {
            let lines = try input.next(Self.linesAtOnce)
            if lines.isEmpty { return (chains, troubles) }
            for result in try await EvaluationLines(lines, firstIndex: done.value).scored(scorer, credit) {
                switch result {
                case .success(let line): chains.append(JudgedChain(line))
                case .failure(let trouble): troubles.append(trouble)
                }
            }
            done.add(lines.count)
        }
    }

    private func evaluationSettings(_ profile: Profile, _ credit: CreditSettings) throws -> EvaluationSettings {
        if chooseThreshold, threshold != nil {
            throw Failure.usage("--threshold and --choose-threshold exclude each other")
        }
        if let threshold, !threshold.isFinite { throw Failure.usage("--threshold: must be a finite number") }
        let axis = RewardAxis(profile.scale)
        guard chooseThreshold || threshold != nil || axis.neutral != nil else {
            throw Failure.usage(
                "--threshold: the profile \(profile.name) gives raw numbers, which have no natural one; give one, or "
                    + "--choose-threshold"
            )
        }
        return EvaluationSettings(
            axis: axis,
            threshold: chooseThreshold ? .chosen : .given(threshold ?? axis.neutral ?? 0),
            // The trajectory value stands on the scale of credit: 0 is even odds but for probabilities.
            outcomeThreshold: credit.scale == .probability ? 0.5 : 0
        )
    }

    private func facts(_ scorer: Scorer, _ credit: CreditSettings, bad: Int) -> [(name: String, value: String)] {
        [
            ("model", "\(scorer.facts.architecture), \(scorer.facts.parameterCount) parameters"),
            (
                "profile",
                "\(scorer.profile.name): \(scorer.profile.semantics.rawValue), \(scorer.profile.scale.rawValue)"
            ),
            ("trajectory value", "\(credit.pooling.rawValue):\(credit.temperature) on \(credit.scale.rawValue)"),
            ("file", file), ("lines that could not be judged", "\(bad)"), ("linchpin", linchpinVersion),
        ]
    }

    private func report(_ evaluation: Evaluation, bad: Int) {
        guard json else {
            let remark = bad > 0 ? "\n\n\(bad) lines could not be judged and are left out." : ""
            Output.write(evaluation.text + remark + "\n", to: STDOUT_FILENO)
            return
        }
        var object = evaluation.object
        object["bad_lines"] = JSONValue(bad)
        Output.write(JSONValue.object(object).serialized() + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
    }
}

extension JudgedChain {
    /// Where the model reads no reward at some step, as an outcome model does, its label cannot be judged.
    fileprivate init(_ line: EvaluationLine) {
        let rewards = line.scored.steps.compactMap(\.reward)
        self.init(
            rewards: rewards,
            label: rewards.count == line.scored.steps.count ? line.label : nil,
            correct: line.correct,
            group: line.group,
            trajectory: line.scored.credit.pooled,
            tokens: line.scored.tokenIDs.count
        )
    }
}

extension RewardAxis {
    init(_ scale: RewardScale) {
        switch scale {
        case .probability: self = .probability
        case .margin: self = .margin
        case .raw: self = .raw
        }
    }
}
