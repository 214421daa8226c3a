// Outcomes in, a checkpoint out.
//
// `train(_:)` in Trainer.swift is the one entry. What is learnt is the decoder's affair (Transformers); what the loss
// is, when to stop, and how nothing is lost on the way is said here.
package import Checkpoints
package import Scoring
import Synchronization
package import Transformers

/// Why a training run does not start or go on.
package enum TrainingError: Error, Sendable {
    /// A setting of another kind or range than it has.
    case setting(String, expected: String)
    /// These settings say two things at once.
    case conflict(String, String)
    /// The folder holds a run already, of so many updates.
    case runExists(folder: String, update: Int)
    case noRun(folder: String)
    /// `--resume` with something else than the run began with.
    case differs(String, was: String, now: String)
    case badState(file: String)
    case tooManyBadLines([BadLine], count: Int, lines: Int)
    case noRollouts
    /// The held-out split left nothing on one side.
    case emptySplit(training: Int, heldOut: Int)
    /// The gradient is not finite.
    case diverged(update: Int)
    case profile(ProfileError)
    case tokenizer(String)
    case model(ModelError)
    case checkpoint(CheckpointError)
    case file(String, errno: Int32)
}

/// A line of the data that cannot be learnt from; lines count from 1.
package struct BadLine: Sendable, Equatable {
    package let line: Int
    package let problem: Problem

    package enum Problem: Sendable, Equatable {
        /// In the words of whoever read it.
        case unreadable(String)
        case unscorable(ScoringError)
    }

    package init(line: Int, problem: Problem) {
        self.line = line
        self.problem = problem
    }
}

/// What a data file held, as its reader hands it on.
package struct TrainingLines: Sendable {
    package let rollouts: [(line: Int, rollout: LabelledRollout)]
    package let bad: [BadLine]
    /// Of the file's bytes.
    package let fingerprint: UInt64

    package init(rollouts: [(line: Int, rollout: LabelledRollout)], bad: [BadLine], fingerprint: UInt64) {
        self.rollouts = rollouts
        self.bad = bad
        self.fingerprint = fingerprint
    }
}

/// Asks a run to end after its update; from a signal handler's queue, or a test.
package final class StopRequest: Sendable {
    private let flag = Atomic(false)

    package init() {}

    package var isMade: Bool { flag.load(ordering: .relaxed) }

    package func make() { flag.store(true, ordering: .relaxed) }
}

/// How far a run has come, for whoever shows it; read on any thread.
package final class TrainingProgress: Sendable {
    package struct Snapshot: Sendable {
        package enum Phase: Sendable { case preparing, features, training }

        package var phase = Phase.preparing
        /// Updates, or rollouts while features are computed.
        package var done = 0
        package var total = 0
        /// Where this process began, so that the time left is reckoned from its own work.
        package var doneBefore = 0
        /// Of the last update, smoothed.
        package var loss: Double?
        package var heldOut: HeldOutScore?
    }

    private let snapshot = Mutex(Snapshot())

    package init() {}

    package var current: Snapshot { snapshot.withLock { $0 } }

    func change(_ body: (inout Snapshot) -> Void) { snapshot.withLock { body(&$0) } }
}

/// How a run ended.
package struct TrainingOutcome: Sendable {
    package enum End: Sendable { case finished, stoppedEarly, interrupted }

    package let end: End
    package let update: Int
    package let trainingRollouts: Int
    package let heldOutRollouts: Int
    package let badLines: [BadLine]
    /// The evaluation whose parameters were kept, and its update.
    package let best: (update: Int, score: HeldOutScore)?
    package let temperature: Double
}
