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
    /// Upper bounds of recorders: rewards, which lie in [-1, 1] for every model but outcome models.
    static let valueBounds: [Double] = [-1, -0.5, 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1]

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
        series(label, dimensions, .histogram(Histogram(bounds: Self.valueBounds)))
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, .histogram(Histogram(bounds: Self.secondsBounds)))
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
                lines.append("# TYPE \(family) \(value.type(of: family))")
            }
            value.write(family, key.dimensions, to: &lines)
        }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }
}

/// Counts of observations under rising upper bounds, with their sum.
struct Histogram: Sendable {
    let bounds: [Double]
    private(set) var counts: [Int]
    private(set) var sum = 0.0

    init(bounds: [Double]) {
        self.bounds = bounds
        counts = [Int](repeating: 0, count: bounds.count + 1)
    }

    mutating func record(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }
}

/// One time series; which handler it plays is settled when it is made.
private final class Series: CounterHandler, MeterHandler, RecorderHandler, TimerHandler {
    enum Value: Sendable {
        case counter(Int64)
        case gauge(Double)
        case histogram(Histogram)
    }

    private let value: Mutex<Value>

    init(_ start: Value) { value = Mutex(start) }

    var current: Value { value.withLock { $0 } }

    func increment(by amount: Int64) {
        value.withLock { if case .counter(let count) = $0 { $0 = .counter(count &+ amount) } }
    }

    func reset() { value.withLock { if case .counter = $0 { $0 = .counter(0) } } }

    func set(_ amount: Int64) { set(Double(amount)) }
    func set(_ amount: Double) { value.withLock { $0 = .gauge(amount) } }

    func increment(by amount: Double) {
        value.withLock { if case .gauge(let level) = $0 { $0 = .gauge(level + amount) } }
    }

    func decrement(by amount: Double) { increment(by: -amount) }

    func record(_ amount: Int64) { record(Double(amount)) }

    func record(_ amount: Double) {
        value.withLock { value in
            guard case .histogram(var histogram) = value else { return }
            histogram.record(amount)
            value = .histogram(histogram)
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) * 1e-9) }
}

extension Series.Value {
    /// A meter that only ever rises bears a name in `_total`, and is a counter to Prometheus.
    func type(of family: String) -> String {
        switch self {
        case .counter: "counter"
        case .gauge: family.hasSuffix("_total") ? "counter" : "gauge"
        case .histogram: "histogram"
        }
    }

    func write(_ family: String, _ dimensions: String, to lines: inout [String]) {
        let labels = dimensions.isEmpty ? "" : "{\(dimensions)}"
        switch self {
        case .counter(let count): lines.append("\(family)\(labels) \(count)")
        case .gauge(let level): lines.append("\(family)\(labels) \(level)")
        case .histogram(let histogram):
            let prefix = dimensions.isEmpty ? "" : dimensions + ","
            var total = 0
            for (index, count) in histogram.counts.enumerated() {
                total += count
                let bound = index < histogram.bounds.count ? "\(histogram.bounds[index])" : "+Inf"
                lines.append("\(family)_bucket{\(prefix)le=\"\(bound)\"} \(total)")
            }
            lines.append("\(family)_sum\(labels) \(histogram.sum)")
            lines.append("\(family)_count\(labels) \(total)")
        }
    }
}
