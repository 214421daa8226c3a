// Numbers as people read them, and places for ticks.
import Glibc

/// `value` with exactly `digits` decimals, as C's %.*f writes it.
func fixed(_ value: Double, _ digits: Int) -> String {
    let text = formatted("%.\(min(max(digits, 0), 17))f", value)
    // A value that rounds to zero from below has lost what its sign stood for.
    return text.hasPrefix("-") && !text.contains(where: { ("1"..."9").contains($0) }) ? String(text.dropFirst()) : text
}

/// A share as percent with one decimal, an en dash where there is none.
func percent(_ share: Double?) -> String { share.map { fixed($0 * 100, 1) } ?? "\u{2013}" }

func decimal(_ value: Double?, _ digits: Int = 3) -> String { value.map { fixed($0, digits) } ?? "\u{2013}" }

private func formatted(_ format: String, _ value: Double) -> String {
    // %f of the largest double has 309 digits before its point.
    var buffer = [CChar](repeating: 0, count: 352)
    let count = withVaList([value]) { vsnprintf(&buffer, buffer.count, format, $0) }
    return String(decoding: buffer.prefix(max(0, Int(count))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// A stretch of numbers along one axis, with its ticks.
struct Scale: Equatable {
    struct Tick: Equatable {
        let value: Double
        let label: String
    }

    let low: Double
    let high: Double
    let ticks: [Tick]

    /// - Parameters:
    ///   - values: what must fit; numbers that are not finite, or beyond 1e100, are passed over.
    ///   - range: what is shown where the caller knows better than the values.
    ///   - rounded: whether the ends move out to ticks.
    ///   - count: about how many ticks there shall be.
    init(covering values: [Double], range: ClosedRange<Double>? = nil, rounded: Bool = true, count: Int = 5) {
        var (low, high) = range.map { ($0.lowerBound, $0.upperBound) } ?? Self.extent(values)
        let step = Self.step(width: high - low, count: count)
        if range == nil, rounded {
            low = (low / step).rounded(.down) * step
            high = (high / step).rounded(.up) * step
        }
        self.low = low
        self.high = high
        // A hair's breadth, so that an end which is a tick is not lost to rounding.
        let first = (low / step - 1e-6).rounded(.up)
        let last = (high / step + 1e-6).rounded(.down)
        ticks = stride(from: first, through: last, by: 1).prefix(50).map { place in
            Tick(value: place * step, label: Self.label(place * step, step: step))
        }
    }

    /// Whether a number can be drawn at all.
    static func isDrawable(_ value: Double) -> Bool { value.isFinite && abs(value) <= 1e100 }

    /// Where `value` lies between the ends: 0 at the low one, 1 at the high one.
    func share(_ value: Double) -> Double { (value - low) / (high - low) }

    /// The least and the greatest, moved apart where they are equal; 0 to 1 of nothing.
    private static func extent(_ values: [Double]) -> (Double, Double) {
        let drawable = values.filter(isDrawable)
        guard let low = drawable.min(), let high = drawable.max() else { return (0, 1) }
        guard high - low > abs(high) * 1e-9 else {
            let around = max(abs(low) * 0.1, 0.5)
            return (low - around, high + around)
        }
        return (low, high)
    }

    /// 1, 2 or 5 times a power of ten, near width / count (Heckbert, "Nice numbers for graph labels", 1990).
    private static func step(width: Double, count: Int) -> Double {
        let rough = width / Double(max(1, count))
        let power = pow(10, floor(log10(rough)))
        let lead = rough / power
        return power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10)
    }

    /// As many decimals as tell two ticks apart; powers of ten where digits would not fit.
    private static func label(_ value: Double, step: Double) -> String {
        let digits = Int(max(0, -floor(log10(step) + 1e-9)))
        guard digits <= 6, abs(value) < 1e7 else { return formatted("%g", value) }
        return fixed(value, digits)
    }
}
