// A vocabulary that the shared fixtures do not bring.
import JSON

/// A byte-level tokenizer.json of bytes alone, "+" being 10 and "-" 12 as in Llama-3's and Qwen's vocabularies.
func smallByteTokenizer() -> [UInt8] {
    let printable = Array(0x21...0x7E) + Array(0xA1...0xAC) + Array(0xAE...0xFF)
    let others = (0..<256).filter { !printable.contains($0) }.indices.map { 0x100 + $0 }
    let letters = (printable + others).compactMap { Unicode.Scalar(UInt32($0)).map { String($0) } }
    let vocabulary = letters.enumerated().map { (key: $1, value: JSONValue($0)) }
    let pattern =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|"#
        + #"\s*[\r\n]+|\s+(?!\S)|\s+"#
    let byteLevel: JSONValue = [
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false,
    ]
    let split: JSONValue = [
        "type": "Split", "pattern": ["Regex": .string(pattern)], "behavior": "Isolated", "invert": false,
    ]
    var members = JSONObject()
    for (key, value) in vocabulary { members[key] = value }
    let model: JSONValue = ["type": "BPE", "vocab": .object(members), "merges": []]
    let file: JSONValue = [
        "version": "1.0", "added_tokens": [],
        "pre_tokenizer": ["type": "Sequence", "pretokenizers": [split, byteLevel]],
        "decoder": byteLevel, "model": model,
    ]
    return file.serialized()
}
