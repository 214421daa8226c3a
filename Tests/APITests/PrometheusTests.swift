// The metrics page is Prometheus text.
import API
import CoreMetrics
import Testing

@Suite struct PrometheusTests {
    private func page(_ fill: (PrometheusMetrics) -> Void) -> [Substring] {
        let metrics = PrometheusMetrics()
        fill(metrics)
        return String(decoding: metrics.exposition(), as: UTF8.self).split(separator: "\n")
    }

    @Test func `a counter adds up, one line a set of labels`() {
        let lines = page { metrics in
            for status in ["200", "200", "404"] {
                Counter(label: "x_total", dimensions: [("status", status)], factory: metrics).increment()
            }
        }
        #expect(lines == ["# TYPE x_total counter", #"x_total{status="200"} 2"#, #"x_total{status="404"} 1"#])
    }

    @Test func `a histogram's buckets are cumulative and end in all`() {
        let lines = page { metrics in
            let timer = CoreMetrics.Timer(label: "s", dimensions: [], factory: metrics)
            for milliseconds in [1, 3, 400_000] { timer.recordMilliseconds(milliseconds) }
        }
        #expect(lines.contains(#"s_bucket{le="0.001"} 1"#))
        #expect(lines.contains(#"s_bucket{le="0.005"} 2"#))
        #expect(lines.contains(#"s_bucket{le="300.0"} 2"#))
        #expect(lines.contains(#"s_bucket{le="+Inf"} 3"#))
        #expect(lines.contains("s_count 3"))
    }

    @Test func `label values cannot break out of their quotes`() {
        let lines = page { metrics in
            Counter(label: "x_total", dimensions: [("route", "a\"b\\c\nd")], factory: metrics).increment()
        }
        #expect(lines.last == #"x_total{route="a\"b\\c\nd"} 1"#)
    }
}
