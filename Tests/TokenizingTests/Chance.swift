// Random text that is the same in every run.

/// SplitMix64.
struct Chance: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Scalars of the kinds that break tokenizers: ASCII, marks, Hangul, white space, and any.
    mutating func text(of lengths: ClosedRange<Int>) -> String {
        var text = String.UnicodeScalarView()
        let ranges: [Range<UInt32>] = [
            0x20..<0x7F, 0x20..<0x7F, 0x61..<0x64, 0xC0..<0x250, 0x300..<0x370, 0x1100..<0x1200, 0xAC00..<0xD7A4,
            0x9..<0xE, 0x2000..<0x2030, 0x900..<0xE00, 0x1F300..<0x1FA00, 0..<0x110000,
        ]
        for _ in 0..<Int.random(in: lengths, using: &self) {
            let range = ranges[Int.random(in: ranges.indices, using: &self)]
            if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &self)) { text.append(scalar) }
        }
        return String(text)
    }
}
