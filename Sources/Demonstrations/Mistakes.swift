// How a step goes wrong.

extension ArithmeticProblem {
    private enum Kind {
        case result
        case carry
        case operation
    }

    /// A wrong step in the place of `place`; nil where this draw does not make one.
    ///
    /// - Parameter earlier: the values before `value` in this chain.
    func wrongStep(
        _ task: ArithmeticTask,
        _ place: Int,
        from value: Int,
        earlier: [Int],
        _ chance: inout SplitMix64
    ) -> ArithmeticStep? {
        let instruction = instructions[place]
        let kind = chance.one(of: [
            (Kind.result, weight: task.mistakes.result), (.carry, weight: task.mistakes.carry),
            (.operation, weight: task.mistakes.operation),
        ])
        switch kind {
        case .result: return wrongResult(task, instruction, from: value, &chance)
        case .carry:
            let other = !earlier.isEmpty && chance.happens(40) ? chance.one(of: earlier) : chance.near(value)
            guard other != value, task.values.contains(other) else { return nil }
            return task.step(from: other, instruction)
        case .operation:
            return wrongInstruction(task, instruction, &chance).flatMap { task.step(from: value, $0) }
        }
    }

    /// Another number than the right one, mostly near it, sometimes what another operation would give.
    private func wrongResult(
        _ task: ArithmeticTask,
        _ instruction: Instruction,
        from value: Int,
        _ chance: inout SplitMix64
    ) -> ArithmeticStep? {
        guard let right = task.step(from: value, instruction) else { return nil }
        let other =
            chance.happens(15)
            ? chance.one(of: Operation.allCases.filter { $0 != instruction.operation })
                .apply(value, instruction.operand)
            : chance.near(right.result)
        guard let other, other != right.result, task.values.contains(other) else { return nil }
        return ArithmeticStep(from: value, instruction: instruction, result: other)
    }

    /// Another operation, a number near the right one, or the number of another step.
    private func wrongInstruction(
        _ task: ArithmeticTask,
        _ instruction: Instruction,
        _ chance: inout SplitMix64
    ) -> Instruction? {
        if chance.happens(30) {
            return Instruction(operation: instruction.operation.mistaken, operand: instruction.operand)
        }
        let operand =
            chance.happens(40) ? chance.one(of: instructions).operand : chance.near(instruction.operand)
        let known = instruction.operation.isAdditive ? task.addends : task.factors
        guard operand != instruction.operand, known.contains(operand) else { return nil }
        return Instruction(operation: instruction.operation, operand: operand)
    }
}

extension SplitMix64 {
    /// A number that is easily taken for `value`: off by 1, 2, 10 or a little, or with its two digits swapped.
    fileprivate mutating func near(_ value: Int) -> Int {
        let distance = one(of: [
            (1, weight: 30), (2, weight: 15), (10, weight: 20), (0, weight: 15), (within(3...9), weight: 20),
        ])
        if distance == 0 { return value % 10 * 10 + value / 10 }
        return happens(50) ? value + distance : value - distance
    }
}
