// What one Unicode scalar is, in two array reads.

/// What the split patterns tell apart.
package enum ScalarKind: UInt8 {
    case other
    case letter
    case number
    case space
    /// `\r` and `\n`, which are spaces too.
    case newline
}

/// A scalar's kind, its part in NFC, and whether it is of a word.
package struct ScalarProperties {
    /// Bits 0-2: kind; 3: word; 4: decomposes; 5: may compose with what stands before; 6: never in NFC; 8-15: class.
    fileprivate let bits: UInt16

    package var kind: ScalarKind { ScalarKind(rawValue: UInt8(bits & 7)) ?? .other }

    package var isSpace: Bool { bits & 7 >= UInt16(ScalarKind.space.rawValue) }

    /// `\w` of Rust's regex, by which an added token of `single_word` is bounded.
    package var isWord: Bool { bits & 1 << 3 != 0 }

    /// Has a canonical decomposition in the table; Hangul syllables have theirs by arithmetic.
    var decomposes: Bool { bits & 1 << 4 != 0 }

    /// NFC_Quick_Check is not Yes (UAX #15, section 9).
    var mayChangeInNFC: Bool { bits & 3 << 5 != 0 }

    /// Canonical_Combining_Class.
    package var combiningClass: UInt8 { UInt8(bits >> 8) }
}

/// Every scalar's properties: a block number for each 128 scalars, and the blocks that differ.
package struct ScalarTable: Sendable {
    package static let shared = ScalarTable()

    private var blocks: [UInt16] = []
    private var properties: [UInt16] = []

    package subscript(scalar: UInt32) -> ScalarProperties {
        let block = Int(scalar >> 7)
        guard block < blocks.count else { return ScalarProperties(bits: 0) }
        return ScalarProperties(bits: properties[Int(blocks[block]) << 7 | Int(scalar & 127)])
    }

    private init() {
        let flat = Self.flat()
        var known: [ArraySlice<UInt16>: UInt16] = [:]
        for start in stride(from: 0, to: flat.count, by: 128) {
            let block = flat[start..<start + 128]
            if let number = known[block] {
                blocks.append(number)
            } else {
                known[block] = UInt16(known.count)
                blocks.append(UInt16(known.count - 1))
                properties += block
            }
        }
    }

    /// One entry a scalar, before equal blocks are put together.
    private static func flat() -> [UInt16] {
        var flat = [UInt16](repeating: 0, count: 0x110000)
        func add(_ bits: UInt16, _ scalars: Range<Int>) {
            for scalar in scalars { flat[scalar] |= bits }
        }
        let kinds: [(String, ScalarKind)] = [
            (UnicodeTables.letters, .letter), (UnicodeTables.numbers, .number), (UnicodeTables.spaces, .space),
        ]
        for (table, kind) in kinds {
            var numbers = UnicodeNumbers(table)
            while let range = numbers.range() { add(UInt16(kind.rawValue), range) }
        }
        for newline in [0x0A, 0x0D] { flat[newline] = UInt16(ScalarKind.newline.rawValue) }
        var words = UnicodeNumbers(UnicodeTables.words)
        while let range = words.range() { add(1 << 3, range) }
        var classes = UnicodeNumbers(UnicodeTables.combiningClasses)
        while let range = classes.range(), let combiningClass = classes.next() {
            add(UInt16(combiningClass) << 8, range)
        }
        for (scalar, step) in CanonicalSteps.shared.all {
            add(step.composes ? 1 << 4 : 1 << 4 | 1 << 6, Int(scalar)..<Int(scalar) + 1)
            if step.composes { flat[Int(step.second)] |= 1 << 5 }
        }
        add(1 << 5, Int(Hangul.vowels.lowerBound)..<Int(Hangul.vowels.upperBound))
        add(1 << 5, Int(Hangul.trails.lowerBound)..<Int(Hangul.trails.upperBound))
        return flat
    }
}

/// The numbers of one of the `UnicodeTables`, in order.
struct UnicodeNumbers {
    private var digits: String.UTF8View.Iterator
    private var position = 0

    init(_ table: String) {
        digits = table.utf8.makeIterator()
    }

    /// Base 32, lowest digit first from "0"; a digit that another follows lies 32 higher.
    mutating func next() -> Int? {
        var value = 0
        var shift = 0
        while let digit = digits.next() {
            guard digit >= UInt8(ascii: "0") else { continue }  // a line end
            let bits = Int(digit - UInt8(ascii: "0"))
            value |= (bits & 31) << shift
            shift += 5
            if bits < 32 { return value }
        }
        return nil
    }

    /// A gap after the end of the last range, then a length.
    mutating func range() -> Range<Int>? {
        guard let gap = next(), let length = next() else { return nil }
        let range = position + gap..<position + gap + length
        position = range.upperBound
        return range
    }
}
