// Any bytes as the index of shards: refused or taken, never a crash.
import Checkpoints

private let config = Array(
    """
    {"model_type":"qwen2","hidden_size":8,"intermediate_size":8,"num_hidden_layers":1,"num_attention_heads":2,\
    "num_key_value_heads":1,"vocab_size":9,"rms_norm_eps":1e-6,"max_position_embeddings":64}
    """.utf8
)

/// A file of one number by this name.
private func shard(_ name: String) -> [UInt8] {
    let header = Array(#"{"\#(name)":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#.utf8)
    return [UInt8(truncatingIfNeeded: header.count), 0, 0, 0, 0, 0, 0, 0] + header + [0, 0, 0x80, 0x3F]
}

private let (one, two) = (shard("a"), shard("b"))

@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzIndex(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let index = UnsafeRawBufferPointer(start: start, count: count)
    config.withUnsafeBytes { config in
        one.withUnsafeBytes { one in
            two.withUnsafeBytes { two in
                let files = [
                    (name: "config.json", bytes: config), (name: "model.safetensors.index.json", bytes: index),
                    (name: "1.safetensors", bytes: one), (name: "2.safetensors", bytes: two),
                ]
                guard let checkpoint = try? Checkpoint(name: "fuzz", files: files) else { return }
                for name in checkpoint.tensors.keys {
                    precondition(["a", "b"].contains(name))
                    precondition((try? checkpoint.load(name))?.elementCount == 1)
                }
            }
        }
    }
    return 0
}
