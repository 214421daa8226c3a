// An evaluation as tables of words, for a terminal or a page.

/// Columns of text under a title; the first column is names, the others are numbers.
struct ReportTable: Equatable {
    let title: String
    var columns: [String] = []
    let rows: [[String]]
    /// What a reader must know to read it.
    var note: String?
}

extension Evaluation {
    /// The tables that can be filled, the most important first.
    var tables: [ReportTable] {
        [firstErrorTable] + [stepTable, outcomeTable, bestOfNTable].compactMap { $0 }
            + [("steps", bySteps), ("tokens", byTokens)].compactMap { Self.table(of: $1, unit: $0) }
            + [calibrationTable].compactMap { $0 }
    }

    private var firstErrorTable: ReportTable {
        let title = "First wrong step (ProcessBench), percent"
        guard let firstError else {
            let note = "No chain has a label, so what is measured at steps is left out."
            return ReportTable(title: title, rows: [["chains", "\(chains)"]], note: note)
        }
        let chosen = tuningChains > 0 ? "chosen on \(tuningChains) other chains" : "given"
        return ReportTable(
            title: title,
            rows: [
                ["F1", percent(firstError.f1)],
                ["accuracy on erroneous chains", percent(firstError.accuracyErroneous)],
                ["accuracy on correct chains", percent(firstError.accuracyCorrect)],
                ["threshold", fixed(threshold, 4)],
                ["chains", "\(chains)"],
                ["labelled: erroneous", "\(firstError.erroneousChains)"],
                ["labelled: correct", "\(firstError.correctChains)"],
            ],
            note: "A step under the threshold counts as wrong; the threshold was \(chosen)."
        )
    }

    private var stepTable: ReportTable? {
        guard !samples.isEmpty else { return nil }
        return ReportTable(
            title: "Steps",
            rows: [
                ["step AUROC", decimal(stepAUROC)],
                ["expected calibration error", decimal(calibration?.expectedError)],
                ["right steps", "\(samples.count(where: \.isRight))"],
                ["first wrong steps", "\(samples.count { !$0.isRight })"],
            ],
            note: "Steps after a first wrong one are left out."
        )
    }

    private var outcomeTable: ReportTable? {
        guard let outcome else { return nil }
        let right = share(outcome.right, of: outcome.chains)
        var rows = [["AUROC of the trajectory value", decimal(outcome.auroc)]]
        if let outcomeThreshold, let accuracy = outcome.accuracy {
            rows.append(["accuracy at \(fixed(outcomeThreshold, 2)), percent", percent(accuracy)])
        }
        return ReportTable(
            title: "Final answers",
            rows: rows + [
                ["right answers, percent", percent(right)], ["chains with an outcome", "\(outcome.chains)"],
            ]
        )
    }

    private var bestOfNTable: ReportTable? {
        guard !bestOfN.isEmpty else { return nil }
        return ReportTable(
            title: "Best of n, percent right",
            columns: ["n", "picked", "first", "oracle", "groups"],
            rows: bestOfN.map { row in
                ["\(row.n)", percent(row.picked), percent(row.first), percent(row.oracle), "\(row.groups)"]
            },
            note: "Picked by trajectory value among n chains of a problem, over all ways to draw the n."
        )
    }

    private static func table(of rows: [BreakdownRow], unit: String) -> ReportTable? {
        guard rows.count > 1 else { return nil }
        return ReportTable(
            title: "By number of \(unit)",
            columns: [unit, "chains", "F1 %", "erroneous %", "correct %", "step AUROC"],
            rows: rows.map { row in
                let (low, high) = (row.sizes.lowerBound, row.sizes.upperBound)
                return [
                    low == high ? "\(low)" : "\(low)\u{2013}\(high)", "\(row.chains)", percent(row.score.f1),
                    percent(row.score.accuracyErroneous), percent(row.score.accuracyCorrect), decimal(row.stepAUROC),
                ]
            }
        )
    }

    private var calibrationTable: ReportTable? {
        guard let calibration else { return nil }
        return ReportTable(
            title: "Reliability of step rewards",
            columns: ["reward", "steps", "mean reward", "share right"],
            rows: calibration.bins.map { bin in
                [
                    "\(fixed(bin.range.lowerBound, 1))\u{2013}\(fixed(bin.range.upperBound, 1))", "\(bin.count)",
                    decimal(bin.confidence), decimal(bin.accuracy),
                ]
            },
            note: "Rewards as probabilities of being right."
        )
    }
}

extension Evaluation {
    /// The tables for a terminal, with columns made even; it ends without a newline.
    package var text: String { tables.map(\.text).joined(separator: "\n\n") }
}

extension ReportTable {
    var text: String {
        let lines = (columns.isEmpty ? [] : [columns]) + rows
        let widths = (0..<(lines.map(\.count).max() ?? 0)).map { column in
            lines.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        let body = lines.map { line in
            "  "
                + line.enumerated().map { column, cell in
                    let blank = String(repeating: " ", count: widths[column] - cell.count)
                    return column == 0 ? cell + blank : blank + cell
                }.joined(separator: "  ")
        }
        return ([title] + body + [note].compactMap { $0.map { "  (\($0))" } }).joined(separator: "\n")
    }
}
