// Any bytes as model.safetensors: refused or taken, never a crash.
import Checkpoints

private let config = Array(
    """
    {"model_type":"qwen2","hidden_size":8,"intermediate_size":8,"num_hidden_layers":1,"num_attention_heads":2,\
    "num_key_value_heads":1,"vocab_size":9,"rms_norm_eps":1e-6,"max_position_embeddings":64}
    """.utf8
)

/// The first byte chooses: `F` and a whole file, anything else and a header, which gets its true length and 64 bytes of
/// data, so that what is tried is not all refused for its length.
private func file(_ input: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    let rest = Array(input.dropFirst())
    if input.first == UInt8(ascii: "F") { return rest }
    let length = (0..<8).map { UInt8(truncatingIfNeeded: rest.count >> (8 * $0)) }
    return length + rest + [UInt8](repeating: 0, count: 64)
}

@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzHeader(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let file = file(UnsafeBufferPointer(start: start, count: count))
    config.withUnsafeBytes { config in
        file.withUnsafeBytes { bytes in
            let files = [(name: "config.json", bytes: config), (name: "model.safetensors", bytes: bytes)]
            guard let checkpoint = try? Checkpoint(name: "fuzz", files: files) else { return }
            for (name, info) in checkpoint.tensors {
                precondition(info.fileOffset >= 8 && info.fileOffset + info.byteCount <= bytes.count)
                precondition(info.shape.reduce(info.dtype.byteCount, *) == info.byteCount)
                guard let tensor = try? checkpoint.load(name) else { continue }
                precondition(tensor.withBytes { $0.elementsEqual(bytes[info.fileOffset...].prefix(info.byteCount)) })
            }
        }
    }
    return 0
}
