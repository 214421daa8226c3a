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
    }

    private let title: String
    private let unit: Unit
    private let look: () -> (done: Int, total: Int)
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let started = ContinuousClock.now
    private let timer: any DispatchSourceTimer

    /// Starts to show what `look` says; it is called from another thread.
    init(_ title: String, unit: Unit, look: @escaping @Sendable () -> (done: Int, total: Int)) {
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
        let (done, total) = look()
        let seconds = Self.seconds(started.duration(to: .now))
        var line = "\(title): \(amount(done)) of \(amount(total))"
        if !last, done > 0, total > done {
            line += ", \(Int((seconds * Double(total - done) / Double(done)).rounded(.up))) s left"
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

    private func amount(_ count: Int) -> String {
        switch unit {
        case .bytes: "\(count / 1_000_000).\(count / 100_000 % 10) MB"
        case .rollouts: "\(count)"
        }
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }

    private static func write(_ text: String) { Output.write(text, to: STDERR_FILENO) }
}
