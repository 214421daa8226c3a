// A loaded model as callers meet it, and which one that is now.
package import Crediting
package import Scoring
import Synchronization

/// A model with its name and the credit of a caller who asks for none in particular.
///
/// Every call takes one when it begins and keeps it to its end: so a batch never mixes models, and a model that was
/// replaced is freed with the last call that it answers.
package struct ServedModel: Sendable {
    package let scorer: Scorer
    package let defaultCredit: CreditSettings
    /// `Checkpoint.revision`.
    package let revision: String
    /// What it answered when it was loaded; nil where nobody watches whether it still does.
    package let canary: Canary?

    package init(scorer: Scorer, defaultCredit: CreditSettings, revision: String, canary: Canary? = nil) {
        self.scorer = scorer
        self.defaultCredit = defaultCredit
        self.revision = revision
        self.canary = canary
    }
}

/// The model of now, and the one before it while that still answers.
final class ServedModels: Sendable {
    private struct State {
        var current: ServedModel
        var isReloading = false
        weak var retired: (any AnyObject & Sendable)?
    }

    private let state: Mutex<State>

    init(_ model: ServedModel) { state = Mutex(State(current: model)) }

    var current: ServedModel { state.withLock { $0.current } }

    var isReloading: Bool { state.withLock { $0.isReloading } }

    /// False where another reload is under way, or where a second model is still in memory.
    func beginReload() -> Bool {
        state.withLock { state in
            guard !state.isReloading, state.retired == nil else { return false }
            state.isReloading = true
            return true
        }
    }

    func endReload() { state.withLock { $0.isReloading = false } }

    /// From now on every call that begins is answered by `model`.
    func replace(with model: ServedModel) {
        let previous = state.withLock { state in
            defer { state.current = model }
            state.retired = state.current.scorer.lifetime
            return state.current
        }
        // Outside the lock: where nobody else uses the model, its memory goes here.
        withExtendedLifetime(previous) {}
    }
}
