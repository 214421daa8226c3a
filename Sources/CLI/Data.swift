// linchpin data: demonstration chains to train and to judge on.
import ArgumentParser
import Demonstrations
import Glibc

struct DataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Make chains whose right and wrong steps are known, one JSON object a line.",
        subcommands: [Arithmetic.self]
    )
}

struct Arithmetic: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Multi-step arithmetic in words; the same seed gives the same bytes.",
        discussion: "train reads prompt, steps and correct of a line; eval also its label, the first wrong step."
    )

    @Option(help: ArgumentHelp("How many chains.", valueName: "N"))
    var count: Int

    @Option(help: ArgumentHelp("What the chains are drawn from.", valueName: "S"))
    var seed: UInt64

    @Option(help: ArgumentHelp("Steps of a chain, such as 4 or 1-8 (default: 1-8).", valueName: "MIN-MAX"))
    var steps: String?

    @Option(help: ArgumentHelp("The largest number that a chain passes through (default: 50).", valueName: "N"))
    var largest = 50

    @Option(
        help: ArgumentHelp(
            "How often a wrong step has a wrong result, starts from a wrong number, or does another operation.",
            valueName: "R,N,O"
        )
    )
    var mistakes = "70,15,15"

    @Option(help: ArgumentHelp("Chains that answer one problem, with one group name.", valueName: "N"))
    var chainsPerProblem = 2

    func run() async throws {
        try await Failure.reporting { try write(try task()) }
    }

    private func task() throws -> ArithmeticTask {
        guard count >= 0 else { throw Failure.usage("--count: must be at least 0, not \(count)") }
        guard (1...1000).contains(chainsPerProblem) else {
            throw Failure.usage("--chains-per-problem: must be 1 to 1000, not \(chainsPerProblem)")
        }
        var task = ArithmeticTask()
        task.chainsPerProblem = chainsPerProblem
        guard ArithmeticTask.sizes.contains(largest) else {
            throw Failure.usage("--largest: must be 10 to 99, not \(largest)")
        }
        task.largest = largest
        let weights = mistakes.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
        guard let weights = MistakeWeights(weights) else {
            throw Failure.usage("--mistakes \(mistakes): expected three weights such as 70,15,15, the first at least 1")
        }
        task.mistakes = weights
        if let steps { task.steps = try Self.range(steps) }
        return task
    }

    private static func range(_ text: String) throws -> ClosedRange<Int> {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...2).contains(ends.count), let low = ends[0], let high = ends[ends.count - 1], low >= 1, low <= high,
            high <= ArithmeticTask.longest
        else {
            throw Failure.usage(
                "--steps \(text): expected a number or MIN-MAX, 1 at least and \(ArithmeticTask.longest) at most"
            )
        }
        return low...high
    }

    private func write(_ task: ArithmeticTask) throws {
        var writer = try LineWriter(path: nil)
        let done = Counter()
        // Chains are made faster than a log reads them; a bar is for someone who waits.
        let bar =
            isatty(STDERR_FILENO) == 1
            ? ProgressBar("making", unit: .rollouts) { [count] in (done.value, count) } : nil
        defer { bar?.finish() }
        for demonstration in ArithmeticDemonstrations(task: task, seed: seed).prefix(count) {
            try writer.write(demonstration.line)
            done.add(1)
        }
        try writer.flush()
    }
}
