// Training that begins with a checkpoint.
import Checkpoints
import Fixtures
import Foundation
import JSON
import Scoring
import Testing
import Training
import Transformers

@Suite struct FurtherTests {
    /// A checkpoint that has learnt a little.
    private static func base() async throws -> String {
        let folder = try TemporaryFolder()
        _ = try await train(Toy.job(folder, ["updates": 60, "keep": "last"]))
        return folder.path + "/out"
    }

    private static func tensors(_ folder: String) throws -> [String: [UInt8]] {
        let checkpoint = try Checkpoint(folder: folder)
        var tensors: [String: [UInt8]] = [:]
        for name in checkpoint.tensors.keys { tensors[name] = try checkpoint.load(name).withBytes(Array.init) }
        return tensors
    }

    @Test func `a head learns on a decoder that stays as it is stored`() async throws {
        let base = try await Self.base()
        let folder = try TemporaryFolder()
        let outcome = try await train(
            Toy.job(folder, ["tune": "head", "updates": 200, "evaluate_every": 20], base: base)
        )
        let curve = String(decoding: try Toy.bytes(folder, "training/curve.csv"), as: UTF8.self)
        let losses = curve.split(separator: "\n").dropFirst().compactMap { Double($0.split(separator: ",")[1]) }
        #expect(try #require(losses.last) < (try #require(losses.first)))
        #expect(outcome.end == .finished && outcome.best != nil)
        let (before, after) = (try Self.tensors(base), try Self.tensors(folder.path + "/out"))
        #expect(before.filter { $0.key.hasPrefix("model.") } == after.filter { $0.key.hasPrefix("model.") })
        #expect(before["score.weight"] != after["score.weight"])
        #expect(before.count == after.count)
    }

    @Test func `a head's run resumes to the same files, with the cache and without`() async throws {
        let base = try await Self.base()
        let (whole, parts) = (try TemporaryFolder(), try TemporaryFolder())
        let more: JSONObject = ["tune": "head", "learn_temperature": true]
        _ = try await train(Toy.job(whole, more, base: base))
        var job = try Toy.job(parts, more, base: base)
        job.stopsAfter = 20
        _ = try await train(job)
        job.stopsAfter = 31
        _ = try await train(Toy.resumed(job))
        try FileManager.default.removeItem(at: parts.url.appendingPathComponent("out/training/features.safetensors"))
        job.stopsAfter = nil
        job.threads = 2
        _ = try await train(Toy.resumed(job))
        #expect(try Toy.differing(whole, parts) == [])
        #expect(
            try Toy.bytes(whole, "training/features.safetensors")
                == (try Toy.bytes(parts, "training/features.safetensors"))
        )
    }

    @Test func `the features are the bits that scoring hands its head, one rollout at a time`() async throws {
        let base = try await Self.base()
        let folder = try TemporaryFolder()
        _ = try await train(Toy.job(folder, ["tune": "head", "updates": 1], base: base))
        let file = try #require(try SafetensorsFile("features.safetensors", in: folder.path + "/out/training"))
        var cached = try file.floats("features")[...]
        let checkpoint = try Checkpoint(folder: base)
        let template = try TrainingTemplate(checkpoint: checkpoint)
        let model = try RewardModel(featuresOf: checkpoint)
        for (_, labelled) in Toy.lines(160).rollouts {
            let sequence = try template.render(labelled.rollout).sequence
            let features = try await model.features(try PackedBatch([sequence]))
            #expect(Array(cached.prefix(features.count)) == features)
            cached = cached.dropFirst(features.count)
        }
        #expect(cached.isEmpty)
    }

    @Test func `the last layers move and the rest does not`() async throws {
        let base = try await Self.base()
        let folder = try TemporaryFolder()
        _ = try await train(Toy.job(folder, ["tune": "last:1"], base: base))
        let (before, after) = (try Self.tensors(base), try Self.tensors(folder.path + "/out"))
        #expect(before["model.embed_tokens.weight"] == after["model.embed_tokens.weight"])
        #expect(before["model.layers.0.mlp.up_proj.weight"] != after["model.layers.0.mlp.up_proj.weight"])
        #expect(before["score.weight"] != after["score.weight"])
    }

    @Test func `another base is refused by name`() async throws {
        let (base, other) = (try await Self.base(), try TemporaryFolder())
        let folder = try TemporaryFolder()
        var job = try Toy.job(folder, ["tune": "last:1"], base: base)
        job.stopsAfter = 2
        _ = try await train(job)
        _ = try await train(Toy.job(other, ["updates": 5, "seed": 9]))
        let path = other.path + "/out"
        job.base = (folder: path, checkpoint: try Checkpoint(folder: path))
        let error = await Toy.refusal(Toy.resumed(job))
        guard case .differs("base", _, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
