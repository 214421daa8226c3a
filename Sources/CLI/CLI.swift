// The command line: one subcommand a file.
import API
import ArgumentParser

@main
struct Linchpin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "linchpin",
        abstract: "The reward of every step of a reasoning trajectory, and the credit that follows from it.",
        version: linchpinVersion,
        subcommands: [Serve.self, Score.self, Inspect.self, Bench.self]
    )
}

/// The exit codes that scripts may rely on (DESIGN.md section 4).
enum Exit {
    static let someItemsFailed = ExitCode(1)
    static let usage = ExitCode(2)
    static let modelNotLoaded = ExitCode(3)
}
