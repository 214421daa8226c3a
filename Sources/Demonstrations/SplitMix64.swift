// Random numbers that are the same on every machine.

/// SplitMix64 (Steele, Lea and Flood 2014), and draws from it whose results are ours to keep: the standard library does
/// not promise what `Int.random(in:using:)` makes of a generator's bits.
struct SplitMix64: Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// 0 ..< limit; the high half of a product, whose bias of limit / 2^64 is nothing here.
    mutating func below(_ limit: Int) -> Int {
        precondition(limit > 0, "there is nothing to draw from")
        return Int(next().multipliedFullWidth(by: UInt64(limit)).high)
    }

    mutating func within(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }

    mutating func happens(_ percent: Int) -> Bool { below(100) < percent }

    /// An element; the list must not be empty.
    mutating func one<Element>(of elements: [Element]) -> Element { elements[below(elements.count)] }

    /// An element, as often as its weight says; at least one weight must be above 0.
    mutating func one<Element>(of elements: [(Element, weight: Int)]) -> Element {
        var rest = below(elements.reduce(0) { $0 + $1.weight })
        var place = 0
        while rest >= elements[place].weight {
            rest -= elements[place].weight
            place += 1
        }
        return elements[place].0
    }
}
