// Shows how far long work has come.
import Dispatch
import Glibc

/// A bar on a terminal, a plain line every few seconds in a log; always on standard error.
///
/// Owns a timer that looks at the work from outside, so that the work itself reports to nobody.
final class ProgressBar {
    enum Unit {
        case bytes
        case rollouts
        case updates
    }

    /// What there is to show at one moment.
    struct State {
        var title: String?
        var unit: Unit?
        let done: Int
        let total: Int
        /// What was done before this process began: it says nothing of the time that is left.
        var before = 0
        var notes: [String] = []
    }

    private let title: String
    private let unit: Unit
    private let look: () -> State
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let started = ContinuousClock.now
    private let timer: any DispatchSourceTimer

    /// Starts to show what `look` says; it is called from another thread.
    convenience init(_ title: String, unit: Unit, look: @escaping @Sendable () -> (done: Int, total: Int)) {
        self.init(
            title,
            unit: unit,
            lookAt: {
                let (done, total) = look()
                return State(done: done, total: total)
            }
        )
    }

    init(_ title: String, unit: Unit, lookAt look: @escaping @Sendable () -> State) {
        self.title = title
        self.unit = unit
        self.look = look
        timer = DispatchSource.makeTimerSource(queue: .global(qos: .utility))
        let interval: DispatchTimeInterval = isTerminal ? .milliseconds(100) : .seconds(5)
        timer.schedule(deadline: .now() + interval, repeating: interval)
        timer.setEventHandler { [weak self] in self?.show(last: false) }
        timer.resume()
    }

    /// Shows the last state and stops.
    func finish() {
        timer.cancel()
        show(last: true)
    }

    private func show(last: Bool) {
        let state = look()
        // A run that was refused has nothing to show.
        if unit == .updates, state.total == 0 { return }
        let (done, total, own) = (state.done, state.total, state.done - state.before)
        let seconds = Self.seconds(started.duration(to: .now))
        let unit = state.unit ?? unit
        var line = "\(state.title ?? title): \(unit.amount(done)) of \(unit.amount(total))"
        for note in state.notes { line += ", \(note)" }
        if !last, own > 0, total > done {
            line += ", \(Self.time(seconds * Double(total - done) / Double(own))) left"
        }
        if last { line += " in \(Int((seconds * 10).rounded()) / 10).\(Int((seconds * 10).rounded()) % 10) s" }
        if isTerminal {
            let filled = total > 0 ? min(20, 20 * done / total) : 0
            let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 20 - filled)
            Self.write("\r\u{1B}[K[\(bar)] \(line)\(last ? "\n" : "")")
        } else {
            Self.write(line + "\n")
        }
    }

    /// Seconds, or minutes where there are many.
    private static func time(_ seconds: Double) -> String {
        seconds < 120 ? "\(Int(seconds.rounded(.up))) s" : "\(Int((seconds / 60).rounded(.up))) min"
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }

    private static func write(_ text: String) { Output.write(text, to: STDERR_FILENO) }
}

extension ProgressBar.Unit {
    fileprivate func amount(_ count: Int) -> String {
        switch self {
        case .bytes: "\(count / 1_000_000).\(count / 100_000 % 10) MB"
        case .rollouts, .updates: "\(count)"
        }
    }
}
