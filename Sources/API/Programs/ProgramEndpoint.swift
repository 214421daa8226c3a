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
        return try await answer(call, request, RolloutInputs(values, ids, facts, nil), words)
            .response(to: call, servedName: servedName)
    }

    /// The same with the model's rewards, where the program reads rewards.
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
        let inputs = RolloutInputs(values, rollouts.map(\.id), facts, rollouts.map(\.rollout))
        return try await answer(call, request, inputs, words)
            .response(to: call, servedName: servedName, returnsTokens: returnsTokens)
    }

    private func answer(
        _ call: Call,
        _ request: ProgramRequest,
        _ inputs: RolloutInputs,
        _ words: URLWords
    ) async throws -> ProgramAnswer {
        let profile = call.model.scorer.profile
        let questions = try LanguageQuestions(
            request,
            of: inputs.values,
            inputs.facts,
            to: languages,
            separator: words.separator ?? profile.separator
        )
        try inputs.checkSteps(questions)
        // Refused before a model works for it: what the program lacks besides, it lacks afterwards.
        let isScored = inputs.rollouts != nil && request.program.reads(.rewards)
        let promised = zip(inputs.facts, questions.each).map { $0.promising($1, rewards: isScored) }
        let promisedPlan = try checkedPlan(request, promised)
        let readings = try await read(inputs.rollouts, questions, words, for: call)
        let facts = try inputs.facts(with: readings, request, on: profile.scale.creditScale)
        // Where every rollout failed, nothing of the plan is answered.
        let isAnswered = readings.contains { (try? $0.get()) != nil }
        let isRead = inputs.rollouts != nil || !questions.isEmpty
        let plan = isAnswered && isRead ? try checkedPlan(request, facts) : promisedPlan
        for (index, reading) in readings.enumerated() {
            guard let steps = try? reading.get().scored?.steps.count, steps != plan.rollout(index).steps else {
                continue
            }
            throw APIError.stepCount(steps, at: index)
        }
        return ProgramAnswer(
            request: request,
            plan: plan,
            result: plan.run(tracing: request.traces),
            facts: facts,
            ids: inputs.ids,
            readings: readings,
            languages: languages.all.filter { questions.roles.contains($0.role) }
        )
    }
}

/// The rollouts of a request as they came.
private struct RolloutInputs {
    let values: [JSONValue]
    let ids: [JSONValue?]
    let facts: [RolloutFacts]
    /// What the reward model reads; nil where it reads nothing.
    let rollouts: [Rollout]?

    init(_ values: [JSONValue], _ ids: [JSONValue?], _ facts: [RolloutFacts], _ rollouts: [Rollout]?) {
        self.values = values
        self.ids = ids
        self.facts = facts
        self.rollouts = rollouts
    }

    /// All that is said of a rollout's steps agrees with its text.
    func checkSteps(_ questions: LanguageQuestions) throws(APIError) {
        for (index, question) in questions.each.enumerated() {
            guard let steps = question?.steps, facts[index].stepCounts.contains(where: { $0 != steps }) else {
                continue
            }
            throw .stepCount(steps, at: index)
        }
    }

    /// With what the models say, on the scale of the reward model.
    func facts(
        with readings: [Result<Reading, ScoringError>],
        _ request: ProgramRequest,
        on scale: Scale
    ) throws(APIError) -> [RolloutFacts] {
        var facts = facts
        for (index, result) in readings.enumerated() {
            guard let reading = try? result.get() else {
                facts[index] = facts[index].bare
                continue
            }
            if let scored = reading.scored {
                facts[index].take(scored, scale: scale, needs: request.program.reads(.rewards))
            }
            guard let (question, signals) = reading.signals else { continue }
            try facts[index].take(signals, to: question, request.answerFormat, at: "rollouts[\(index)]")
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
        return try Plan(request.program, on: CheckedFacts(facts))
    } catch {
        let param: String? =
            switch error {
            case .fact(let fault): "rollouts[\(fault.rollout)]"
            case .program(let fault) where request.method == nil: "program[\(fault.index)]"
            default: request.method == nil ? "program" : "method"
            }
        throw .scoring(.credit(error), param: param)
    }
}
