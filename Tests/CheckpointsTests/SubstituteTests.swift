// Folders with something else in the place of weights.
import Checkpoints
import Fixtures
import Foundation
import JSON
import Testing

@Suite struct SubstituteTests {
    private static let folders: [([String], Substitute?)] = [
        ([], nil), (["README.md", "training_args.bin", "optimizer.pt", "tokenizer.json"], nil),
        (["pytorch_model.bin"], .pickle("pytorch_model.bin")),
        (["pytorch_model.bin.index.json"], .pickle("pytorch_model.bin.index.json")),
        (["pytorch_model-00001-of-00002.bin", "a.bin"], .pickle("pytorch_model-00001-of-00002.bin")),
        (["verifier.pth", "training_args.bin"], .pickle("verifier.pth")), (["m.ckpt"], .pickle("m.ckpt")),
        (["adapter_config.json", "adapter_model.safetensors"], .adapter("adapter_config.json")),
        (["adapter_model.safetensors"], .adapter("adapter_model.safetensors")),
        (["adapter_model.bin"], .adapter("adapter_model.bin")),
        (["adapter_config.json", "adapter_model.bin", "training_args.bin"], .adapter("adapter_config.json")),
        (["model.Q8_0.gguf"], .gguf("model.Q8_0.gguf")), (["b.gguf", "a.gguf"], .gguf("a.gguf")),
        (["model.gguf", "pytorch_model.bin"], .pickle("pytorch_model.bin")),
        (
            ["model-00002-of-00002.safetensors", "model-00001-of-00002.safetensors"],
            .unlistedShard("model-00001-of-00002.safetensors")
        ),
        (["consolidated.safetensors", "params.json"], .otherSafetensors("consolidated.safetensors")),
    ]

    @Test(arguments: folders)
    func `a folder without weights says what stands there instead`(names: [String], found: Substitute?) throws {
        let folder = try modelFolder(Dictionary(uniqueKeysWithValues: names.map { ($0, [1]) }))
        #expect(refusal(of: folder) == .noWeights(instead: found))
    }

    @Test(arguments: folders)
    func `it says so without a config too, which adapters and GGUF files have not`(
        names: [String],
        found: Substitute?
    ) throws {
        let folder = try TemporaryFolder()
        for name in names { try folder.write([1], to: name) }
        #expect(refusal(of: folder) == found.map { .noWeights(instead: $0) } ?? .missingFile("config.json"))
    }

    @Test func `weights without a config are refused for the config`() throws {
        let folder = try TemporaryFolder()
        try folder.write(safetensors([("a", [1])]), to: "model.safetensors")
        try folder.write([1], to: "pytorch_model.bin")
        #expect(refusal(of: folder) == .missingFile("config.json"))
    }

    @Test func `weights beside a pickle are read`() throws {
        let folder = try modelFolder(["model.safetensors": safetensors([("a", [1])]), "pytorch_model.bin": [1]])
        #expect(refusal(of: folder) == nil)
    }

    @Test func `an adapter beside weights is refused, since nobody sees whether they hold it`() throws {
        let weights = safetensors([("a", [1])])
        let single = try modelFolder(["model.safetensors": weights, "adapter_config.json": Array("{}".utf8)])
        #expect(refusal(of: single) == .adapterBesideWeights)
        let sharded = try shardedFolder(["a": "1.safetensors"], ["1.safetensors": weights, "adapter_config.json": []])
        #expect(refusal(of: sharded) == .adapterBesideWeights)
    }

    private static let pointer = """
        version https://git-lfs.github.com/spec/v1
        oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
        size 3945426872

        """

    @Test(arguments: ["config.json", "model.safetensors"])
    func `a pointer of Git LFS is told from a damaged file`(name: String) throws {
        let folder = try modelFolder(["model.safetensors": safetensors([("a", [1])])])
        try folder.write(Array(Self.pointer.utf8), to: name)
        #expect(refusal(of: folder) == .pointer(name))
    }

    @Test func `a pointer in the place of any other file is refused when it is read`() throws {
        let folder = try modelFolder(["model.safetensors": safetensors([("a", [1])])])
        try folder.write(Array(Self.pointer.utf8), to: "tokenizer.json")
        let checkpoint = try Checkpoint(folder: folder.path)
        #expect(throws: CheckpointError.pointer("tokenizer.json")) {
            try checkpoint.file("tokenizer.json", limit: 1000)
        }
    }
}
