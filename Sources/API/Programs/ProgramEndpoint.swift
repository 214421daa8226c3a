// Credit by a method or a program, on the native routes.
import Crediting
import JSON
import Scoring
import Serving

extension Service {
    /// Of what the caller sends, and of what language models make of the text that comes with it; no reward model is asked.
    func programCredit(
        _ call: Call,
        _ request: ProgramRequest,
        of values: [JSONValue],
        _ words: URLWords
    ) async throws -> Response {
        let ids = try values.enumerated().map { try Fields($1, at: "rollouts[\($0)]").identifier("id") }
        let facts = try FactsReader.read(values, for: request.program)
        let inputs = RolloutInputs(values: values, ids: ids, facts: facts, rollouts: nil)
        return try await answer(call, request, inputs, words)
    }

    /// The same with the model's rewards, which are asked for whether or not the program reads them.
    func programRewards(
        _ call: Call,
        _ request: ProgramRequest,
        of values: [JSONValue],
        _ rollouts: [RolloutRequest],
        _ words: URLWords,
        returnsTokens: Bool
    ) async throws -> Response {
        let facts = try FactsReader.read(values, for: request.program)
        for index in facts.indices where facts[index].rewards != nil {
            throw APIError.notServed("rollouts[\(index)].rewards", instead: "POST /v1/credit")
        }
        let inputs = RolloutInputs(
            values: values,
            ids: rollouts.map(\.id),
            facts: facts,
            rollouts: rollouts.map(\.rollout)
        )
        return try await answer(call, request, inputs, words, returnsTokens: returnsTokens)
    }

    private func answer(
        _ call: Call,
        _ request: ProgramRequest,
        _ inputs: RolloutInputs,
        _ words: URLWords,
        returnsTokens: Bool = false
    ) async throws -> Response {
        var inputs = inputs
        let profile = call.model.scorer.profile
        let separators = Separators(words.separator, readBy: inputs.rollouts == nil ? nil : profile)
        let values = inputs.values
        let questions = try LanguageQuestions(request, of: values, inputs.facts, to: languages, separators)
        try inputs.countSteps(questions, separator: separators.splitting)
        // Refused before a model works for it. What is promised here is all that is asked of the data: what becomes of one
        // rollout later is that one's error.
        let isScored = inputs.rollouts != nil && request.program.reads(.rewards)
        let promised = zip(inputs.facts, questions.each).map { $0.promising($1, rewards: isScored) }
        let plan = try checkedPlan(request, promised)
        let read = try await read(inputs.rollouts, questions, words, for: call)
        let (facts, readings) = inputs.taking(read, request, on: profile.scale.creditScale)
        let isRead = inputs.rollouts != nil || !questions.isEmpty
        let (ids, languages) = (inputs.ids, languages.all.filter { questions.roles.contains($0.role) })
        return try await inTurn(of: plan.cost) { [servedName] in
            let plan = try isRead ? plan.on(facts, for: request) : plan
            let answer = ProgramAnswer(
                request: request,
                plan: plan,
                result: try plan.run(tracing: request.traces),
                facts: facts,
                ids: ids,
                readings: readings,
                languages: languages
            )
            return try answer.response(to: call, servedName: servedName, returnsTokens: returnsTokens)
        }
    }
}

/// The rollouts of a request as they came.
private struct RolloutInputs {
    let values: [JSONValue]
    let ids: [JSONValue?]
    var facts: [RolloutFacts]
    /// What the reward model reads; nil where it reads nothing.
    let rollouts: [Rollout]?

    /// All that is said of a rollout's steps agrees with the text that a model reads; a text that none reads is counted
    /// where nothing else tells of steps.
    mutating func countSteps(_ questions: LanguageQuestions, separator: String) throws(APIError) {
        for index in facts.indices {
            let scored = rollouts?[index].source.count(separator: separator)
            let asked = questions.each[index]?.steps
            if let read = scored ?? asked {
                for count in facts[index].stepCounts + [asked ?? read] where count != read {
                    throw .stepCount(read, at: index)
                }
            }
            guard rollouts == nil, questions.each[index] == nil else { continue }
            let fields = try Fields(values[index], at: "rollouts[\(index)]")
            facts[index].countSteps(of: fields, separator: separator)
        }
    }

    /// With what the models say, on the scale of the reward model; a rollout that it does not agree with has failed.
    func taking(
        _ readings: [Result<Reading, ScoringError>],
        _ request: ProgramRequest,
        on scale: Scale
    ) -> (facts: [RolloutFacts], readings: [Result<Reading, ScoringError>]) {
        var (facts, readings) = (facts, readings)
        for index in readings.indices {
            do throws(ScoringError) {
                facts[index] = try self.facts(index, with: readings[index].get(), request, on: scale)
            } catch {
                readings[index] = .failure(error)
                facts[index] = facts[index].bare
            }
        }
        return (facts, readings)
    }

    private func facts(
        _ index: Int,
        with reading: Reading,
        _ request: ProgramRequest,
        on scale: Scale
    ) throws(ScoringError) -> RolloutFacts {
        var facts = facts[index]
        guard reading.scored != nil || reading.signals != nil else { return facts }
        if let scored = reading.scored {
            facts.take(scored, scale: scale, needs: request.program.reads(.rewards))
        }
        do throws(FactFault) {
            if let (question, signals) = reading.signals {
                try facts.take(signals, to: question, request.answerFormat, at: index)
            }
            let steps = try CheckedRollout(facts, at: index).steps
            if let scored = reading.scored?.steps.count, steps != scored {
                throw FactFault(rollout: index, field: "steps", problem: .count(scored, expected: steps))
            }
        } catch {
            throw .credit(.fact(error))
        }
        return facts
    }
}

extension APIError {
    static func stepCount(_ steps: Int, at index: Int) -> APIError {
        .wrongField("rollouts[\(index)]", expected: "the same number of steps everywhere: it has \(steps)")
    }
}

/// The request's program on these facts, or what is wrong with either.
func checkedPlan(_ request: ProgramRequest, _ facts: [RolloutFacts]) throws(APIError) -> Plan {
    do throws(CreditError) {
        return try request.answerable(Plan(request.program, on: CheckedFacts(facts)))
    } catch {
        throw .credit(error, in: request)
    }
}

extension Plan {
    /// The same program on what became of the rollouts.
    fileprivate func on(_ facts: [RolloutFacts], for request: ProgramRequest) throws(APIError) -> Plan {
        do throws(CreditError) {
            return try request.answerable(self.on(CheckedFacts(facts)))
        } catch {
            throw .credit(error, in: request)
        }
    }
}

extension ProgramRequest {
    /// Numbers that one answer may have: one of each token that it may be asked for, and some of steps and rollouts beside them.
    private static let mostNumbers = RolloutNotes.mostTokens + (1 << 17)

    fileprivate func answerable(_ plan: Plan) throws(CreditError) -> Plan {
        guard plan.answered(tracing: traces) <= Self.mostNumbers else { throw .tooMuch(limit: Self.mostNumbers) }
        return plan
    }
}

extension APIError {
    fileprivate static func credit(_ error: CreditError, in request: ProgramRequest) -> APIError {
        let isWritten = request.method == nil
        return .scoring(.credit(error), param: error.param(program: isWritten ? "program" : nil, otherwise: "method"))
    }
}
