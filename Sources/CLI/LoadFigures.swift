// What the clients of a bench saw.
import JSON

/// Counts and latencies; long rollouts stand apart.
struct LoadFigures {
    struct Sample: Sendable {
        let seconds: Double
        let isGood: Bool
        let isLong: Bool
    }

    private let short: [Double]
    private let long: [Double]
    private let failures: Int
    private let seconds: Double

    init(_ samples: [Sample], seconds: Double) {
        short = samples.filter { $0.isGood && !$0.isLong }.map(\.seconds).sorted()
        long = samples.filter { $0.isGood && $0.isLong }.map(\.seconds).sorted()
        failures = samples.count { !$0.isGood }
        self.seconds = seconds
    }

    private func quantile(_ share: Double, of sorted: [Double]) -> Double {
        sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
    }

    var object: JSONObject {
        func number(_ value: Double) -> JSONValue { JSONValue(value) ?? .null }
        var object = JSONObject([
            ("requests_per_second", number(Double(short.count + long.count) / seconds)),
            ("failures", JSONValue(failures)), ("p50_seconds", number(quantile(0.5, of: short))),
            ("p99_seconds", number(quantile(0.99, of: short))),
        ])
        if !long.isEmpty {
            object["long_requests"] = JSONValue(long.count)
            object["long_p50_seconds"] = number(quantile(0.5, of: long))
            object["long_p99_seconds"] = number(quantile(0.99, of: long))
        }
        return object
    }

    var text: String {
        func milliseconds(_ share: Double, _ sorted: [Double]) -> String {
            "\((quantile(share, of: sorted) * 100_000).rounded() / 100) ms"
        }
        var lines = [
            "requests a second   \((Double(short.count + long.count) / seconds * 10).rounded() / 10)",
            "latency             p50 \(milliseconds(0.5, short)), p99 \(milliseconds(0.99, short))",
            "failures            \(failures)",
        ]
        if !long.isEmpty {
            let quantiles = "p50 \(milliseconds(0.5, long)), p99 \(milliseconds(0.99, long))"
            lines.append("of \(long.count) long          \(quantiles)")
        }
        return lines.joined(separator: "\n")
    }
}
