// A method of the literature: its name, where it is from, and the program that it is.

/// How a formula is known; the raw value is the spelling on the wire. The marks of reference/credit-methods.md.
package enum Mark: String, Sendable, CaseIterable {
    /// Read in the paper's own text or the authors' code.
    case verified
    /// Read in a third party's note or code.
    case secondary
    /// Derived, or a best guess: no source states it.
    case inferred
}

/// What an option of a method may be.
package enum OptionValue: Sendable, Equatable {
    case number(Double)
    case word(String)
    case numbers([Double])
}

/// One thing of a method that a caller may choose.
package struct MethodOption: Sendable {
    package enum Kind: Sendable {
        case number(ClosedRange<Double>)
        case word([String])
        /// 1 to so many.
        case numbers(most: Int)
    }

    package let name: String
    package let kind: Kind
    /// The paper's.
    package let standard: OptionValue
    package let meaning: String

    func accepts(_ value: OptionValue) -> Bool {
        switch (kind, value) {
        case (.number(let range), .number(let number)): range.contains(number)
        case (.word(let words), .word(let word)): words.contains(word)
        case (.numbers(let most), .numbers(let numbers)):
            (1...most).contains(numbers.count) && numbers.allSatisfy(\.isFinite)
        default: false
        }
    }

    /// What it may be, for the message of a refusal.
    var wanted: String {
        switch kind {
        case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
        case .word(let words): "one of " + words.joined(separator: ", ")
        case .numbers(let most): "1 to \(most) numbers"
        }
    }
}

package struct Method: Sendable {
    package let name: String
    /// Other names that it goes by.
    package let aliases: [String]
    package let formula: String
    package let source: String
    package let mark: Mark
    /// Where the paper is silent or its code differs.
    package let note: String?
    package let options: [MethodOption]
    private let instructions: @Sendable (Choice) -> [Instruction]

    init(
        _ name: String,
        aliases: [String] = [],
        formula: String,
        source: String,
        mark: Mark,
        note: String? = nil,
        options: [MethodOption] = [],
        instructions: @escaping @Sendable (Choice) -> [Instruction]
    ) {
        self.name = name
        self.aliases = aliases
        self.formula = formula
        self.source = source
        self.mark = mark
        self.note = note
        self.options = options
        self.instructions = instructions
    }

    /// The program that the method is with these options; those that are not named are the paper's.
    /// - Throws: `option` for one that it does not have, or that is out of its range.
    package func program(_ given: [String: OptionValue] = [:]) throws(CreditError) -> Program {
        var values = Dictionary(uniqueKeysWithValues: options.map { ($0.name, $0.standard) })
        for (name, value) in given.sorted(by: { $0.key < $1.key }) {
            guard let option = options.first(where: { $0.name == name }) else { throw .option(name, wanted: nil) }
            guard option.accepts(value) else { throw .option(name, wanted: option.wanted) }
            values[name] = value
        }
        return try Program(instructions(Choice(values: values)))
    }

    /// The method of this name, or of which it is another name.
    package static func named(_ name: String) -> Method? {
        all.first { $0.name == name || $0.aliases.contains(name) }
    }

    package static let all: [Method] =
        aggregates + pure + outcomes + gains + progress + implicit + turns + trees + labels + entropies
}

/// The options of one use of a method; each was declared and checked.
struct Choice: Sendable {
    let values: [String: OptionValue]

    func number(_ name: String) -> Double {
        guard case .number(let number)? = values[name] else { preconditionFailure("a method reads its own options") }
        return number
    }

    func word(_ name: String) -> String {
        guard case .word(let word)? = values[name] else { preconditionFailure("a method reads its own options") }
        return word
    }

    func numbers(_ name: String) -> [Double] {
        guard case .numbers(let numbers)? = values[name] else { preconditionFailure("a method reads its own options") }
        return numbers
    }

    /// A word that is the spelling of a case.
    func word<Word: RawRepresentable>(_ name: String, as type: Word.Type) -> Word? where Word.RawValue == String {
        Word(rawValue: word(name))
    }
}
