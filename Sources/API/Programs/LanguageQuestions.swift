// Which signals of which rollouts language models compute.
import Crediting
import JSON
import Scoring

extension Source {
    /// The models that make it out of text; none for what only a caller has.
    ///
    /// A teacher (SCOPE) is the model that wrote the better answer, which a reference is not: it stays the caller's.
    var models: [ModelRole] {
        switch self {
        case .rewards: [.prm]
        case .answerLogprob, .tokenLogprob, .tokenEntropy: [.policy]
        case .logratio: [.policy, .reference]
        default: []
        }
    }

    /// Those that language models make.
    static let signals = allCases.filter { $0.models.contains(.policy) }
}

/// What is computed of one rollout: its program reads it, its caller did not send it, and there is text to do it with.
struct LanguageQuestion: Sendable {
    let wanted: [Source]
    let request: SignalRequest
    /// Nil where the text has none.
    let steps: Int?
    /// Whether the rollout's tokens are the policy's: where a signal of each token is computed, and where the caller says
    /// nothing of tokens.
    let tellsTokens: Bool

    fileprivate init(
        _ wanted: [Source],
        of text: PolicyText,
        answers: [String],
        in wrapping: AnswerWrapping,
        _ facts: RolloutFacts
    ) {
        self.wanted = wanted
        request = SignalRequest(
            text,
            wantsTokens: wanted.contains(.tokenLogprob) || wanted.contains(.tokenEntropy),
            wantsLogRatios: wanted.contains(.logratio),
            answers: wanted.contains(.answerLogprob) ? answers : [],
            wrapping: wrapping
        )
        steps = text.stepCount
        tellsTokens = request.wantsTokens || request.wantsLogRatios || !facts.tellsOfTokens
    }

    /// A step without tokens has no place among them, which signals of tokens need.
    func proven(_ signals: LanguageSignals) -> Result<LanguageSignals, ScoringError> {
        guard request.wantsTokens || request.wantsLogRatios,
            let step = signals.tokenSpans.firstIndex(where: \.isEmpty)
        else { return .success(signals) }
        return .failure(.credit(.tokenSpan(index: step, tokens: signals.tokenIDs.count)))
    }
}

/// The questions of a request, one a rollout.
struct LanguageQuestions: Sendable {
    /// Nil where nothing is computed.
    let each: [LanguageQuestion?]

    var isEmpty: Bool { each.allSatisfy { $0 == nil } }

    /// The models that they are put to.
    var roles: Set<ModelRole> { Set(each.compactMap { $0?.wanted.flatMap(\.models) }.joined()) }

    /// - Throws: `lacksSignal` where the program cannot run but for a model, or for right answers; what is wrong with a text.
    init(
        _ request: ProgramRequest,
        of rollouts: [JSONValue],
        _ facts: [RolloutFacts],
        to models: LanguageModels,
        _ separators: Separators
    ) throws(APIError) {
        let read = Source.signals.filter(request.program.reads)
        guard !read.isEmpty else {
            each = facts.map { _ in nil }
            return
        }
        var each: [LanguageQuestion?] = []
        var lacks: [Source: SignalLack.Cause] = [:]
        for (index, rollout) in rollouts.enumerated() {
            let fields = try Fields(rollout, at: "rollouts[\(index)]")
            let lacking = read.filter(facts[index].lacks)
            let wanted = try Self.wanted(lacking, of: fields, models.all.map(\.role), &lacks)
            // A text of which nothing is computed is nobody's to refuse.
            let text = wanted.isEmpty ? nil : try PolicyText(fields, separators)
            let answers = try fields.strings("answers") ?? []
            let wrapping = request.answerFormat.wrapping
            each.append(
                text.map { LanguageQuestion(wanted, of: $0, answers: answers, in: wrapping, facts[index]) }
            )
        }
        self.each = each
        try refuse(lacks, request, facts)
    }

    /// Those of `lacking` that can be computed of a rollout's text; of the others `lacks` has the cause.
    private static func wanted(
        _ lacking: [Source],
        of fields: Fields,
        _ loaded: [ModelRole],
        _ lacks: inout [Source: SignalLack.Cause]
    ) throws(APIError) -> [Source] {
        guard !lacking.isEmpty, PolicyText.isIn(fields) else { return [] }
        let hasAnswers = try fields.strings("answers")?.isEmpty == false
        var wanted: [Source] = []
        for source in lacking {
            if source == .answerLogprob, !hasAnswers {
                lacks[source] = lacks[source] ?? .answers
            } else if let role = source.models.first(where: { !loaded.contains($0) }) {
                lacks[source] = .model(role)
            } else {
                wanted.append(source)
            }
        }
        return wanted
    }

    /// What one rollout lacks and another has is missing there; what none has stops the program at the operator's name.
    private func refuse(
        _ lacks: [Source: SignalLack.Cause],
        _ request: ProgramRequest,
        _ facts: [RolloutFacts]
    ) throws(APIError) {
        for (place, instruction) in request.program.instructions.enumerated() {
            guard case .read(let read) = instruction.action, !read.isOptional, let cause = lacks[read.source],
                !zip(facts, each).contains(where: { !$0.lacks(read.source) || $1?.wanted.contains(read.source) == true }
                )
            else { continue }
            throw .lacksSignal(
                SignalLack(operation: place, field: read.source.rawValue, cause: cause),
                param: request.method == nil ? "program[\(place)]" : "method"
            )
        }
    }
}
