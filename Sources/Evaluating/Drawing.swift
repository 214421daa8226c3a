// An SVG under construction.

/// Shapes with their own colours and fonts: nothing outside is needed to show them, and no style attribute is used.
struct Drawing {
    enum Anchor: String {
        case start
        case middle
        case end
    }

    static let ink = "#24292f"
    static let faint = "#6e7781"
    static let grid = "#e1e4e8"
    /// Okabe and Ito's colours, which colour-blind people tell apart.
    private static let palette = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#24292f"]

    private var body = ""

    static func colour(_ place: Int) -> String { palette[place % palette.count] }

    /// About how wide `text` is at 12 pixels; there is no font to ask.
    static func width(of text: String) -> Double { Double(text.count) * 6.7 }

    mutating func line(_ from: (Double, Double), _ to: (Double, Double), colour: String, dashed: Bool = false) {
        body += "<line \(Self.ends(from, to)) stroke=\"\(colour)\"\(dashed ? " stroke-dasharray=\"4 4\"" : "")/>\n"
    }

    mutating func polyline(_ points: [(x: Double, y: Double)], colour: String) {
        let list = points.map { "\(fixed($0.x, 1)),\(fixed($0.y, 1))" }.joined(separator: " ")
        body +=
            "<polyline points=\"\(list)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.8\" "
            + "stroke-linejoin=\"round\"/>\n"
    }

    mutating func dot(_ centre: (Double, Double), radius: Double, colour: String) {
        body +=
            "<circle cx=\"\(fixed(centre.0, 1))\" cy=\"\(fixed(centre.1, 1))\" r=\"\(fixed(radius, 1))\" "
            + "fill=\"\(colour)\"/>\n"
    }

    mutating func box(x: Double, y: Double, width: Double, height: Double, colour: String) {
        body +=
            "<rect x=\"\(fixed(x, 1))\" y=\"\(fixed(y, 1))\" width=\"\(fixed(max(0, width), 1))\" "
            + "height=\"\(fixed(max(0, height), 1))\" fill=\"\(colour)\"/>\n"
    }

    mutating func text(
        _ text: String,
        at place: (Double, Double),
        anchor: Anchor = .start,
        colour: String = Drawing.ink,
        size: Int = 12,
        upright: Bool = true
    ) {
        let (x, y) = (fixed(place.0, 1), fixed(place.1, 1))
        let turn = upright ? "" : " transform=\"rotate(-90 \(x) \(y))\""
        body +=
            "<text x=\"\(x)\" y=\"\(y)\" text-anchor=\"\(anchor.rawValue)\" fill=\"\(colour)\" "
            + "font-size=\"\(size)\" stroke=\"#ffffff\" stroke-width=\"3\" paint-order=\"stroke\"\(turn)>\(escaped(text))</text>\n"
    }

    /// The finished picture; it scales with the page, and `title` is what a screen reader says.
    func svg(width: Double, height: Double, title: String) -> String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(fixed(width, 0)) \(fixed(height, 0))" \
        width="\(fixed(width, 0))" height="\(fixed(height, 0))" role="img" aria-label="\(escaped(title))" \
        font-family="system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', sans-serif">
        <title>\(escaped(title))</title>
        <rect width="100%" height="100%" fill="#ffffff"/>
        \(body)</svg>
        """
    }

    private static func ends(_ from: (Double, Double), _ to: (Double, Double)) -> String {
        "x1=\"\(fixed(from.0, 1))\" y1=\"\(fixed(from.1, 1))\" x2=\"\(fixed(to.0, 1))\" y2=\"\(fixed(to.1, 1))\""
    }
}

/// `text` with nothing in it that HTML or XML would read as its own; control characters, which XML has no way to
/// write, become the replacement character.
func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        case "'": result += "&#39;"
        case "\t", "\n", "\r": result.unicodeScalars.append(scalar)
        case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}
