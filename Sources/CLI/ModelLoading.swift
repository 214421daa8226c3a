// Loads the model that is served: at the start, and again at a reload.
import API
import Checkpoints
import Dispatch
import Glibc
import Logging
import Scoring
import Synchronization

/// Everything that serving a model was asked to be; the same for every model that comes to stand in the folder.
struct ModelLoading: Sendable {
    /// Nil serves the built-in model.
    let folder: String?
    let source: ProfileSource?
    let settings: EngineSettings
    let credit: CreditChoice

    init(_ options: ModelOptions, _ credit: CreditOptions) throws {
        folder = try options.folder()
        source = try ProfileWords.source(options.profile)
        settings = try options.engineSettings(cacheBytes: 1 << 30)
        self.credit = try credit.choice()
    }

    var name: String { folder ?? builtInModelName }

    /// Opens, proves and loads it, and has it sing twice.
    /// - Throws: `Failure`, with the sentence of what is wrong.
    func load(progress: LoadProgress? = nil) async throws -> ServedModel {
        do {
            let (scorer, revision) = try await onItsOwnThread {
                let checkpoint = try folder.map { try Checkpoint(folder: $0) } ?? builtInCheckpoint()
                return try Scorer.named(
                    checkpoint: checkpoint,
                    source: source,
                    settings: settings,
                    progress: progress
                )
            }
            return ServedModel(
                scorer: scorer,
                defaultCredit: try credit.settings(over: scorer.profile.defaultCredit),
                revision: revision,
                canary: try await Canary(of: scorer)
            )
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure.model(name, error)
        }
    }

    /// The first time, where somebody may be looking; where only a log may be there, its lines tell of it.
    func loadWithBar(_ journal: Journal) async throws -> ServedModel {
        let words = "no --model: \(name) is used, the built-in demonstration model"
        if let log = journal.onlyLog {
            log.notice("\(folder == nil ? words : "loading the model")", metadata: ["model": "\(name)"])
            return try await load()
        }
        if folder == nil { Output.write(words + "\n", to: STDERR_FILENO) }
        let progress = LoadProgress()
        let bar = ProgressBar("loading \(name)", unit: .bytes) { (progress.doneBytes, progress.totalBytes) }
        defer { bar.finish() }
        return try await load(progress: progress)
    }

    /// For a reload; nil where the model is the one that the binary carries.
    var loader: ModelLoader? {
        guard folder != nil else { return nil }
        return { () async throws(ModelRefusal) in
            do { return try await load() } catch {
                throw ModelRefusal((error as? Failure)?.line ?? Failure.sentence(error))
            }
        }
    }
}

/// Loading blocks for minutes, so it must not hold one of the few threads that tasks share. It runs at the common
/// priority: the model's compute threads come from it, and would keep a lower one for good.
func onItsOwnThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    let loaded = Loaded<Value>()
    await withCheckedContinuation { continuation in
        DispatchQueue(label: "linchpin.loading").async {
            loaded.put(Result(catching: work))
            continuation.resume()
        }
    }
    return try loaded.take()
}

/// What a thread hands over by a lock: ThreadSanitizer sees no hand-over of a continuation that is resumed before its task
/// awaits it, since that is an atomic inside of Swift's runtime.
private final class Loaded<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)

    func put(_ result: Result<Value, any Error>) { self.result.withLock { $0 = result } }

    func take() throws -> Value {
        guard let result = result.withLock(\.self) else {
            preconditionFailure("a continuation is resumed when there is a result")
        }
        return try result.get()
    }
}
