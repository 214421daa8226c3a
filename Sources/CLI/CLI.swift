// The command line: one subcommand a file.
import API
import ArgumentParser
import Glibc

@main
struct Linchpin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "linchpin",
        abstract: "The reward of every step of a reasoning trajectory, and the credit that follows from it.",
        version: linchpinVersion,
        subcommands: [
            Serve.self, Score.self, Signals.self, Train.self, Eval.self, DataCommand.self, Bench.self, Inspect.self,
        ]
    )

    /// As ArgumentParser's own, but a mistake in the words is exit code 2 (not 64) and one line.
    static func main() async {
        // Before the first `await`: Dispatch opens descriptors of its own, and would get the numbers.
        Descriptors.fillStandard()
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            Output.write("linchpin: \(message(for: error)) (see linchpin --help)\n", to: STDERR_FILENO)
            exit(withError: Exit.usage)
        }
    }
}

/// The exit codes that scripts may rely on (DESIGN.md section 4).
enum Exit {
    static let someItemsFailed = ExitCode(1)
    static let usage = ExitCode(2)
    static let modelNotLoaded = ExitCode(3)
}
