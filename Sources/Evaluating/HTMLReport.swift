// An evaluation as one page that needs nothing else.

/// A page with tables and plots: no script, no outside asset, styles in its own `<style>` alone, so that it may be
/// mailed, archived, or served under the strictest policy.
package struct HTMLReport: Sendable {
    package let title: String
    /// What was judged and how, as names and values, in the order to be shown.
    package let facts: [(name: String, value: String)]
    package let evaluation: Evaluation

    package init(title: String, facts: [(name: String, value: String)], evaluation: Evaluation) {
        self.title = title
        self.facts = facts
        self.evaluation = evaluation
    }

    package var html: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(escaped(title))</title>
        <style>
        \(Self.style)
        </style>
        </head>
        <body>
        <h1>\(escaped(title))</h1>
        <dl>\(facts.map { "<dt>\(escaped($0.name))</dt><dd>\(escaped($0.value))</dd>" }.joined(separator: "\n"))</dl>
        <section class="tables">
        \(evaluation.tables.map(\.html).joined(separator: "\n"))
        </section>
        \(plots.map { "<figure>\n\($0)\n</figure>" }.joined(separator: "\n"))
        </body>
        </html>

        """
    }

    private var plots: [String] {
        var plots: [String] = []
        if evaluation.curve.contains(where: { $0.f1 != nil }) { plots.append(thresholdChart.svg) }
        if !evaluation.samples.isEmpty {
            plots.append(RewardHistogram(evaluation.samples, range: evaluation.axis.range).svg)
        }
        if let calibration = evaluation.calibration { plots.append(calibration.svg) }
        if !evaluation.bestOfN.isEmpty { plots.append(bestOfNChart.svg) }
        return plots
    }

    private var thresholdChart: LineChart {
        func series(_ name: String, _ value: (FirstErrorScore) -> Double?) -> LineChart.Series {
            LineChart.Series(
                name: name,
                points: evaluation.curve.map { ChartPoint(x: $0.threshold, y: value($0) ?? .nan) }
            )
        }
        return LineChart(
            title: "First-error score against the threshold",
            xLabel: "threshold",
            panels: [
                LineChart.Panel(
                    label: "share",
                    series: [
                        series("F1", \.f1), series("accuracy on erroneous chains", \.accuracyErroneous),
                        series("accuracy on correct chains", \.accuracyCorrect),
                    ],
                    range: 0...1
                )
            ],
            marks: [LineChart.Mark(x: evaluation.threshold, name: "threshold \(fixed(evaluation.threshold, 3))")]
        )
    }

    private var bestOfNChart: LineChart {
        func series(_ name: String, _ value: (BestOfN) -> Double) -> LineChart.Series {
            let points = evaluation.bestOfN.map { ChartPoint(x: Double($0.n), y: value($0)) }
            return LineChart.Series(name: name, points: points)
        }
        return LineChart(
            title: "Best of n",
            xLabel: "n",
            panels: [
                LineChart.Panel(
                    label: "share of right answers",
                    series: [
                        series("picked by value", \.picked), series("first", \.first), series("oracle", \.oracle),
                    ]
                )
            ]
        )
    }

    private static let style = """
        body { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; color: #24292f; background: #fff;
          max-width: 60rem; margin: 2.5rem auto; padding: 0 1rem; }
        h1 { font-size: 1.5rem; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; }
        dt { color: #6e7781; }
        dd { margin: 0; overflow-wrap: anywhere; }
        .tables { display: flex; flex-wrap: wrap; gap: 1.5rem 3rem; align-items: flex-start; margin: 2rem 0; }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        caption { font-weight: 600; white-space: nowrap; text-align: left; padding-bottom: .3rem; }
        th, td { padding: .15rem .8rem .15rem 0; border-top: 1px solid #e1e4e8; text-align: right; }
        th { font-weight: 400; color: #6e7781; }
        th:first-child, td:first-child { text-align: left; }
        .note { max-width: 24rem; margin: .4rem 0 0; font-size: .85rem; color: #6e7781; }
        figure { margin: 2rem 0; }
        svg { max-width: 100%; height: auto; }
        """
}

extension ReportTable {
    var html: String {
        func row(_ cells: [String], _ tag: String) -> String {
            "<tr>" + cells.map { "<\(tag)>\(escaped($0))</\(tag)>" }.joined() + "</tr>"
        }
        let head = columns.isEmpty ? "" : "<thead>\(row(columns, "th"))</thead>\n"
        let body = rows.map { row($0, "td") }.joined(separator: "\n")
        let remark = note.map { "\n<p class=\"note\">\(escaped($0))</p>" } ?? ""
        return """
            <div><table>
            <caption>\(escaped(title))</caption>
            \(head)<tbody>
            \(body)
            </tbody>
            </table>\(remark)</div>
            """
    }
}
