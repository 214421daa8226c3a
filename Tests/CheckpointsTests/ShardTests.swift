// An index and its shards agree, or the folder is refused.
import Checkpoints
import Fixtures
import Foundation
import JSON
import Testing

@Suite struct ShardTests {
    private static let one = safetensors([("a", [1, 2]), ("b", [3])])
    private static let two = safetensors([("c", [4])])
    private static let shards = ["1.safetensors": one, "2.safetensors": two]
    private static let map: JSONObject = ["a": "1.safetensors", "b": "1.safetensors", "c": "2.safetensors"]

    private static func map(_ key: String, _ value: JSONValue?) -> JSONObject {
        var changed = map
        changed[key] = value
        return changed
    }

    @Test func `tensors are found in their shards`() throws {
        let folder = try shardedFolder(Self.map, Self.shards)
        let checkpoint = try Checkpoint(folder: folder.path)
        #expect(
            checkpoint.tensors.mapValues(\.file) == ["a": "1.safetensors", "b": "1.safetensors", "c": "2.safetensors"]
        )
        #expect(try floats(checkpoint.load("b")) == [3])
        #expect(try floats(checkpoint.load("c")) == [4])
    }

    private static let indices: [(JSONObject, IndexProblem)] = [
        ([:], .noWeightMap), (map("a", 1), .fileNameExpected(tensor: "a")),
        (map("a", nil), .notInIndex(tensor: "a", file: "1.safetensors")),
        (map("a", "2.safetensors"), .notInShard(tensor: "a", file: "2.safetensors")),
        (map("d", "1.safetensors"), .notInShard(tensor: "d", file: "1.safetensors")),
    ]

    @Test(arguments: indices)
    func `an index that its shards contradict is refused`(map: JSONObject, problem: IndexProblem) throws {
        #expect(try refusal(of: shardedFolder(map, Self.shards)) == .index(problem))
    }

    @Test func `a tensor in two shards is refused`() throws {
        let shards = ["1.safetensors": Self.one, "2.safetensors": safetensors([("c", [4]), ("a", [1, 2])])]
        let problem = IndexProblem.inTwoShards(tensor: "a", files: ["1.safetensors", "2.safetensors"])
        #expect(try refusal(of: shardedFolder(Self.map, shards)) == .index(problem))
    }

    @Test(arguments: [
        "../1.safetensors", "/etc/1.safetensors", "a/1.safetensors", "..safetensors", "a..safetensors", "", "1.bin",
        "pytorch_model.bin", "1\u{0}.safetensors", "1.safetensors\u{0}", "a/\u{301}1.safetensors",
        String(repeating: "n", count: 256 - 12) + ".safetensors",
    ])
    func `a shard's name stays in the folder and is no pickle`(name: String) throws {
        #expect(try refusal(of: shardedFolder(Self.map("a", .string(name)), Self.shards)) == .badFileName(name))
    }

    @Test func `a shard that is not there is named`() throws {
        let folder = try shardedFolder(Self.map("a", "3.safetensors"), Self.shards)
        #expect(refusal(of: folder) == .index(.missingShard("3.safetensors")))
    }

    @Test(arguments: ["[]", "{\"weight_map\":[]}", "{\"weight_map\":{}}", "{}"])
    func `an index without a map is refused`(text: String) throws {
        let folder = try modelFolder(["model.safetensors.index.json": Array(text.utf8)])
        let name = "model.safetensors.index.json"
        #expect(refusal(of: folder) == (text == "[]" ? .notAnObject(file: name) : .index(.noWeightMap)))
    }

    @Test func `a tensor named twice in the index is refused`() throws {
        let text = #"{"weight_map":{"a":"1.safetensors","a":"2.safetensors"}}"#
        let folder = try modelFolder(["model.safetensors.index.json": Array(text.utf8)])
        guard case .notJSON(_, let error) = refusal(of: folder) else {
            Issue.record("not refused as JSON")
            return
        }
        #expect(error.kind == .duplicateKey("a"))
    }

    @Test(arguments: [(256, false), (257, true)])
    func `there may be 256 shards and no more`(count: Int, isRefused: Bool) throws {
        let names = (0..<count).map { "\($0).safetensors" }
        let map = JSONObject(names.map { ("t" + $0, .string($0)) })
        let shards = Dictionary(uniqueKeysWithValues: names.map { ($0, safetensors([("t" + $0, [1])])) })
        let expected: CheckpointError? = isRefused ? .index(.tooManyShards(257, limit: 256)) : nil
        #expect(try refusal(of: shardedFolder(map, shards)) == expected)
    }

    @Test func `one file is preferred to an index, as in transformers`() throws {
        let folder = try shardedFolder(["x": "gone.safetensors"], ["model.safetensors": Self.two])
        #expect(try Checkpoint(folder: folder.path).tensors.count == 1)
    }
}

/// The elements of a float32 tensor.
func floats(_ tensor: Tensor) -> [Float] {
    tensor.withBytes { bytes in bytes.withMemoryRebound(to: Float.self) { Array($0) } }
}
