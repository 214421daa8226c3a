// A byte-level vocabulary that has every family's tokens.
import Tokenizing

/// 256 bytes, the merges that make the text markers one token each, and the added tokens of all chats.
enum Toy {
    static let added = [
        "<|im_start|>", "<|im_end|>", "<extra_0>", "<think>", "</think>", "<|begin_of_text|>", "<|start_header_id|>",
        "<|end_header_id|>", "<|eot_id|>", "<|endoftext|>",
    ]

    /// In the order of their ranks. "Ġ" is a space, "Ċ" a newline, "ÐºÐ¸" is "ки".
    private static let merges = [
        "Ġ Ċ", "ĠĊ Ċ", "ĠĊĊ Ċ", "ĠĊĊĊ Ċ", "ĠĊĊĊĊ Ċ", "Ċ Ċ", "Ð º", "Ð ¸", "Ðº Ð¸", "Ġ ÐºÐ¸", "Ġ Ð¸", "Ġ +", "Ġ -",
    ]

    static func tokenizer() throws -> Tokenizer {
        let printable = Array(0x21...0x7E) + Array(0xA1...0xAC) + Array(0xAE...0xFF)
        var letters = [String](repeating: "", count: 256)
        for byte in printable { letters[byte] = String(Unicode.Scalar(UInt8(byte))) }
        var next: UInt32 = 0x100
        for byte in letters.indices where letters[byte].isEmpty {
            letters[byte] = Unicode.Scalar(next).map { String($0) } ?? ""
            next += 1
        }
        let tokens = letters + merges.map { $0.split(separator: " ").joined() }
        let vocabulary = tokens.enumerated().map { "\(quoted($1)):\($0)" }.joined(separator: ",")
        let special = added.enumerated().map { index, token in
            #"{"id":\#(tokens.count + index),"content":\#(quoted(token)),"single_word":false,"lstrip":false,"#
                + #""rstrip":false,"normalized":false,"special":true}"#
        }
        let text = #"""
            {"version":"1.0","added_tokens":[\#(special.joined(separator: ","))],"normalizer":null,
             "pre_tokenizer":{"type":"Sequence","pretokenizers":[
              {"type":"Split","pattern":{"Regex":\#(quoted(SplitPattern.llama3.rawValue))},"behavior":"Isolated","invert":false},
              {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]},
             "post_processor":null,"decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},
             "model":{"type":"BPE","vocab":{\#(vocabulary)},"merges":[\#(merges.map(quoted).joined(separator: ","))]}}
            """#
        return try Tokenizer(parsing: Array(text.utf8))
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
