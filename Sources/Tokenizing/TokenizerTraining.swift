// Makes a tokenizer.json from texts.
//
// Written by hand: the Swift package list has no trainer of byte-level BPE, nor a tokenizer to build one on.

import JSON

/// A tokenizer.json of Qwen2's kind: NFC, Llama-3's split pattern, the 256 bytes, merges learnt from `texts`, and the
/// special token `<|endoftext|>`, whose id is the number of the others.
///
/// Llama-3's pattern, not Qwen2's: it lets a number of up to three digits become one token. A decoder of 0.45 M
/// parameters left the plateau of one- and two-step sums after some 700 updates of 96 rollouts with such numbers; digit by
/// digit it had not after 500, nor had a larger one after 900 of 32.
///
/// The same texts in any order give the same bytes, which Hugging Face `tokenizers` loads with the same ids.
/// - Parameter vocabulary: how many bytes and merged tokens there may be, 256 at least; fewer where no more pair is seen
///   twice. The embedding needs one row more.
package func trainedTokenizer(on texts: some Sequence<String>, vocabulary: Int) -> [UInt8] {
    var learner = MergeLearner(pieces(of: texts))
    learner.learn(upTo: min(max(vocabulary, 256), TokenizerLimits.tokens - 1))
    let spellings = learner.tokens.map(ByteAlphabet.text(of:))
    let merges = learner.merges.map { left, right -> JSONValue in
        [.string(spellings[Int(left)]), .string(spellings[Int(right)])]
    }
    let vocabulary = JSONObject(spellings.enumerated().map { ($1, JSONValue($0)) })
    return JSONValue.object(tokenizerFile(vocabulary, merges)).serialized()
}

/// How often each piece stands in the texts, cut as `Tokenizer.encode` cuts them.
private func pieces(of texts: some Sequence<String>) -> [[UInt8]: Int] {
    let splitter = Splitter(pattern: .llama3)
    var counts: [[UInt8]: Int] = [:]
    for text in texts {
        let bytes = Normaliser.nfc.changed(text.utf8.span) ?? Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let end = splitter.pieceEnd(bytes.span, from: start)
            counts[Array(bytes[start..<end]), default: 0] += 1
            start = end
        }
    }
    return counts
}

/// The components of Qwen2.5's file; what the last two say of prefixes and offsets concerns no id.
private func tokenizerFile(_ vocabulary: JSONObject, _ merges: [JSONValue]) -> JSONObject {
    let byteLevel: JSONValue = [
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false,
    ]
    let split: JSONValue = [
        "type": "Split", "pattern": ["Regex": .string(SplitPattern.llama3.rawValue)], "behavior": "Isolated",
        "invert": false,
    ]
    let endOfText: JSONValue = [
        "id": JSONValue(vocabulary.count), "content": "<|endoftext|>", "single_word": false, "lstrip": false,
        "rstrip": false, "normalized": false, "special": true,
    ]
    return [
        "version": "1.0",
        "truncation": nil,
        "padding": nil,
        "added_tokens": [endOfText],
        "normalizer": ["type": "NFC"],
        "pre_tokenizer": ["type": "Sequence", "pretokenizers": [split, byteLevel]],
        "post_processor": byteLevel,
        "decoder": byteLevel,
        "model": [
            "type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil,
            "end_of_word_suffix": nil, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
            "vocab": .object(vocabulary), "merges": .array(merges),
        ],
    ]
}
