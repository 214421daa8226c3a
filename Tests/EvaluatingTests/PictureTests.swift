// Pictures and pages hold together whatever the data.
import Evaluating
import Fixtures
import Foundation
import JSON
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// Whether a text is well-formed XML without a number that is none.
private func isSound(_ svg: String) -> Bool {
    XMLParser(data: Data(svg.utf8)).parse() && !svg.lowercased().contains("nan") && !svg.contains("\"inf")
        && !svg.contains("style=")
}

private func chart(_ series: [[ChartPoint]], range: ClosedRange<Double>? = nil) -> LineChart {
    LineChart(
        title: "loss & F1 <of> \"it\"",
        xLabel: "updates",
        panels: [
            LineChart.Panel(
                label: "loss",
                series: series.enumerated().map { LineChart.Series(name: "<s\($0)>", points: $1) },
                range: range
            )
        ]
    )
}

private let hard: [[ChartPoint]] = [
    [], [ChartPoint(x: 0, y: 0)], (0..<5).map { ChartPoint(x: Double($0), y: 3) },
    (0..<5).map { ChartPoint(x: 2, y: Double($0)) }, [ChartPoint(x: 1, y: .nan), ChartPoint(x: .infinity, y: 2)],
    [ChartPoint(x: -1e308, y: 1e308), ChartPoint(x: 1e308, y: -1e308)],
    [ChartPoint(x: 0, y: 1e-300), ChartPoint(x: 1, y: 2e-300)],
    [ChartPoint(x: 0, y: 1e99), ChartPoint(x: 1, y: -1e99)], [ChartPoint(x: 0, y: 1), ChartPoint(x: 1, y: 1.nextUp)],
    (0..<9).map { ChartPoint(x: Double($0), y: $0 == 4 ? .nan : Double($0)) },
]

@Suite struct LineChartTests {
    @Test(arguments: hard)
    func `any data makes a sound picture`(points: [ChartPoint]) {
        #expect(isSound(chart([points]).svg))
        #expect(isSound(chart([points, points], range: 0...1).svg))
        #expect(isSound(LineChart(title: "", xLabel: "", panels: []).svg))
    }

    @Test func `a curve is parted where a number is missing`() {
        // One stroke in the legend, and two pieces.
        let svg = chart([(0..<9).map { ChartPoint(x: Double($0), y: $0 == 4 ? .nan : Double($0)) }]).svg
        #expect(svg.components(separatedBy: "<polyline").count == 4)
    }

    @Test(arguments: [
        (0.0, 1.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]), (0, 10, ["0", "2", "4", "6", "8", "10"]),
        (3, 3, ["2.4", "2.6", "2.8", "3.0", "3.2", "3.4", "3.6"]), (-1, 1, ["-1.0", "-0.5", "0.0", "0.5", "1.0"]),
        (0.0001, 0.0009, ["0.0000", "0.0002", "0.0004", "0.0006", "0.0008", "0.0010"]),
        (0, 2_000_000, ["0", "500000", "1000000", "1500000", "2000000"]),
        (0, 4e9, ["0", "1e+09", "2e+09", "3e+09", "4e+09"]),
    ])
    func `ticks stand at round numbers`(low: Double, high: Double, labels: [String]) {
        let points = [ChartPoint(x: 0, y: low), ChartPoint(x: 1, y: high)]
        let svg = chart([points]).svg
        let found = svg.components(separatedBy: "\n").filter { $0.contains("text-anchor=\"end\"") }
            .compactMap { $0.components(separatedBy: ">").dropFirst().first?.components(separatedBy: "<").first }
        #expect(found == labels)
    }

    @Test func `text is escaped`() {
        let svg = chart([[]]).svg
        #expect(svg.contains("loss &amp; F1 &lt;of&gt; &quot;it&quot;") && svg.contains("&lt;s0&gt;"))
        var odd = chart([[]])
        odd.title = "\u{0}\u{1B}[2J</title><script>"
        #expect(isSound(odd.svg) && !odd.svg.contains("<script"))
    }
}

@Suite struct ReportTests {
    private func evaluation(_ chains: [JudgedChain], axis: RewardAxis = .probability) throws -> Evaluation {
        let settings = EvaluationSettings(axis: axis, threshold: .given(0.5), outcomeThreshold: 0.5)
        return try #require(Evaluation(chains, settings: settings))
    }

    private func page(_ chains: [JudgedChain], axis: RewardAxis = .probability) throws -> String {
        let facts = [(name: "file", value: "<&'\">")]
        return HTMLReport(title: "<script>", facts: facts, evaluation: try evaluation(chains, axis: axis)).html
    }

    private var random: [JudgedChain] {
        var random = SeededGenerator(seed: 7)
        return random.chains(60)
    }

    @Test(arguments: RewardAxis.allCases)
    func `a page needs nothing outside and runs nothing`(axis: RewardAxis) throws {
        for chains in [random, [], [chain([0.5], nil)], [chain([0.4], 0)], [outcome(0.4, true)]] {
            let html = try page(chains, axis: axis)
            #expect(!html.contains("<script") && !html.contains("style=\"") && !html.lowercased().contains("nan<"))
            let outside = html.replacingOccurrences(of: "http://www.w3.org/2000/svg", with: "")
            #expect(!outside.contains("://") && !outside.contains("href") && !outside.contains("src="))
            for part in html.components(separatedBy: "<svg").dropFirst() {
                #expect(isSound("<svg" + (part.components(separatedBy: "</svg>").first ?? "") + "</svg>"))
            }
        }
    }

    @Test func `the object has every measure, and null where there is none`() throws {
        let full = try evaluation(random).object
        for key in ["f1", "accuracy_erroneous", "accuracy_correct", "threshold", "step_auroc"] {
            let value = try #require(full[key]?.double, "\(key)")
            #expect((0...1).contains(value))
        }
        #expect(full["chains"] == 60)
        let bare = try evaluation([chain([0.9], nil)]).object
        #expect(bare["f1"] == .null && bare["step_auroc"] == .null && bare["outcome_accuracy"] == .null)
        #expect(bare["chains"] == 1 && bare["labelled_chains"] == 0)
    }

    @Test func `the text shows percent in even columns`() throws {
        let text = try evaluation([chain([0.9, 0.2], 1), chain([0.9], -1), chain([0.2], -1)]).text
        #expect(text.contains("  F1                              66.7\n"))
        #expect(text.contains("  accuracy on erroneous chains   100.0\n"))
        #expect(text.contains("  accuracy on correct chains      50.0\n"))
        #expect(try evaluation([chain([0.9], nil)]).text.contains("No chain has a label"))
    }

    @Test func `a chosen threshold is judged on other problems`() throws {
        let settings = EvaluationSettings(axis: .probability, threshold: .chosen, outcomeThreshold: nil)
        let chosen = try #require(Evaluation(random, settings: settings))
        let split = ThresholdSplit(random)
        #expect(chosen.tuningChains == split.tuning.count && chosen.chains == split.held.count)
        #expect(chosen.threshold == ThresholdSweep(split.tuning).best?.threshold)
        #expect(chosen.firstError == FirstErrorScore(split.held, threshold: chosen.threshold))
        #expect(Evaluation([], settings: settings) == nil)
    }
}
