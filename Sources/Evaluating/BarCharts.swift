// Pictures made of bars: reliability, and rewards by rightness.

extension Calibration {
    /// How often steps are right against what their rewards say; on the diagonal the two agree.
    package var svg: String {
        let share = Scale(covering: [], range: 0...1)
        let most = bins.map { Double($0.count) }.max() ?? 0
        let counts = Scale(covering: [0, max(1, most)], count: 3)
        let left = Frame.left(for: [share, counts])
        let upper = Frame(left: left, top: 38, height: 240, x: share, y: share)
        let lower = Frame(left: left, top: 300, height: 80, x: share, y: counts)
        var drawing = Drawing()
        drawing.text("Reliability of step rewards", at: (left, 20), size: 14)
        upper.axes(&drawing, xLabel: nil, yLabel: "share of right steps")
        lower.axes(&drawing, xLabel: "reward as a probability", yLabel: "steps")
        for bin in bins {
            lower.bar(bin.range, to: Double(bin.count), colour: Drawing.faint, &drawing)
            if let accuracy = bin.accuracy { upper.bar(bin.range, to: accuracy, colour: "#9ecae9", &drawing) }
        }
        let (from, to) = (upper.place(0, 0), upper.place(1, 1))
        drawing.line((from.x, from.y), (to.x, to.y), colour: Drawing.ink, dashed: true)
        for bin in bins {
            guard let confidence = bin.confidence, let accuracy = bin.accuracy else { continue }
            let at = upper.place(confidence, accuracy)
            drawing.dot((at.x, at.y), radius: 4, colour: Drawing.colour(0))
        }
        return drawing.svg(width: Frame.width, height: 380 + Frame.axisHeight, title: "Reliability of step rewards")
    }
}

/// Rewards of right steps beside those of first wrong ones, each as shares of their own kind.
package struct RewardHistogram: Sendable {
    package let samples: [StepSample]
    package let range: ClosedRange<Double>?

    /// - Parameter range: what the x axis shows; nil: what the rewards need.
    package init(_ samples: [StepSample], range: ClosedRange<Double>?) {
        self.samples = samples
        self.range = range
    }

    private static let binCount = 20

    package var svg: String {
        let x = Scale(covering: samples.map(\.reward), range: range)
        let kinds = [true, false].map { isRight in
            shares(samples.filter { $0.isRight == isRight }.map(\.reward), x)
        }
        let y = Scale(covering: [0, kinds.joined().max() ?? 1])
        let left = Frame.left(for: [y])
        let frame = Frame(left: left, top: 60, height: 230, x: x, y: y)
        var drawing = Drawing()
        let title = "Rewards of right steps and of first wrong steps"
        drawing.text(title, at: (left, 20), size: 14)
        for (index, place) in Frame.legend(["right steps", "first wrong steps"], left: left).enumerated() {
            drawing.box(x: place.x, y: 33, width: 14, height: 14, colour: Drawing.colour(index))
            drawing.text(place.name, at: (place.x + 20, 44))
        }
        frame.axes(&drawing, xLabel: "reward", yLabel: "share of steps of the kind")
        let width = (x.high - x.low) / Double(Self.binCount)
        for (kind, shares) in kinds.enumerated() {
            for (bin, share) in shares.enumerated() where share > 0 {
                let low = x.low + width * (Double(bin) + Double(kind) / 2)
                frame.bar(low...low + width / 2, to: share, colour: Drawing.colour(kind), &drawing)
            }
        }
        return drawing.svg(width: Frame.width, height: 290 + Frame.axisHeight, title: title)
    }

    private func shares(_ rewards: [Double], _ x: Scale) -> [Double] {
        var counts = [Int](repeating: 0, count: Self.binCount)
        for reward in rewards where Scale.isDrawable(reward) {
            let place = (x.share(reward) * Double(Self.binCount)).rounded(.down)
            counts[Int(min(max(place, 0), Double(Self.binCount - 1)))] += 1
        }
        return counts.map { Double($0) / Double(max(1, rewards.count)) }
    }
}

extension Frame {
    /// A bar over `range` of the x axis, from the foot of the panel up to `value`, with a hair of air on both sides.
    func bar(_ range: ClosedRange<Double>, to value: Double, colour: String, _ drawing: inout Drawing) {
        let (low, high) = (place(range.lowerBound, y.low), place(range.upperBound, value))
        drawing.box(x: low.x + 1, y: high.y, width: high.x - low.x - 2, height: low.y - high.y, colour: colour)
    }
}
