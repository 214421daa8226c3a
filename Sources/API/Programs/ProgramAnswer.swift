// Writes what a program gave each rollout.
import Crediting
import JSON
import Scoring
import Serving

/// The rollouts of a request with what a program made of them.
struct ProgramAnswer {
    let request: ProgramRequest
    let plan: Plan
    let result: ProgramResult
    let facts: [RolloutFacts]
    let ids: [JSONValue?]
    /// What the models read of each, or why they could not.
    let readings: [Result<Reading, ScoringError>]
    /// Those that its signals are of.
    let languages: [LanguageModelScorer]

    /// The answer of DESIGN.md section 3, with the program's own numbers in the place of the pooling's.
    /// - Throws: `CancellationError` between two rollouts.
    func response(to call: Call, servedName: String, returnsTokens: Bool) throws -> Response {
        var list = ListWriter(to: call, servedName: servedName)
        list.writer.member("method", request.method?.name)
        if !languages.isEmpty { list.writer.models(languages) }
        if request.traces {
            list.writer.key("program")
            list.writer.value(request.program.json)
        }
        list.openData()
        for index in facts.indices {
            try Task.checkCancellation()
            let head = ItemHead(index: index, id: ids[index])
            switch readings[index] {
            case .failure(let error): list.append(error, head)
            case .success(let reading):
                let tokens = (reading.scored?.tokenIDs.count ?? 0) + (reading.signals?.answer.cost.tokens ?? 0)
                list.append(tokens: tokens) { write(index, reading, head, returnsTokens, to: &$0) }
            }
        }
        return list.response()
    }

    private func write(
        _ index: Int,
        _ reading: Reading,
        _ head: ItemHead,
        _ returnsTokens: Bool,
        to writer: inout JSONWriter
    ) {
        writer.open(head, object: "reward")
        writeSteps(index, reading, to: &writer)
        let reward = cells(.reward, index)?.first
        writer.member("reward", reward?.value)
        writer.member("reason", plan.outputs[.reward] == nil ? "not_computed" : reward?.reason?.rawValue)
        if case .scalar(let cells)? = result.outputs[.advantage] {
            writer.member("advantage", cells[index].value)
            writer.member("advantage_reason", cells[index].reason?.rawValue)
        }
        writer.others(otherScalars.map { ($0.name, $0.cells[index]) })
        writeOtherTokens(index, to: &writer)
        if let tokens = cells(.tokens, index), !tokens.isEmpty {
            writer.member("token_credit", tokens.map(\.value))
            writer.runs("token_reasons", tokens)
        }
        if let scored = reading.scored {
            writer.member("tokens", scored.tokenIDs.count)
            writer.member("cached_tokens", scored.cachedTokens)
            if returnsTokens { writer.tokens(of: scored) }
        }
        if let signals = reading.signals {
            writer.signals(signals.answer, to: signals.question, facts[index], whole: request.returnsSignals)
        }
        if request.traces { writeTrace(index, to: &writer) }
        writer.closeObject()
    }

    /// One object a step, whatever is known of it: as many come back as were sent.
    private func writeSteps(_ index: Int, _ reading: Reading, to writer: inout JSONWriter) {
        let rollout = plan.rollout(index)
        let credit = cells(.credit, index)
        let advantage = stepAdvantages(index)
        let weights = shares(index)
        let rewards = reading.scored?.steps.map(\.reward) ?? facts[index].rewards
        let spans = reading.scored?.steps.map(\.span) ?? reading.signals?.answer.spans.map { $0.map(Optional.some) }
        writer.key("steps")
        writer.openArray()
        for step in 0..<rollout.steps {
            writer.openObject()
            writer.member("index", step)
            if let rewards { writer.member("reward", rewards[step]) }
            if let weights { writer.member("weight", weights[step]) }
            writer.member("credit", credit?[step].value)
            if let advantage { writer.member("advantage", advantage[step].value) }
            writer.others(otherSteps.map { ($0.name, $0.rows.cells[index][step]) })
            // Of the credit, or else of the advantage: what is special about one is about the other.
            let reason = credit?[step].reason ?? advantage?[step].reason
            writer.member("reason", credit == nil ? "not_computed" : reason?.rawValue)
            if let span = spans?[step] { writer.span(span) }
            writer.closeObject()
        }
        writer.closeArray()
    }

