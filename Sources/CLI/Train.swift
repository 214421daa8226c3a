// linchpin train: rollouts with outcomes in, a checkpoint out.
import API
import ArgumentParser
import Checkpoints
import Dispatch
import Glibc
import JSON
import Scoring
import Training

struct Train: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Learn a process reward model from final-answer correctness alone.",
        discussion: """
            A line of DATA.jsonl is a rollout as the API takes it with "correct": true or false; "group" names its \
            problem, and "label", its first wrong step, is looked at in evaluations only. DIR gets an ordinary Hugging \
            Face checkpoint; beside it, DIR/training holds the run's state and its curves. Ctrl-C saves; the same \
            command with --resume goes on to the same bits.
            """
    )

    @Argument(help: ArgumentHelp("File of rollouts with outcomes, one a line.", valueName: "DATA.jsonl"))
    var data: String

    @Option(help: ArgumentHelp("Folder of the checkpoint to write.", valueName: "DIR"))
    var output: String

    @Option(help: ArgumentHelp("Checkpoint to go on from; default: a new small decoder.", valueName: "DIR"))
    var base: String?

    @Option(help: ArgumentHelp("tokenizer.json of a new decoder; default: one made from the texts.", valueName: "FILE"))
    var tokenizer: String?

    @Flag(help: "Go on with the run in DIR; settings that are not given are its own.")
    var resume = false

    @Flag(help: "Throw the run in DIR away and begin anew.")
    var restart = false

    @OptionGroup(title: "What is learnt") var what: LearningOptions
    @OptionGroup(title: "How it is learnt") var how: OptimizerOptions
    @OptionGroup(title: "When to look and when to stop") var when: EvaluationOptions
    @OptionGroup(title: "A new decoder") var decoder: DecoderOptions

    @Option(help: ArgumentHelp("Minutes between saves of the run's state (default: 2).", valueName: "M"))
    var saveMinutes: Double?

    @Option(
        help: ArgumentHelp("Threads beside the lanes; no bit depends on them. Default: one a core.", valueName: "N")
    )
    var threads: Int?

    /// As a shell has it for a command that Ctrl-C ended.
    private static let interrupted = ExitCode(130)

    func run() async throws {
        let outcome = try await Failure.reporting { try await learn() }
        for line in outcome.lines(output: output) { Output.write("linchpin: \(line)\n", to: STDERR_FILENO) }
        if outcome.end == .interrupted { throw Self.interrupted }
    }

    private func learn() async throws -> TrainingOutcome {
        if resume, restart { throw Failure.usage("--resume and --restart exclude each other") }
        let job = try job()
        let signals = [SIGINT, SIGTERM].map { StopSignal($0, job.stop) }
        let bar = ProgressBar(progress: job.progress)
        defer {
            bar.finish()
            for signal in signals { signal.cancel() }
        }
        do {
            return try await train(job)
        } catch {
            throw Failure.training(error)
        }
    }

    private func job() throws -> TrainingJob {
        let threads = try Setting.count("threads", threads) ?? Processors.usable
        let minutes = saveMinutes ?? 2
        guard minutes >= 0, minutes < 1e6 else { throw Failure.usage("--save-minutes: must be at least 0") }
        let given = JSONObject((what.given + how.given + when.given + decoder.given).map { ($0.name, $0.value) })
        do {
            var job = TrainingJob(given: given, output: output, lines: try TrainingLines(file: data))
            job.beginning = resume ? .resumed : (restart ? .anew : .new)
            let stored = resume ? try RunDescription.stored(in: output)?.baseFolder : nil
            if let folder = base ?? stored { job.base = (folder: folder, checkpoint: try Checkpoint(folder: folder)) }
            job.tokenizer = try tokenizer.map { try FileBytes.all(of: $0, limit: 64 << 20) }
            job.threads = min(threads, 1024)
            job.saveEvery = .seconds(minutes * 60)
            return job
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure.training(error)
        }
    }
}

/// One signal as a stop request; a second one ends the process as it would any other.
private final class StopSignal {
    private let number: Int32
    private let source: any DispatchSourceSignal

    init(_ number: Int32, _ stop: StopRequest) {
        self.number = number
        signal(number, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInitiated))
        source.setEventHandler {
            stop.make()
            signal(number, SIG_DFL)
        }
        source.resume()
    }

    func cancel() {
        source.cancel()
        signal(number, SIG_DFL)
    }
}

extension TrainingLines {
    /// Reads every line; what is no rollout with an outcome is kept by its number and reason.
    init(file path: String) throws {
        var reader = try LineReader(path: path)
        var rollouts: [(line: Int, rollout: LabelledRollout)] = []
        var bad: [BadLine] = []
        var fingerprint = Fingerprint()
        var number = 0
        while let line = try reader.nextLine() {
            number += 1
            fingerprint.add(line + [UInt8(ascii: "\n")])
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            do throws(LineRefusal) {
                rollouts.append((line: number, rollout: try LabelledRollout(line: line)))
            } catch {
                bad.append(BadLine(line: number, problem: .unreadable(error.message)))
            }
        }
        self.init(rollouts: rollouts, bad: bad, fingerprint: fingerprint.value)
    }
}
