// Composed spelling: one scalar where two would say the same.

/// Normalization Form C of valid UTF-8 (UAX #15), in the Unicode version of `UnicodeTables`.
///
/// Foundation's is the newest Unicode's, and Hugging Face's is not: letters that Unicode 13 and later compose stay apart.
enum NFC {
    /// The quick check of UAX #15 section 9: true only where the text is in NFC.
    static func isCertain(_ text: Span<UInt8>) -> Bool {
        let table = ScalarTable.shared
        var index = 0
        var lastClass: UInt8 = 0
        while index < text.count {
            // Nothing below U+0300 combines or changes, and its first bytes in UTF-8 are less than 0xCC.
            if text[index] < 0xCC {
                index += 1
                lastClass = 0
                continue
            }
            let (scalar, length) = text.scalar(at: index)
            let properties = table[scalar]
            let combiningClass = properties.combiningClass
            if properties.mayChangeInNFC || (combiningClass != 0 && combiningClass < lastClass) { return false }
            lastClass = combiningClass
            index += length
        }
        return true
    }

    /// Whether nothing composes across an index, whatever stands before it: a starter follows that is as it is in NFC.
    static func isBoundary(_ text: Span<UInt8>, _ index: Int) -> Bool {
        let properties = ScalarTable.shared[text.scalar(at: index).value]
        return properties.combiningClass == 0 && !properties.mayChangeInNFC
    }

    static func composed(_ text: Span<UInt8>) -> [UInt8] {
        var marks = decomposed(text)
        order(&marks)
        return compose(marks)
    }

    /// A scalar in the low 21 bits, its combining class in the top 8.
    private struct Mark {
        var bits: UInt64

        init(_ scalar: UInt32, _ combiningClass: UInt8) {
            bits = UInt64(combiningClass) << 56 | UInt64(scalar)
        }

        var scalar: UInt32 { UInt32(bits & 0x1F_FFFF) }
        var combiningClass: UInt8 { UInt8(bits >> 56) }
    }

    /// Every scalar taken apart as far as it goes.
    private static func decomposed(_ text: Span<UInt8>) -> [Mark] {
        let table = ScalarTable.shared
        let steps = CanonicalSteps.shared
        var marks: [Mark] = []
        marks.reserveCapacity(text.count)
        func append(_ scalar: UInt32) { marks.append(Mark(scalar, table[scalar].combiningClass)) }
        var index = 0
        while index < text.count {
            var (scalar, length) = text.scalar(at: index)
            index += length
            if Hangul.syllables.contains(scalar) {
                let letters = Hangul.letters(of: scalar)
                append(letters.lead)
                append(letters.vowel)
                if letters.trail != 0 { append(letters.trail) }
                continue
            }
            // Only the first part comes apart further; the second parts then follow it, last found first.
            var seconds: [UInt32] = []
            while table[scalar].decomposes, let step = steps.step(of: scalar) {
                scalar = step.first
                if step.second != 0 { seconds.append(step.second) }
            }
            append(scalar)
            for second in seconds.reversed() { append(second) }
        }
        return marks
    }

    /// The canonical ordering: each run of combining marks by class, those of one class as they stood.
    private static func order(_ marks: inout [Mark]) {
        var start = 0
        while start < marks.count {
            var end = start
            var isOrdered = true
            while end < marks.count, marks[end].combiningClass != 0 {
                if end > start, marks[end].combiningClass < marks[end - 1].combiningClass { isOrdered = false }
                end += 1
            }
            if !isOrdered {
                // The place within the run goes between class and scalar, so that any sort is a stable one. A run can be
                // the whole text: it must not cost its square.
                for index in start..<end { marks[index].bits |= UInt64(index - start) << 21 }
                marks[start..<end].sort { $0.bits < $1.bits }
            }
            start = end + 1
        }
    }

    /// The canonical composition: a mark joins the last starter unless another of its class or higher stands between.
    private static func compose(_ marks: [Mark]) -> [UInt8] {
        let steps = CanonicalSteps.shared
        var scalars: [UInt32] = []
        scalars.reserveCapacity(marks.count)
        var starter: Int?
        var lastClass: UInt8?
        for mark in marks {
            let isBlocked = lastClass.map { $0 >= mark.combiningClass } ?? false
            if let starter, !isBlocked, let composite = steps.composite(scalars[starter], mark.scalar) {
                scalars[starter] = composite
                continue
            }
            if mark.combiningClass == 0 {
                starter = scalars.count
                lastClass = nil
            } else {
                lastClass = mark.combiningClass
            }
            scalars.append(mark.scalar)
        }
        return utf8(scalars)
    }

    private static func utf8(_ scalars: [UInt32]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(scalars.count * 2)
        for scalar in scalars {
            guard let scalar = Unicode.Scalar(scalar) else { continue }  // never: all came from valid UTF-8
            bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
        return bytes
    }
}
