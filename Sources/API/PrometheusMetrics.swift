// A swift-metrics backend with a page in Prometheus text.
//
// Written by hand because no Prometheus backend is among the packages of this project (STYLE.md, Packages).
package import CoreMetrics
import Synchronization

/// Owns every series that was ever made; series are never destroyed, as Prometheus expects.
package final class PrometheusMetrics: MetricsFactory {
    /// Upper bounds of timers in seconds, from 1 ms to 300 s.
    static let secondsBounds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300,
    ]
    /// Upper bounds of recorders that nobody gave bounds of their own: parts of a whole.
    static let partBounds: [Double] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]

    private struct Key: Hashable {
        let label: String
        let dimensions: String
    }

    private let all = Mutex<[Key: Series]>([:])

    package init() {}

    private func series(_ label: String, _ dimensions: [(String, String)], _ start: Series.Value) -> Series {
        let text = dimensions.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
        return all.withLock { all in
            let key = Key(label: label, dimensions: text)
            if let known = all[key] { return known }
            let made = Series(start)
            all[key] = made
            return made
        }
    }

    /// Label values: backslash, quote and newline are escaped.
    private static func escaped(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, .counter(0))
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, .gauge(0))
    }

    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        series(label, dimensions, .histogram(Histogram(bounds: Self.partBounds)))
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, .histogram(Histogram(bounds: Self.secondsBounds)))
    }

    /// A recorder with bounds of its own; what they were when it was first made, they stay.
    func recorder(_ label: String, _ dimensions: [(String, String)], bounds: [Double]) -> any RecorderHandler {
        series(label, dimensions, .histogram(Histogram(bounds: bounds)))
    }

    /// Shows a histogram that is kept elsewhere, as it is now.
    func show(_ histogram: Histogram, as label: String, _ dimensions: [(String, String)]) {
        series(label, dimensions, .histogram(histogram)).show(histogram)
    }

    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    /// The page, in Prometheus text 0.0.4, families in the order of their names.
    package func exposition() -> [UInt8] {
        let snapshot = all.withLock { all in all.map { ($0.key, $0.value) } }
        var lines: [String] = []
        var family = ""
        for (key, series) in snapshot.sorted(by: { ($0.0.label, $0.0.dimensions) < ($1.0.label, $1.0.dimensions) }) {
            let value = series.current
            if key.label != family {
                family = key.label
                if let help = metricHelp[family] { lines.append("# HELP \(family) \(help)") }
                lines.append("# TYPE \(family) \(value.type(of: family))")
            }
            value.write(family, key.dimensions, to: &lines)
        }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }
}