    private var otherScalars: [(name: String, cells: [Cell])] {
        result.others.compactMap { name, value in
            if case .scalar(let cells) = value { (name, cells) } else { nil }
        }
    }

    private var otherSteps: [(name: String, rows: Rows)] {
        result.others.compactMap { name, value in
            if case .rows(let rows) = value, rows.axis == .steps { (name, rows) } else { nil }
        }
    }

    private func writeOtherTokens(_ index: Int, to writer: inout JSONWriter) {
        let rows = result.others.compactMap { name, value -> (name: String, cells: [Cell])? in
            if case .rows(let rows) = value, rows.axis == .tokens { (name, rows.cells[index]) } else { nil }
        }
        guard !rows.isEmpty else { return }
        writer.key("token_values")
        writer.openObject()
        for (name, cells) in rows {
            writer.key(name)
            writer.openObject()
            writer.cells(cells)
            writer.closeObject()
        }
        writer.closeObject()
    }

    private func cells(_ output: Output, _ index: Int) -> [Cell]? {
        switch result.outputs[output] {
        case .scalar(let cells)?: [cells[index]]
        case .rows(let rows)?: rows.cells[index]
        case nil: nil
        }
    }

    private func stepAdvantages(_ index: Int) -> [Cell]? {
        guard case .rows(let rows)? = result.outputs[.advantage] else { return nil }
        return rows.cells[index]
    }

    private func shares(_ index: Int) -> [Double?]? {
        guard case .rows(let rows)? = result.outputs[.weight] else { return nil }
        return rows.weights(of: index)
    }

    private func writeTrace(_ index: Int, to writer: inout JSONWriter) {
        writer.key("trace")
        writer.openArray()
        for (value, type) in zip(result.trace, plan.types) {
            writer.openObject()
            writer.member("kind", type.kind.rawValue)
            switch value {
            case .scalar(let cells): writer.cells([cells[index]])
            case .rows(let rows):
                if let before = rows.before { writer.member("before", before[index].value) }
                if let weights = rows.weights(of: index) { writer.member("weights", weights) }
                writer.cells(rows.cells[index])
            }
            writer.closeObject()
        }
        writer.closeArray()
    }
}

extension Rows {
    /// What is absent has no weight, not one of 0.
    fileprivate func weights(of rollout: Int) -> [Double?]? {
        shares.map { shares in zip(cells[rollout], shares.weights[rollout]).map { $0.value == nil ? nil : $1 } }
    }
}

extension JSONWriter {
    /// Named results that are no output, in an object of their own: a name may be any word. Of each that has a reason
    /// another object tells it.
    fileprivate mutating func others(_ cells: [(String, Cell)]) {
        guard !cells.isEmpty else { return }
        key("values")
        openObject()
        for (name, cell) in cells { member(name, cell.value) }
        closeObject()
        guard cells.contains(where: { $0.1.reason != nil }) else { return }
        key("value_reasons")
        openObject()
        for (name, cell) in cells where cell.reason != nil { member(name, cell.reason?.rawValue) }
        closeObject()
    }

    fileprivate mutating func cells(_ cells: [Cell]) {
        member("values", cells.map(\.value))
        runs("reasons", cells)
    }

    /// Reasons as [first, end, reason) of neighbours that have the same; absent where there is none.
    fileprivate mutating func runs(_ key: String, _ cells: [Cell]) {
        guard cells.contains(where: { $0.reason != nil }) else { return }
        self.key(key)
        openArray()
        var start = 0
        while start < cells.count {
            let end = cells[start...].firstIndex { $0.reason != cells[start].reason } ?? cells.count
            if let reason = cells[start].reason {
                openArray()
                number(start)
                number(end)
                string(reason.rawValue)
                closeArray()
            }
            start = end
        }
        closeArray()
    }
}
