// Checks a chain from its text alone, sharing no code with the generator.

/// What a person finds who reads prompt and steps: every number and sign is taken from the text.
struct Checker {
    let start: Int
    let deeds: [Deed]

    struct Deed: Equatable {
        let sign: Character
        let operand: Int

        func done(to value: Int) -> Int? {
            switch sign {
            case "+": value + operand
            case "-": value - operand
            case "*": value * operand
            default: operand != 0 && value.isMultiple(of: operand) ? value / operand : nil
            }
        }
    }

    struct Claim {
        let from: Int
        let deed: Deed
        let result: Int
    }

    private static let signs: [(words: [String], sign: Character)] = [
        (["add", "adding", "plus", "+"], "+"), (["subtract", "taking", "minus", "-"], "-"),
        (["multiply", "multiplying", "times", "*"], "*"), (["divide", "dividing", "divided", "/"], "/"),
    ]

    /// Words and numbers in order, without their punctuation.
    private static func words(_ text: String) -> [String] {
        text.lowercased().split { " ,.:?=\n".contains($0) }.map(String.init)
    }

    private static func sign(_ word: String) -> Character? { signs.first { $0.words.contains(word) }?.sign }

    init?(prompt: String) {
        let words = Self.words(prompt)
        let numbers = words.compactMap { Int($0) }
        let signs = words.compactMap(Self.sign)
        guard let start = numbers.first, signs.count == numbers.count - 1 else { return nil }
        self.start = start
        deeds = zip(signs, numbers.dropFirst()).map { Deed(sign: $0, operand: $1) }
    }

    /// "Adding 7 to 12", "Taking 5 from 19", "add 7 to 12" and "subtract 5 from 19" name the operand first.
    static func claim(_ step: String) -> Claim? {
        let words = words(step)
        let numbers = words.compactMap { Int($0) }
        guard numbers.count == 3, let sign = words.compactMap(Self.sign).first else { return nil }
        let isOperandFirst = words.contains("to") || words.contains("from")
        let (from, operand) = isOperandFirst ? (numbers[1], numbers[0]) : (numbers[0], numbers[1])
        return Claim(from: from, deed: Deed(sign: sign, operand: operand), result: numbers[2])
    }

    /// The right answer.
    var answer: Int? { deeds.reduce(start) { value, deed in value.flatMap { deed.done(to: $0) } } }

    /// For each step whether it goes on from the number before it, does what the problem says, and does it right.
    func verdicts(_ claims: [Claim]) -> [Bool] {
        var carried = start
        return zip(claims, deeds).map { claim, deed in
            defer { carried = claim.result }
            return claim.from == carried && claim.deed == deed && deed.done(to: claim.from) == claim.result
        }
    }
}
