// A number and what is to be done to it, step by step.

enum Operation: CaseIterable, Sendable {
    case add
    case subtract
    case multiply
    case divide

    /// Nil where there is no whole number.
    func apply(_ value: Int, _ operand: Int) -> Int? {
        switch self {
        case .add: value + operand
        case .subtract: value - operand
        case .multiply: value * operand
        case .divide: operand != 0 && value % operand == 0 ? value / operand : nil
        }
    }

    /// What it is easily mistaken for.
    var mistaken: Operation {
        switch self {
        case .add, .divide: .subtract
        case .subtract, .multiply: .add
        }
    }

    var isAdditive: Bool { self == .add || self == .subtract }
}

/// What a step does to the value before it.
struct Instruction: Sendable, Equatable {
    let operation: Operation
    let operand: Int

    func apply(_ value: Int) -> Int? { operation.apply(value, operand) }
}

/// A step as it is written: where it starts, what it does, what it finds.
struct ArithmeticStep: Sendable, Equatable {
    let from: Int
    let instruction: Instruction
    let result: Int
}

/// A start value and instructions that keep every value within the task's bounds.
struct ArithmeticProblem: Sendable {
    let start: Int
    let instructions: [Instruction]
    let answer: Int

    init(_ task: ArithmeticTask, count: Int, _ chance: inout SplitMix64) {
        start = chance.within(task.start)
        var value = start
        var instructions: [Instruction] = []
        for _ in 0..<count {
            let (instruction, result) = task.instruction(from: value, &chance)
            instructions.append(instruction)
            value = result
        }
        self.instructions = instructions
        answer = value
    }

    /// The steps of a chain that is right up to `firstWrong` (-1: to its end), wrong there, and consistent after it.
    ///
    /// Nil where a few draws did not find one: values stay within bounds, divisions exact, and a wrong chain's answer wrong.
    func chain(_ task: ArithmeticTask, firstWrong: Int, _ chance: inout SplitMix64) -> [ArithmeticStep]? {
        for _ in 0..<30 {
            if let steps = draw(task, firstWrong: firstWrong, &chance) { return steps }
        }
        return nil
    }

    private func draw(_ task: ArithmeticTask, firstWrong: Int, _ chance: inout SplitMix64) -> [ArithmeticStep]? {
        var value = start
        var earlier: [Int] = []
        var steps: [ArithmeticStep] = []
        for (place, instruction) in instructions.enumerated() {
            let isWrong =
                firstWrong >= 0
                && (place == firstWrong || (place > firstWrong && chance.happens(task.wrongAgainPercent)))
            let step =
                isWrong
                ? wrongStep(task, place, from: value, earlier: earlier, &chance)
                : task.step(from: value, instruction)
            guard let step else { return nil }
            steps.append(step)
            earlier.append(value)
            value = step.result
        }
        return firstWrong >= 0 && value == answer ? nil : steps
    }
}

extension ArithmeticTask {
    /// Something that can be done to `value`, and what comes of it.
    func instruction(from value: Int, _ chance: inout SplitMix64) -> (Instruction, result: Int) {
        while true {
            let operation = chance.one(of: [
                (Operation.add, weight: addWeight), (.subtract, weight: subtractWeight),
                (.multiply, weight: multiplyWeight), (.divide, weight: divideWeight),
            ])
            let operand = chance.within(operation.isAdditive ? addends : factors)
            // 0 times or divided by anything is 0: nothing to learn, and a wrong factor would not show.
            if value == 0, !operation.isAdditive { continue }
            let instruction = Instruction(operation: operation, operand: operand)
            if let step = step(from: value, instruction) { return (instruction, step.result) }
        }
    }

    /// The right step; nil where its result is no whole number within bounds.
    func step(from value: Int, _ instruction: Instruction) -> ArithmeticStep? {
        guard let result = instruction.apply(value), values.contains(result) else { return nil }
        return ArithmeticStep(from: value, instruction: instruction, result: result)
    }
}
