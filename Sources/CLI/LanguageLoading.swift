// Loads the policy and its reference.
import Checkpoints
import Scoring

/// The language models of a process: loaded once, when it starts; a reload is the reward model's alone.
struct LanguageLoading: Sendable {
    private let policy: String?
    private let reference: String?
    private let settings: EngineSettings

    init(_ options: ModelOptions) throws {
        let folders = try options.folders()
        (policy, reference) = (folders[.policy], folders[.reference])
        settings = try options.engineSettings(cacheBytes: 1 << 30)
    }

    /// Where a model was read from.
    func folder(of model: LanguageModelScorer) -> String {
        (model.role == .reference ? reference : policy) ?? builtInModelName
    }

    /// Folders of which all is proven that can be without their weights.
    struct Opened: Sendable {
        fileprivate typealias Folder = (checkpoint: Checkpoint, plan: LanguagePlan)

        fileprivate let policy: Folder
        fileprivate let reference: Folder?
    }

    /// Opens and proves the folders, so that a wrong one is told before any model's weights are read; nil where no policy
    /// is asked for.
    /// - Throws: `Failure` of the folder that cannot be served.
    func open() async throws -> Opened? {
        guard let policy else { return nil }
        return try await onItsOwnThread {
            let own = try opened(policy)
            let other = try reference.map { folder in
                let other = try opened(folder)
                do {
                    try other.checkpoint.proveTokenizer(equals: own.checkpoint)
                } catch {
                    throw Failure.model(folder, error)
                }
                return other
            }
            return Opened(policy: own, reference: other)
        }
    }

    /// Reads the weights of what was opened and has each model sing twice; none where none is asked for.
    /// - Throws: `Failure` of the folder that cannot be served.
    func load(_ opened: Opened?, showsBar: Bool) async throws -> LanguageModels {
        guard let opened else { return LanguageModels() }
        let (own, other) = try await onItsOwnThread {
            let own = try loaded(opened.policy, .policy, showsBar)
            return (own, try opened.reference.map { try loaded($0, .reference, showsBar) })
        }
        guard let other else { return LanguageModels(policy: try await proven(own), reference: nil) }
        return LanguageModels(policy: try await proven(own), reference: try await proven(other))
    }

    private func proven(_ model: LanguageModelScorer) async throws -> LanguageModelScorer {
        do { return try await model.proven() } catch { throw Failure.model(folder(of: model), error) }
    }

    private func opened(_ folder: String) throws -> Opened.Folder {
        do {
            let checkpoint = try Checkpoint(folder: folder)
            return (checkpoint, try LanguagePlan(checkpoint: checkpoint))
        } catch {
            throw Failure.model(folder, error)
        }
    }

    private func loaded(_ folder: Opened.Folder, _ role: ModelRole, _ showsBar: Bool) throws -> LanguageModelScorer {
        let checkpoint = folder.checkpoint
        let progress = LoadProgress()
        var bar: ProgressBar?
        if showsBar {
            bar = ProgressBar("loading \(checkpoint.folder)", unit: .bytes) {
                (progress.doneBytes, progress.totalBytes)
            }
        }
        defer { bar?.finish() }
        do {
            return try LanguageModelScorer(
                checkpoint: checkpoint,
                plan: folder.plan,
                role: role,
                settings: settings,
                progress: progress
            )
        } catch {
            throw Failure.model(checkpoint.folder, error)
        }
    }
}

extension ModelFacts {
    /// What a model takes, for the line that is shown when it has been loaded.
    var memoryWords: String { "\(memoryBytes >> 20) MiB of weights, \(precision), \(parameterCount) parameters" }
}
