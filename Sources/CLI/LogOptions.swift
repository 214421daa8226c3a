// The flags of serve that say what is logged, and how.
import ArgumentParser
import Glibc
import Logging
import Logs

struct LogOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("trace, debug, info (one line a request), notice, warning, error, critical.", valueName: "L")
    )
    var logLevel: String?

    @Option(
        help: ArgumentHelp("json (one object a line) or text (default: text on a terminal, else json).", valueName: "F")
    )
    var logFormat: String?

    func journal() throws -> Journal {
        let format = try Setting.word("log-format", logFormat, as: LogFormat.self)
        let level = try Setting.word("log-level", logLevel, as: Logger.Level.self)
        return Journal(format: format ?? (isatty(STDERR_FILENO) == 1 ? .text : .json), level: level ?? .notice)
    }
}

/// The log of a running service, on standard error.
struct Journal {
    private let format: LogFormat
    let logger: Logger
    let output: LogOutput

    /// The logger where nothing but its lines may stand on standard error.
    var onlyLog: Logger? { format == .json ? logger : nil }

    init(format: LogFormat, level: Logger.Level) {
        self.format = format
        let output = LogOutput(STDERR_FILENO)
        self.output = output
        var logger = Logger(label: "linchpin") { _ in LineHandler(format: format, output: output) }
        logger.logLevel = level
        self.logger = logger
    }

    /// Before the process ends; a reader that has gone to sleep does not hold it up.
    func finish() { output.finish(within: .seconds(1)) }
}
