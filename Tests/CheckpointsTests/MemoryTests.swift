// A model in memory is checked and read as a folder is.
import Checkpoints
import Fixtures
import Foundation
import JSON
import Testing

/// Bytes that are never freed, as those of the binary.
private func resident(_ bytes: [UInt8]) -> UnsafeRawBufferPointer {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    memory.copyBytes(from: bytes)
    return UnsafeRawBufferPointer(memory)
}

private func checkpoint(_ files: [String: [UInt8]]) throws -> Checkpoint {
    try Checkpoint(name: "resident", files: files.map { ($0.key, resident($0.value)) })
}

private let sound = JSONValue.object(config()).serialized()

@Suite struct MemoryTests {
    @Test func `config, tensors and other files are those that were given`() throws {
        let values: [Float] = [1, -2, 3.5]
        let model = try checkpoint([
            "config.json": sound, "model.safetensors": safetensors([("x", [0]), ("t", values)]),
            "tokenizer.json": [1, 2],
        ])
        #expect(model.folder == "resident")
        #expect(model.config == (try ModelConfig(json: config())))
        #expect(try floats(model.load("t")) == values)
        #expect(try model.file("tokenizer.json", limit: 2) == [1, 2])
        #expect(try model.file("linchpin.json", limit: 2) == nil)
        #expect(throws: CheckpointError.fileTooLarge("tokenizer.json", bytes: 2, limit: 1)) {
            try model.file("tokenizer.json", limit: 1)
        }
        #expect(throws: CheckpointError.badFileName("../x")) { try model.file("../x", limit: 1) }
    }

    @Test func `shards are read by their index`() throws {
        let index: JSONObject = ["weight_map": ["a": "one.safetensors", "b": "two.safetensors"]]
        let model = try checkpoint([
            "config.json": sound, "model.safetensors.index.json": JSONValue.object(index).serialized(),
            "one.safetensors": safetensors([("a", [1])]), "two.safetensors": safetensors([("b", [2])]),
        ])
        #expect(try floats(model.load("a")) + floats(model.load("b")) == [1, 2])
    }

    private static let refused: [([String: [UInt8]], CheckpointError)] = [
        ([:], .missingFile("config.json")),
        (["config.json": sound], .noWeights(instead: nil)),
        (["config.json": sound, "pytorch_model.bin": [0]], .noWeights(instead: .pickle("pytorch_model.bin"))),
        (
            ["config.json": sound, "model.safetensors": [1, 2]],
            .header(file: "model.safetensors", .fileTooShort(bytes: 2))
        ),
        (
            ["config.json": sound, "model.safetensors": safetensors([("t", [.nan])]).dropLast(2)],
            .tensor("t", file: "model.safetensors", .outsideFile(end: 4, dataBytes: 2))
        ),
    ]

    @Test(arguments: refused)
    func `what a folder is refused for, memory is refused for`(
        files: [String: [UInt8]],
        expected: CheckpointError
    ) throws {
        #expect(throws: expected) { try checkpoint(files) }
    }

    @Test func `a NaN in memory is found`() throws {
        let model = try checkpoint(["config.json": sound, "model.safetensors": safetensors([("t", [0, .nan])])])
        #expect(throws: CheckpointError.tensor("t", file: "model.safetensors", .notFinite(element: 1))) {
            try model.load("t")
        }
    }
}
