// Curves over one x axis, in panels one above the other.

/// One place on a curve; one that is not finite parts the curve in two.
package struct ChartPoint: Sendable, Equatable {
    package let x: Double
    package let y: Double

    package init(x: Double, y: Double) {
        self.x = x
        self.y = y
    }
}

/// A picture of several series, such as the loss above and the F1 below over the same updates.
package struct LineChart: Sendable {
    package struct Series: Sendable {
        package let name: String
        package let points: [ChartPoint]

        package init(name: String, points: [ChartPoint]) {
            self.name = name
            self.points = points
        }
    }

    /// Series that share one y axis.
    package struct Panel: Sendable {
        package let label: String
        package let series: [Series]
        /// What the y axis shows; nil: what the series need.
        package let range: ClosedRange<Double>?

        package init(label: String, series: [Series], range: ClosedRange<Double>? = nil) {
            self.label = label
            self.series = series
            self.range = range
        }
    }

    /// A place on the x axis that is pointed out.
    package struct Mark: Sendable {
        package let x: Double
        package let name: String

        package init(x: Double, name: String) {
            self.x = x
            self.name = name
        }
    }

    package var title: String
    package var xLabel: String
    package var panels: [Panel]
    package var marks: [Mark]

    package init(title: String, xLabel: String, panels: [Panel], marks: [Mark] = []) {
        self.title = title
        self.xLabel = xLabel
        self.panels = panels
        self.marks = marks
    }

    /// The picture as one SVG text; without data it shows its axes.
    package var svg: String {
        let points = panels.flatMap { $0.series.flatMap(\.points) }
        let x = Scale(covering: points.map(\.x) + marks.map(\.x), rounded: false, count: 7)
        let scales = panels.map { panel in
            Scale(covering: panel.series.flatMap { $0.points.map(\.y) }, range: panel.range)
        }
        let left = Frame.left(for: scales)
        let panelHeight = panels.count > 1 ? 170.0 : 260.0
        var drawing = Drawing()
        drawing.text(title, at: (left, 20), size: 14)
        var top = Frame.titleHeight
        // Colours go on from panel to panel, so that no two curves of one picture share one.
        var colour = 0
        for (place, (panel, scale)) in zip(panels, scales).enumerated() {
            let isLast = place == panels.count - 1
            top += Self.legend(panel, top: top, left: left, colour: colour, in: &drawing)
            let frame = Frame(left: left, top: top, height: panelHeight, x: x, y: scale)
            frame.axes(&drawing, xLabel: isLast ? xLabel : nil, yLabel: panel.label)
            drawMarks(in: frame, named: place == 0, &drawing)
            for series in panel.series {
                Self.draw(series, in: frame, colour: Drawing.colour(colour), &drawing)
                colour += 1
            }
            top += panelHeight + (isLast ? Frame.axisHeight : 16)
        }
        return drawing.svg(width: Frame.width, height: top, title: title)
    }

    /// Gives the height that the legend took.
    private static func legend(
        _ panel: Panel,
        top: Double,
        left: Double,
        colour: Int,
        in drawing: inout Drawing
    ) -> Double {
        let places = Frame.legend(panel.series.map(\.name), left: left)
        for (index, place) in places.enumerated() {
            let y = top + Double(place.row) * Frame.legendHeight + 10
            drawing.polyline([(place.x, y), (place.x + 18, y)], colour: Drawing.colour(colour + index))
            drawing.text(place.name, at: (place.x + 24, y + 4))
        }
        return Double((places.last?.row ?? -1) + 1) * Frame.legendHeight + 4
    }

    /// - Parameter named: whether the names are written too, which the first panel does for all.
    private func drawMarks(in frame: Frame, named: Bool, _ drawing: inout Drawing) {
        for mark in marks where Scale.isDrawable(mark.x) {
            let at = frame.place(mark.x, frame.y.low).x
            drawing.line((at, frame.top), (at, frame.top + frame.height), colour: Drawing.faint, dashed: true)
            guard named else { continue }
            let isLeft = frame.x.share(mark.x) < 0.6
            drawing.text(
                mark.name,
                at: (at + (isLeft ? 5 : -5), frame.top + 13),
                anchor: isLeft ? .start : .end,
                colour: Drawing.faint
            )
        }
    }

    /// A curve in as many pieces as it has gaps; a piece of one point is a dot.
    private static func draw(_ series: Series, in frame: Frame, colour: String, _ drawing: inout Drawing) {
        let pieces = series.points.split { !Scale.isDrawable($0.x) || !Scale.isDrawable($0.y) }
        for piece in pieces {
            // A panel whose range was given does not let its curves out.
            let places = piece.map { frame.place($0.x, min(max($0.y, frame.y.low), frame.y.high)) }
            if let only = places.first, places.count == 1 {
                drawing.dot((only.x, only.y), radius: 3, colour: colour)
            } else {
                drawing.polyline(places, colour: colour)
            }
        }
    }
}
