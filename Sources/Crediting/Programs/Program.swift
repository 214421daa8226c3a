// A credit program: an ordered list of operators.

/// One line of a program.
package struct Instruction: Sendable, Equatable {
    package let action: Operator
    /// Which value it takes; nil: the one before it.
    package var from: String?
    /// What its result is called.
    package var name: String?

    package init(_ action: Operator, from: String? = nil, name: String? = nil) {
        self.action = action
        self.from = from
        self.name = name
    }
}

/// The names whose values are the answer.
package enum Output: String, Sendable, CaseIterable {
    /// Steps with the weights of an aggregate.
    case weight
    /// What each step is worth.
    case credit
    /// What the rollout is worth.
    case reward
    /// Either, against the others.
    case advantage
    /// What each token is worth.
    case tokens
}

/// A program whose form is right; whether it fits the data is `Plan`'s to say.
package struct Program: Sendable, Equatable {
    package static let mostOperators = 64
    package static let mostTerms = 16
    package static let longestName = 32

    package let instructions: [Instruction]

    /// - Throws: `program` where it has no operator, too many, or an impossible name.
    package init(_ instructions: [Instruction]) throws(CreditError) {
        guard !instructions.isEmpty else { throw .program(ProgramFault(at: 0, "", .empty)) }
        guard instructions.count <= Self.mostOperators else {
            throw .program(ProgramFault(at: Self.mostOperators, "", .tooLong))
        }
        var names: Set<String> = []
        for (index, instruction) in instructions.enumerated() {
            guard let name = instruction.name else { continue }
            guard Self.isName(name) else { throw .program(ProgramFault(at: index, instruction, .badName)) }
            guard names.insert(name).inserted else {
                throw .program(ProgramFault(at: index, instruction, .nameTaken(name)))
            }
        }
        self.instructions = instructions
    }

    /// a to z, 0 to 9 and _; it begins with a letter.
    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, (0x61...0x7A).contains(first), name.utf8.count <= longestName else {
            return false
        }
        return name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
    }

    /// Whether it reads this anywhere, needed or not.
    package func reads(_ source: Source) -> Bool {
        instructions.contains { instruction in
            if case .read(let read) = instruction.action { read.source == source } else { false }
        }
    }
}

/// What is wrong with a program, and which operator it is.
package struct ProgramFault: Sendable, Equatable {
    package enum Problem: Sendable, Equatable {
        case empty
        case tooLong
        case badName
        case nameTaken(String)
        /// It takes the value before it, and nothing is before it.
        case noInput
        case unknownName(String)
        /// It takes another kind of value.
        case kind(ValueType.Kind, wanted: [ValueType.Kind])
        /// A named value is of another kind than one that it is combined with.
        case mismatch(String, ValueType.Kind, with: ValueType.Kind)
        case unweighted
        /// Nothing stands before the first step of its input.
        case noBefore
        /// The scope does not exist for this kind of value.
        case scope(Scope, ValueType.Kind)
        /// A parameter that is not finite or out of its range.
        case parameter(String)
        /// No rollout has this field.
        case lacks(String)
        /// An output's name on a value of another kind.
        case output(String, ValueType.Kind)
    }

    /// From 0.
    package let index: Int
    package let operation: String
    package let problem: Problem

    init(at index: Int, _ operation: String, _ problem: Problem) {
        self.index = index
        self.operation = operation
        self.problem = problem
    }

    init(at index: Int, _ instruction: Instruction, _ problem: Problem) {
        self.init(at: index, instruction.action.name, problem)
    }
}
