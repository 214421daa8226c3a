// The rectangle that data is drawn in, with its axes.

/// One panel of a chart: places of numbers in pixels, and the axes that say so.
struct Frame {
    static let width = 640.0
    static let marginRight = 24.0
    /// A title's line over the first panel, and a legend's.
    static let titleHeight = 30.0
    static let legendHeight = 22.0
    /// Tick labels and the label under a panel's x axis.
    static let axisHeight = 44.0

    let left: Double
    let top: Double
    let height: Double
    let x: Scale
    let y: Scale

    private var right: Double { Self.width - Self.marginRight }
    private var bottom: Double { top + height }

    /// The left margin that the widest of these labels needs beside a turned axis label.
    static func left(for scales: [Scale]) -> Double {
        let widest = scales.flatMap(\.ticks).map { Drawing.width(of: $0.label) }.max() ?? 0
        return 34 + widest
    }

    func place(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
        (left + self.x.share(x) * (right - left), bottom - self.y.share(y) * height)
    }

    /// - Parameter xLabel: nil where another panel below has the same x axis.
    func axes(_ drawing: inout Drawing, xLabel: String?, yLabel: String) {
        for tick in y.ticks {
            let at = place(x.low, tick.value).y
            drawing.line((left, at), (right, at), colour: Drawing.grid)
            drawing.text(tick.label, at: (left - 6, at + 4), anchor: .end, colour: Drawing.faint)
        }
        drawing.line((left, bottom), (right, bottom), colour: Drawing.faint)
        for tick in x.ticks {
            let at = place(tick.value, y.low).x
            drawing.line((at, bottom), (at, bottom + 4), colour: Drawing.faint)
            if xLabel != nil {
                drawing.text(tick.label, at: (at, bottom + 18), anchor: .middle, colour: Drawing.faint)
            }
        }
        if let xLabel { drawing.text(xLabel, at: ((left + right) / 2, bottom + 37), anchor: .middle) }
        drawing.text(yLabel, at: (16, top + height / 2), anchor: .middle, upright: false)
    }

    /// Rows that a legend of these names takes, each name with the row and the place it stands at.
    static func legend(_ names: [String], left: Double) -> [(name: String, row: Int, x: Double)] {
        var places: [(name: String, row: Int, x: Double)] = []
        var (row, x) = (0, left)
        for name in names {
            let needed = 26 + Drawing.width(of: name)
            if x > left, x + needed > width - marginRight { (row, x) = (row + 1, left) }
            places.append((name, row, x))
            x += needed + 16
        }
        return places
    }
}
