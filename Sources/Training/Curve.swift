// Loss and accuracy over the updates, as a table and a plot.
import Evaluating

/// The rows of `curve.csv`, one an evaluation.
package struct Curve {
    static let textFile = "curve.csv"
    static let plotFile = "curve.svg"
    private static let columns =
        "update,loss,language_loss,rate,temperature,held_out_loss,held_out_accuracy,held_out_f1"

    package struct Row: Equatable {
        package let update: Int
        /// In the order of the columns; nil where there is none.
        package let values: [Double?]

        package init(update: Int, values: [Double?]) { (self.update, self.values) = (update, values) }
    }

    private var rows: [Row] = []

    package init() {}

    /// Rows past `update` are dropped: they are of a run that went on after its last save.
    package init(text: [UInt8], through update: Int) {
        for line in String(decoding: text, as: UTF8.self).split(separator: "\n").dropFirst() {
            let cells = line.split(separator: ",", omittingEmptySubsequences: false)
            guard let at = cells.first.flatMap({ Int($0) }), at <= update else { continue }
            rows.append(Row(update: at, values: cells.dropFirst().map { Double(String($0)) }))
        }
    }

    package mutating func append(_ row: Row) { rows.append(row) }

    /// The shortest decimals that read back to the same bits, so that a resumed run writes the same file.
    package var text: [UInt8] {
        var text = Self.columns + "\n"
        for row in rows {
            let cells = row.values.map { $0.map { "\($0)" } ?? "" }
            text += ([String(row.update)] + cells).joined(separator: ",") + "\n"
        }
        return Array(text.utf8)
    }
}

extension Curve {
    /// Both losses above, both accuracies below; the kept evaluation is pointed out.
    func plot(best: Int?) -> LineChart {
        LineChart(
            title: "Learning from outcomes",
            xLabel: "updates",
            panels: [
                .init(label: "loss", series: [series("training", 0), series("held-out", 4)]),
                .init(
                    label: "held-out",
                    series: [series("outcome accuracy", 5), series("first-error F1", 6)].filter { !$0.points.isEmpty },
                    range: 0...1
                ),
            ],
            marks: best.map { [.init(x: Double($0), name: "kept")] } ?? []
        )
    }

    private func series(_ name: String, _ column: Int) -> LineChart.Series {
        let points = rows.compactMap { row -> ChartPoint? in
            guard column < row.values.count, let value = row.values[column] else { return nil }
            return ChartPoint(x: Double(row.update), y: value)
        }
        return LineChart.Series(name: name, points: points)
    }
}
