// Random damage: refused or taken, never a crash.
import Checkpoints
import Fixtures
import Foundation
import JSON
import Testing

@Suite struct MutationTests {
    private static let rounds = 20_000

    /// What stands in the place of numbers and fields.
    private static let splices = [
        "-1", "0", "9223372036854775807", "18446744073709551616", "1e400", "null", "[]", "{}", "\"\"", "true", "[0,8]",
        "1.0",
        "\"F64\"", "\"F16\"", "\"dtype\"", ",", ":", "\\u0000", "\"__metadata__\":{},",
    ].map { Array($0.utf8) }

    private static func mutated(_ seed: [UInt8], from start: Int, _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = seed
        for _ in 0..<Int.random(in: 1...3, using: &generator) where bytes.count > start + 8 {
            let place = Int.random(in: start..<bytes.count - 4, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 2: bytes.remove(at: place)
            case 3: bytes.replaceSubrange(place..<place + 1, with: splices.randomElement(using: &generator) ?? [])
            default: bytes.removeSubrange(place..<place + Int.random(in: 1...4, using: &generator))
            }
        }
        return bytes
    }

    /// Foundation waits for the disk at every write, which 20,000 files cannot.
    private static func replace(_ name: String, in folder: TemporaryFolder, with bytes: [UInt8]) throws {
        let path = folder.path + "/" + name
        unlink(path)
        let file = try #require(fopen(path, "w"))
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
        fclose(file)
    }

    /// Half of the headers get a length field that fits again, so that the damage reaches the JSON.
    private static func withTrueLength(_ bytes: [UInt8], dataBytes: Int) -> [UInt8] {
        let header = String(decoding: bytes.dropFirst(8).dropLast(dataBytes), as: UTF8.self)
        return safetensors(header: header, data: Array(bytes.suffix(dataBytes)))
    }

    @Test func `a damaged safetensors file is refused or taken`() throws {
        let entries = [
            Entry(name: "model.a", shape: [2, 1]), Entry(name: "model.b", dtype: "BF16", shape: [4], offsets: [8, 16]),
            Entry(name: "model.c", dtype: "F16", shape: [], offsets: [16, 18]),
        ]
        let seed = safetensors(entries, dataBytes: 18)
        let folder = try modelFolder([:])
        var generator = SeededGenerator(seed: 11)
        var accepted = 0
        for round in 0..<Self.rounds {
            var bytes = Self.mutated(seed, from: round.isMultiple(of: 2) ? 8 : 0, &generator)
            if round.isMultiple(of: 2) { bytes = Self.withTrueLength(bytes, dataBytes: 18) }
            try Self.replace("model.safetensors", in: folder, with: bytes)
            guard let checkpoint = try? Checkpoint(folder: folder.path) else { continue }
            accepted += 1
            for (name, info) in checkpoint.tensors {
                #expect(info.fileOffset >= 8 && info.fileOffset + info.byteCount <= bytes.count)
                let tensor = try? checkpoint.load(name)
                #expect(tensor == nil || tensor?.bytes.count == info.byteCount)
            }
        }
        #expect((100..<Self.rounds / 2).contains(accepted))
    }

    @Test func `a damaged config is refused or taken`() throws {
        let scaling: JSONValue = [
            "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64,
        ]
        let changes: JSONObject = [
            "rope_scaling": scaling, "sliding_window": 16, "use_sliding_window": true, "head_dim": 8, "pad_token_id": 3,
            "layer_types": ["full_attention", "full_attention", "sliding_attention"], "id2label": ["0": "x"],
        ]
        let seed = JSONValue.object(config(changes)).serialized()
        _ = try ModelConfig(json: try #require(JSONValue(parsing: seed).object))
        var generator = SeededGenerator(seed: 12)
        var accepted = 0
        for _ in 0..<Self.rounds {
            let bytes = Self.mutated(seed, from: 0, &generator)
            guard let json = try? JSONValue(parsing: bytes).object, let read = try? ModelConfig(json: json) else {
                continue
            }
            accepted += 1
            #expect(read.slidingWindows.count == read.layerCount)
            #expect(read.headCount.isMultiple(of: read.keyValueHeadCount) && read.headDimension.isMultiple(of: 2))
        }
        #expect((100..<Self.rounds / 2).contains(accepted))
    }

    @Test func `a damaged index is refused or taken`() throws {
        let shards = [
            "1.safetensors": safetensors([("a", [1]), ("b", [2])]), "2.safetensors": safetensors([("c", [3])]),
        ]
        let map: JSONObject = ["a": "1.safetensors", "b": "1.safetensors", "c": "2.safetensors"]
        let folder = try shardedFolder(map, shards)
        let index = "model.safetensors.index.json"
        let seed = [UInt8](try Data(contentsOf: folder.url.appendingPathComponent(index)))
        var generator = SeededGenerator(seed: 13)
        var accepted = 0
        for _ in 0..<Self.rounds / 4 {
            try Self.replace(index, in: folder, with: Self.mutated(seed, from: 0, &generator))
            guard let checkpoint = try? Checkpoint(folder: folder.path) else { continue }
            accepted += 1
            #expect(checkpoint.tensors.keys.sorted() == ["a", "b", "c"])
        }
        #expect((10..<Self.rounds / 8).contains(accepted))
    }
}
