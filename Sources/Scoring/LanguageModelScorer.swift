// From a rollout to what a language model says of it.
package import Batching
package import Checkpoints
import Tokenizing
package import Transformers

/// What a model of several in one process is there for.
package enum ModelRole: String, Sendable, CaseIterable {
    /// The reward model.
    case prm
    /// The language model whose rollouts they are.
    case policy
    /// What the policy is measured against in log-ratios.
    case reference
}

/// A loaded language model with everything that asking it needs: the signals' counterpart of `Scorer`.
package struct LanguageModelScorer: Sendable {
    package let facts: ModelFacts
    package let role: ModelRole
    /// `Checkpoint.revision`.
    package let revision: String
    let layout: PolicyLayout
    package let engine: Engine

    /// Loads a model folder; reading the weights is what takes time, and taking the digest of its files meanwhile.
    /// - Parameter plan: the folder's, where it has been proven already.
    package init(
        checkpoint: Checkpoint,
        plan: LanguagePlan? = nil,
        role: ModelRole = .policy,
        settings: EngineSettings = EngineSettings(),
        progress: LoadProgress? = nil
    ) throws {
        let naming = Naming(checkpoint)
        defer { naming.stop() }
        let plan = try plan ?? LanguagePlan(checkpoint: checkpoint)
        let model = try RewardModel(languageOf: checkpoint, compute: settings.compute, progress: progress)
        self.role = role
        layout = plan.layout
        facts = ModelFacts(config: checkpoint.config, model: model)
        engine = Engine(language: model, settings: settings)
        revision = try naming.revision()
    }

    /// A decoder of any size with random weights, with the built-in model's words: for measurements.
    package init(measuring model: RewardModel, config: ModelConfig, settings: EngineSettings) throws {
        role = .policy
        revision = "measured"
        layout = PolicyLayout(tokenizer: try Tokenizer(of: builtInCheckpoint()), chat: nil)
        facts = ModelFacts(config: config, model: model)
        engine = Engine(language: model, settings: settings)
    }

    /// What waits and what runs, for metrics.
    package var load: Load { engine.load }

    /// Works are laid out and admitted in groups that cost as much as this.
    package var groupCost = SignalTree.mostCost

    /// What it answered when it was loaded; nil where nobody watches whether it still does.
    package var canary: Canary?

    /// Has it prove itself, before anybody uses it.
    package func proven() async throws(CanaryError) -> LanguageModelScorer {
        var copy = self
        copy.canary = try await Canary(of: self)
        return copy
    }

    /// The signals of the rollouts of one request; each gets its own result, in order.
    ///
    /// All prefixes of a rollout and all answers after them are one tree: the rollout is computed once, and each branch
    /// costs its own tokens and one more, the prefix's last, which is asked for another token than in the rollout.
    /// - Parameter waits: a full queue is waited for; else it is an `overloaded`, unless a part was accepted already:
    ///   what was computed of a request is not thrown away.
    /// - Throws: `ScoringError` of the whole request (`overloaded`, `lineFull`, `closing`, `cancelled`, `kernel`).
    package func signals(
        for requests: [SignalRequest],
        waits: Bool = false
    ) async throws(ScoringError) -> [Result<LanguageSignals, ScoringError>] {
        var waits = waits
        var results: [Result<LanguageSignals, ScoringError>] = []
        var trees: [Result<SignalTree, ScoringError>] = []
        var cost = 0
        for request in requests {
            let laidOut = Result { () throws(ScoringError) in try tree(of: request) }
            let own = (try? laidOut.get().workCost) ?? 0
            if cost > 0, own > groupCost - cost {
                results += try await signals(of: trees, waits: waits)
                waits = true
                (trees, cost) = ([], 0)
            }
            trees.append(laidOut)
            cost += own
        }
        return results + (try await signals(of: trees, waits: waits))
    }

    private func signals(
        of trees: [Result<SignalTree, ScoringError>],
        waits: Bool
    ) async throws(ScoringError) -> [Result<LanguageSignals, ScoringError>] {
        let works = trees.flatMap { (try? $0.get().works) ?? [] }
        var answers = try await engine.answers(to: works, waits: waits)[...]
        return trees.map { tree in
            tree.flatMap { tree in
                let own = answers.prefix(tree.workCount)
                answers = answers.dropFirst(tree.workCount)
                return Result { () throws(ScoringError) in try tree.signals(Array(own)) }
            }
        }
    }

    private func tree(of request: SignalRequest) throws(ScoringError) -> SignalTree {
        let started = ContinuousClock.now
        let rendered = try layout.render(request.text)
        var answers: [SignalTree.Answer] = []
        for (index, text) in request.answers.enumerated() {
            guard let answer = layout.answer(text, in: request.wrapping) else { throw .emptyAnswer(index) }
            answers.append(answer)
        }
        var tree = SignalTree(
            rendered: rendered,
            answers: answers,
            wantsTokens: request.wantsTokens || request.wantsLogRatios
        )
        guard !rendered.prompt.isEmpty else { throw .emptyPrompt }
        guard tree.longest <= facts.maximumTokens else {
            throw .tooLong(tokens: tree.longest, limit: facts.maximumTokens)
        }
        guard tree.workCost <= SignalTree.mostCost else {
            throw .tooManyPrefixes(cost: tree.workCost, limit: SignalTree.mostCost)
        }
        if let place = tree.ids.firstIndex(where: { $0 < 0 || Int($0) >= facts.vocabularyRows }) {
            throw .idOutOfRange(position: place, rows: facts.vocabularyRows)
        }
        tree.seconds = started.duration(to: .now) / .seconds(1)
        return tree
    }
}

/// All of a language model that can be proven without its weights; `inspect` stops here.
package struct LanguagePlan: Sendable {
    let layout: PolicyLayout

    /// Whether conversations can be asked about: else prompts are text.
    package var hasChat: Bool { layout.chat != nil }

    package init(checkpoint: Checkpoint) throws {
        let tokenizer = try Tokenizer(of: checkpoint)
        let settings = try TokenizerSettings(checkpoint: checkpoint)
        try RewardModel.checkLanguage(of: checkpoint)
        var chat: Chat?
        if let format = settings.languageChat(tokenizer: tokenizer) {
            chat = try Chat(
                format,
                system: .template,
                beginning: settings.languageBeginning(of: tokenizer),
                token: { content in
                    guard let id = tokenizer.addedToken(content) else {
                        throw ProfileError.missingToken(profile: ModelRole.policy.rawValue, token: content)
                    }
                    return id
                }
            )
        }
        layout = PolicyLayout(tokenizer: tokenizer, chat: chat)
    }
}
