// The sentences of a training run: how it goes, how it ended, why it did not start.
import Checkpoints
import Glibc
import Scoring
import Tokenizing
import Training
import Transformers

extension TrainingError {
    var sentence: String {
        switch self {
        case .setting(let name, let expected): "\(Self.flag(name)): must be \(expected)"
        case .conflict(let one, let other): "\(Self.flag(one)) does not go with \(other)"
        case .runExists(let folder, let update):
            "\(folder) holds a run of \(update) updates: --resume goes on with it, --restart throws it away"
        case .noRun(let folder): "\(folder) holds no run to resume"
        case .differs(let name, let was, let now):
            "--resume: \(Self.flag(name)) was \(was) when the run began and is \(now) now"
        case .badState(let file): "training/\(file) is damaged or of another run; --restart begins anew"
        case .tooManyBadLines(let lines, let count, let all):
            "\(count) of \(all) lines cannot be learnt from (--bad-lines bears a share): "
                + lines.prefix(3).map(\.sentence).joined(separator: "; ")
        case .noRollouts: "there is no rollout to learn from"
        case .emptySplit(let training, let heldOut):
            "the split left \(training) rollouts to learn from and \(heldOut) to look at; change --held-out"
        case .diverged(let update): "the gradient of update \(update) is not finite; try a lower --rate"
        case .profile(let error): error.sentence
        case .tokenizer(let text): text
        case .model(let error): error.sentence
        case .checkpoint(let error): error.sentence
        case .file(let name, let code): "\(name): \(String(cString: strerror(code)))"
        }
    }

    /// Settings are flags to whoever reads this; data, base and tokenizer are not.
    private static func flag(_ name: String) -> String {
        guard !["data", "base", "tokenizer"].contains(name) else { return name }
        return "--" + String(name.map { $0 == "_" ? "-" : $0 })
    }
}

extension BadLine {
    var sentence: String {
        switch problem {
        case .unreadable(let message): "line \(line): \(message)"
        case .unscorable(.emptySteps): "line \(line): it has no steps"
        case .unscorable(.tooLong(let tokens, let limit)): "line \(line): \(tokens) tokens, more than \(limit)"
        case .unscorable(.stepNotInResponse(let step)): "line \(line): step \(step) is not in the response"
        case .unscorable(let error): "line \(line): \(error)"
        }
    }
}

extension Failure {
    /// What stopped a run, with the exit code that its kind has.
    static func training(_ error: any Error) -> Failure {
        switch error {
        case let error as TrainingError:
            switch error {
            case .diverged: .run(error.sentence, Exit.someItemsFailed)
            case .profile, .tokenizer, .model, .checkpoint: .run(error.sentence, Exit.modelNotLoaded)
            default: .run(error.sentence, Exit.usage)
            }
        case is ProfileError, is TokenizerError, is ModelError, is CheckpointError:
            .run(sentence(error), Exit.modelNotLoaded)
        default: .run("\(error)", Exit.someItemsFailed)
        }
    }
}

extension TrainingOutcome {
    /// What a person wants to know when it is over.
    func lines(output: String) -> [String] {
        var lines: [String] = []
        if !badLines.isEmpty {
            let first = badLines.prefix(3).map(\.sentence).joined(separator: "; ")
            lines.append("\(badLines.count) lines were left out: \(first)")
        }
        switch end {
        case .interrupted:
            lines.append("stopped after update \(update); the same command with --resume goes on")
            return lines
        case .stoppedEarly: lines.append("stopped early after update \(update): it got no better")
        case .finished: lines.append("finished \(update) updates on \(trainingRollouts) rollouts")
        }
        if let best {
            lines.append("\(output) has update \(best.update): \(best.score.text) on \(heldOutRollouts) rollouts")
        } else {
            lines.append("\(output) has the last update")
        }
        return lines
    }
}

extension HeldOutScore {
    var text: String {
        let words = ["held-out loss \(fixed(loss, 4))", "accuracy \(fixed(accuracy, 3))"]
        return (words + (f1.map { ["F1 \(fixed($0, 3))"] } ?? [])).joined(separator: ", ")
    }
}

extension ProgressBar {
    /// Shows a training run from outside.
    convenience init(progress: TrainingProgress) {
        self.init(
            "training",
            unit: .updates,
            lookAt: {
                let now = progress.current
                var state = ProgressBar.State(done: now.done, total: now.total, before: now.doneBefore)
                switch now.phase {
                case .preparing: state.title = "preparing"
                case .features: (state.title, state.unit) = ("computing features", .rollouts)
                case .training:
                    let notes = [now.loss.map { "loss \(fixed($0, 4))" }, now.heldOut?.text]
                    state.notes = notes.compactMap(\.self)
                }
                return state
            }
        )
    }
}

/// A number with so many digits after the point.
private func fixed(_ value: Double, _ digits: Int) -> String {
    let scale = pow(10, Double(digits))
    guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
    let whole = Int((abs(value) * scale).rounded())
    let unit = Int(scale)
    let rest = String(whole % unit)
    let sign = value < 0 && whole > 0 ? "-" : ""
    return "\(sign)\(whole / unit)." + String(repeating: "0", count: digits - rest.count) + rest
}
