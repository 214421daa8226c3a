// Loads a model and takes the digest of its files meanwhile.
package import Checkpoints
import Dispatch
import Synchronization

extension Scorer {
    /// Loads as `init` does, and names what was loaded; both read the same open files.
    /// - Returns: the scorer, and `Checkpoint.revision`.
    package static func named(
        checkpoint: Checkpoint,
        source: ProfileSource? = nil,
        settings: EngineSettings = EngineSettings(),
        progress: LoadProgress? = nil
    ) throws -> (scorer: Scorer, revision: String) {
        let naming = Naming(checkpoint)
        defer { naming.stop() }
        let scorer = try Scorer(checkpoint: checkpoint, source: source, settings: settings, progress: progress)
        return (scorer, try naming.revision())
    }
}

/// A digest in the making, on a thread of its own: loading and digesting each keep one busy.
final class Naming: Sendable {
    private let checkpoint: Checkpoint
    private let outcome = Mutex<Result<String, CheckpointError>?>(nil)
    private let isWanted = Atomic<Bool>(true)
    private let work = DispatchGroup()

    init(_ checkpoint: Checkpoint) {
        self.checkpoint = checkpoint
        DispatchQueue(label: "linchpin.revision").async(group: work) {
            let found = Result { () throws(CheckpointError) in
                try checkpoint.revision { self.isWanted.load(ordering: .relaxed) }
            }
            self.outcome.withLock { $0 = found }
        }
    }

    /// A model that was refused needs no name. Waits for the thread: a process that ends with the refusal takes OpenSSL
    /// down below it.
    func stop() {
        isWanted.store(false, ordering: .relaxed)
        work.wait()
    }

    /// Waits until it is there.
    func revision() throws(CheckpointError) -> String {
        work.wait()
        let outcome = outcome.withLock { $0 }
        guard let revision = try outcome?.get() else { throw .noDigest }
        return revision
    }
}
