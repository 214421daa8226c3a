// The numbers behind the lines of the metrics page.
import CoreMetrics
import Synchronization

/// Counts of observations under rising upper bounds, with their sum.
struct Histogram: Sendable {
    let bounds: [Double]
    private(set) var counts: [Int]
    private(set) var sum = 0.0

    init(bounds: [Double]) {
        self.bounds = bounds
        counts = [Int](repeating: 0, count: bounds.count + 1)
    }

    /// One that was counted elsewhere; what is missing of `counts` is above every bound.
    init(bounds: [Double], counts: [Int], sum: Double) {
        self.init(bounds: bounds)
        for (index, count) in counts.prefix(self.counts.count).enumerated() { self.counts[index] = count }
        self.sum = sum
    }

    mutating func record(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }
}

/// One time series; which handler it plays is settled when it is made.
final class Series: CounterHandler, MeterHandler, RecorderHandler, TimerHandler {
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

    func show(_ histogram: Histogram) { value.withLock { $0 = .histogram(histogram) } }

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
