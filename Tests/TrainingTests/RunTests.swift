// Whole runs on a toy task: they learn, and lose nothing.
import Batching
import Checkpoints
import Fixtures
import Foundation
import JSON
import Scoring
import Testing
import Training

@Suite struct RunTests {
    @Test func `a new decoder learns, and its checkpoint scores the steps`() async throws {
        let folder = try TemporaryFolder()
        let outcome = try await train(Toy.job(folder, ["updates": 300, "evaluate_every": 50]))
        let best = try #require(outcome.best)
        #expect(best.score.accuracy > 0.95 && (best.score.f1 ?? 0) > 0.95 && best.score.loss < 0.2)
        #expect(outcome.trainingRollouts + outcome.heldOutRollouts == 160)

        let scorer = try Scorer(checkpoint: try Checkpoint(folder: folder.path + "/out"))
        let rollout = Rollout(prompt: .text("q7"), source: .list(["up", "no", "up"]))
        let scored = try await scorer.score([rollout], credit: scorer.profile.defaultCredit)[0].get()
        let rewards = scored.steps.compactMap(\.reward)
        #expect(rewards.count == 3 && rewards[0] > 0.5 && rewards[1] < 0.5)
    }

    @Test(
        arguments: [
            ["learn_temperature": true], ["pooling": "min"], ["scale": "logit", "temperature_from": 2.0],
            ["pooling": "product", "curriculum": 0.5], ["pooling": "last", "language_weight": 0], ["held_out": 0],
        ] as [JSONObject]
    )
    func `a run that is stopped and resumed leaves the files of one that is not`(_ more: JSONObject) async throws {
        let (whole, parts) = (try TemporaryFolder(), try TemporaryFolder())
        _ = try await train(Toy.job(whole, more))
        var job = try Toy.job(parts, more)
        job.stopsAfter = 20
        let first = try await train(job)
        #expect(first.end == .interrupted && first.update == 20)
        job.stopsAfter = 33
        _ = try await train(Toy.resumed(job))
        job.stopsAfter = nil
        let last = try await train(Toy.resumed(job))
        #expect(last.end == .finished && last.update == 40)
        #expect(try Toy.differing(whole, parts) == [])
    }

    @Test func `a run that is killed goes on from an earlier save`() async throws {
        let (whole, parts) = (try TemporaryFolder(), try TemporaryFolder())
        _ = try await train(Toy.job(whole))
        var job = try Toy.job(parts)
        job.stopsAfter = 17
        _ = try await train(job)
        let saved = try Toy.bytes(parts, "training/state.safetensors")
        job.stopsAfter = 35
        _ = try await train(Toy.resumed(job))
        // As kill -9 leaves it: an old state beside a newer curve and a newer checkpoint.
        try Data(saved).write(to: parts.url.appendingPathComponent("out/training/state.safetensors"))
        job.stopsAfter = nil
        _ = try await train(Toy.resumed(job))
        #expect(try Toy.differing(whole, parts) == [])
    }

    @Test func `threads change no bit, the seed does`() async throws {
        let (one, two, other) = (try TemporaryFolder(), try TemporaryFolder(), try TemporaryFolder())
        _ = try await train(Toy.job(one))
        var job = try Toy.job(two)
        job.threads = 3
        _ = try await train(job)
        #expect(try Toy.differing(one, two) == [])
        _ = try await train(Toy.job(other, ["seed": 4]))
        #expect(try Toy.bytes(one, "model.safetensors") != (try Toy.bytes(other, "model.safetensors")))
    }

    @Test func `a stop request ends the run after its update`() async throws {
        let folder = try TemporaryFolder()
        let job = try Toy.job(folder)
        job.stop.make()
        let outcome = try await train(job)
        #expect(outcome.end == .interrupted && outcome.update == 0)
        #expect(try await train(Toy.resumed(try Toy.job(folder))).end == .finished)
    }

    @Test func `patience ends a run that gets no better`() async throws {
        let folder = try TemporaryFolder()
        let outcome = try await train(Toy.job(folder, ["patience": 2, "rate": 0, "evaluate_every": 5]))
        #expect(outcome.end == .stoppedEarly && outcome.update == 15 && outcome.best?.update == 5)
    }

    @Test func `other settings, other data and a second run are refused by name`() async throws {
        let folder = try TemporaryFolder()
        var job = try Toy.job(folder)
        job.stopsAfter = 3
        _ = try await train(job)
        guard case .runExists(_, update: 3)? = await Toy.refusal(job) else {
            Issue.record("a second run began")
            return
        }
        var other = Toy.resumed(job)
        other.given = ["batch": 9]
        await expectDifference("batch", other)
        other = Toy.resumed(job)
        other.lines = Toy.lines(160, seed: 2)
        await expectDifference("data", other)
        job.beginning = .anew
        #expect(try await train(job).update == 3)
    }

    private func expectDifference(_ name: String, _ job: TrainingJob) async {
        let error = await Toy.refusal(job)
        guard case .differs(name, _, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `a state that was damaged is refused`() async throws {
        let folder = try TemporaryFolder()
        var job = try Toy.job(folder)
        job.stopsAfter = 3
        _ = try await train(job)
        let file = folder.url.appendingPathComponent("out/training/state.safetensors")
        try Data(try Data(contentsOf: file).dropLast(9)).write(to: file)
        #expect(await Toy.refusal(Toy.resumed(job)) != nil)
    }
}
