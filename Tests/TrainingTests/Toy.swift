// A task that a tiny decoder learns in a few updates.
import Checkpoints
import Fixtures
import Foundation
import JSON
import Scoring
import Training

enum Toy {
    /// Steps are `up` or `no`; one `no` makes the answer wrong. Two rollouts a problem.
    static func lines(_ count: Int, seed: UInt64 = 1) -> TrainingLines {
        var chance = SeededGenerator(seed: seed)
        let rollouts = (0..<count).map { index in
            let steps = Int.random(in: 1...4, using: &chance)
            let wrong = Bool.random(using: &chance) ? Int.random(in: 0..<steps, using: &chance) : -1
            return LabelledRollout(
                rollout: Rollout(
                    prompt: .text("q\(index / 2)"),
                    source: .list((0..<steps).map { $0 == wrong ? "no" : "up" })
                ),
                correct: wrong < 0,
                problem: "p\(index / 2)",
                label: wrong
            )
        }
        return lines(rollouts)
    }

    static func lines(_ rollouts: [LabelledRollout]) -> TrainingLines {
        var fingerprint = Fingerprint()
        fingerprint.add(Array("\(rollouts)".utf8))
        return TrainingLines(
            rollouts: rollouts.enumerated().map { (line: $0 + 1, rollout: $1) },
            bad: [],
            fingerprint: fingerprint.value
        )
    }

    static let settings: JSONObject = [
        "updates": 40, "batch": 8, "rate": 5e-3, "warm_up": 5, "held_out": 0.2, "evaluate_every": 10, "layers": 1,
        "hidden": 16, "heads": 2, "kv_heads": 1, "intermediate": 24, "vocabulary": 257, "max_positions": 64,
        "language_weight": 0.2, "seed": 3,
    ]

    static func job(_ folder: TemporaryFolder, _ more: JSONObject = [:], base: String? = nil) throws -> TrainingJob {
        var given = base == nil ? settings : further
        for member in more { given[member.key] = member.value }
        var job = TrainingJob(given: given, output: folder.path + "/out", lines: lines(160))
        if let base { job.base = (folder: base, checkpoint: try Checkpoint(folder: base)) }
        return job
    }

    /// What may be said where the decoder is given.
    static let further: JSONObject = [
        "updates": 40, "batch": 8, "rate": 5e-3, "warm_up": 5, "held_out": 0.2, "evaluate_every": 10, "seed": 3,
    ]

    static func resumed(_ job: TrainingJob) -> TrainingJob {
        var job = job
        job.given = [:]
        job.beginning = .resumed
        return job
    }

    static func bytes(_ folder: TemporaryFolder, _ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.url.appendingPathComponent("out/" + name)))
    }

    /// Why a job was refused.
    static func refusal(_ job: TrainingJob) async -> TrainingError? {
        do {
            _ = try await train(job)
            return nil
        } catch {
            return error as? TrainingError
        }
    }

    static let written = [
        "config.json", "tokenizer.json", "linchpin.json", "model.safetensors", "training/run.json",
        "training/state.safetensors", "training/curve.csv", "training/curve.svg",
    ]

    /// Whether two runs left the same files.
    static func differing(_ one: TemporaryFolder, _ other: TemporaryFolder) throws -> [String] {
        try written.filter { try bytes(one, $0) != (try bytes(other, $0)) }
    }
}
