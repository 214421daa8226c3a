// Random text that is the same in every run.
import Fixtures

extension SeededGenerator {
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
