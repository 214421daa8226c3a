// How scalars come apart, and which pairs make one scalar.

/// One step of a canonical decomposition.
struct CanonicalStep {
    let first: UInt32
    /// 0 where the scalar is another spelling of `first` alone.
    let second: UInt32
    /// Whether NFC makes the scalar from the pair again; some are left apart (UAX #15, composition exclusions).
    let composes: Bool
}

/// The decompositions of Unicode but for Hangul, and the compositions, which are those that `composes`.
struct CanonicalSteps: Sendable {
    static let shared = CanonicalSteps()

    /// Ascending.
    private var scalars: [UInt32] = []
    private var steps: [CanonicalStep] = []
    /// First and second part in one word, ascending, and what each pair makes.
    private var pairs: [UInt64] = []
    private var composites: [UInt32] = []

    private init() {
        var numbers = UnicodeNumbers(UnicodeTables.decompositions)
        var position = 0
        var compositions: [(pair: UInt64, composite: UInt32)] = []
        while let gap = numbers.next(), let first = numbers.next(), let second = numbers.next() {
            let scalar = UInt32(position + gap)
            position += gap + 1
            let step = CanonicalStep(first: UInt32(first), second: UInt32(second / 2), composes: second % 2 == 1)
            scalars.append(scalar)
            steps.append(step)
            if step.composes { compositions.append((Self.pair(step.first, step.second), scalar)) }
        }
        compositions.sort { $0.pair < $1.pair }
        pairs = compositions.map(\.pair)
        composites = compositions.map(\.composite)
    }

    var all: Zip2Sequence<[UInt32], [CanonicalStep]> { zip(scalars, steps) }

    func step(of scalar: UInt32) -> CanonicalStep? {
        scalars.sortedIndex(of: scalar).map { steps[$0] }
    }

    /// The one scalar that NFC writes for two, Hangul among them.
    func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if let syllable = Hangul.composite(first, second) { return syllable }
        return pairs.sortedIndex(of: Self.pair(first, second)).map { composites[$0] }
    }

    private static func pair(_ first: UInt32, _ second: UInt32) -> UInt64 { UInt64(first) << 32 | UInt64(second) }
}

/// The arithmetic of Hangul syllables (The Unicode Standard, section 3.12).
enum Hangul {
    static let syllables: Range<UInt32> = 0xAC00..<0xAC00 + 11_172
    static let leads: Range<UInt32> = 0x1100..<0x1100 + 19
    static let vowels: Range<UInt32> = 0x1161..<0x1161 + 21
    static let trails: Range<UInt32> = 0x11A8..<0x11A8 + 27
    /// A lead and a vowel with no trail, or with one of the 27.
    private static let trailsPerVowel: UInt32 = 28

    /// The two or three letters of a syllable; `trail` is 0 where there is none.
    static func letters(of syllable: UInt32) -> (lead: UInt32, vowel: UInt32, trail: UInt32) {
        let index = syllable - syllables.lowerBound
        let (pair, trail) = index.quotientAndRemainder(dividingBy: trailsPerVowel)
        let (lead, vowel) = pair.quotientAndRemainder(dividingBy: UInt32(vowels.count))
        return (
            leads.lowerBound + lead, vowels.lowerBound + vowel, trail == 0 ? 0 : trails.lowerBound + trail - 1
        )
    }

    static func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if leads.contains(first), vowels.contains(second) {
            let pair = (first - leads.lowerBound) * UInt32(vowels.count) + (second - vowels.lowerBound)
            return syllables.lowerBound + pair * trailsPerVowel
        }
        if syllables.contains(first), (first - syllables.lowerBound) % trailsPerVowel == 0, trails.contains(second) {
            return first + (second - trails.lowerBound) + 1
        }
        return nil
    }
}

extension Array where Element: Comparable {
    /// Binary search in ascending elements.
    fileprivate func sortedIndex(of element: Element) -> Int? {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < element { low = middle + 1 } else { high = middle }
        }
        return low < count && self[low] == element ? low : nil
    }
}
