// Makes model folders, sound and hostile, as bytes.
import Checkpoints
import Fixtures
import Foundation
import JSON

/// One entry of a safetensors header; a nil field is left out.
struct Entry {
    var name = "t"
    var dtype: JSONValue? = "F32"
    var shape: JSONValue? = [2]
    var offsets: JSONValue? = [0, 8]
    var more: [(String, JSONValue)] = []

    var json: JSONValue {
        var object = JSONObject()
        object["dtype"] = dtype
        object["shape"] = shape
        object["data_offsets"] = offsets
        for (key, value) in more { object[key] = value }
        return .object(object)
    }
}

/// A safetensors file: length, header, data.
func safetensors(header: String, length: UInt64? = nil, data: [UInt8] = []) -> [UInt8] {
    let length = length ?? UInt64(header.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8) + data
}

func safetensors(_ entries: [Entry], dataBytes: Int) -> [UInt8] {
    let header = JSONObject(entries.map { ($0.name, $0.json) })
    let text = String(decoding: JSONValue.object(header).serialized(), as: UTF8.self)
    return safetensors(header: text, data: [UInt8](repeating: 0, count: dataBytes))
}

/// Tensors of float32 numbers, one after the other.
func safetensors(_ tensors: [(name: String, values: [Float])]) -> [UInt8] {
    var entries: [Entry] = []
    var data: [UInt8] = []
    for (name, values) in tensors {
        let end = data.count + 4 * values.count
        let offsets: JSONValue = [JSONValue(data.count), JSONValue(end)]
        entries.append(Entry(name: name, shape: [JSONValue(values.count)], offsets: offsets))
        for value in values { withUnsafeBytes(of: value.bitPattern.littleEndian) { data += $0 } }
    }
    var bytes = safetensors(entries, dataBytes: 0)
    bytes += data
    return bytes
}

/// The smallest config of each family.
func config(_ changes: JSONObject = [:], family: String = "qwen2") -> JSONObject {
    var config: JSONObject = [
        "architectures": ["Qwen2ForProcessRewardModel"], "model_type": .string(family), "hidden_size": 32,
        "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
        "vocab_size": 100, "rms_norm_eps": 1e-06, "max_position_embeddings": 4096, "sliding_window": nil,
    ]
    for (key, value) in changes { config[key] = value }
    return config
}

func config(without key: String, family: String = "qwen2") -> JSONObject {
    var config = config(family: family)
    config[key] = nil
    return config
}

/// A folder with a sound config.json and these files.
func modelFolder(_ files: [String: [UInt8]]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write(JSONValue.object(config()).serialized(), to: "config.json")
    for (name, bytes) in files { try folder.write(bytes, to: name) }
    return folder
}

/// A folder with an index and its shards.
func shardedFolder(_ map: JSONObject, _ shards: [String: [UInt8]]) throws -> TemporaryFolder {
    let index: JSONObject = ["metadata": ["total_size": 1], "weight_map": .object(map)]
    let folder = try modelFolder(shards)
    try folder.write(JSONValue.object(index).serialized(), to: "model.safetensors.index.json")
    return folder
}

/// What opening this single file is refused with; nil where it is accepted.
func refusal(ofHeader bytes: [UInt8]) throws -> CheckpointError? {
    try refusal(of: modelFolder(["model.safetensors": bytes]))
}

func refusal(of folder: TemporaryFolder) -> CheckpointError? {
    do {
        _ = try Checkpoint(folder: folder.path)
        return nil
    } catch {
        return error
    }
}
