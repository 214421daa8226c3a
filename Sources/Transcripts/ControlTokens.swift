// The tokens that stand around a text and are no part of it.

/// Spelt as the policies' tokenizers decode them.
private enum ControlTokens {
    /// What ends a text, and what fills a row of a batch at either side of it.
    private static let fillers = bytes([
        "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|end|>", "</s>",
        "<end_of_turn>", "<eos>", "<｜end▁of▁sentence｜>", "<|EOT|>", "<|end_of_turn|>",
        "<pad>", "[PAD]", "<unk>", "<|pad|>", "<|padding|>", "<|finetune_right_pad_id|>", "<｜▁pad▁｜>",
        // Qwen2's tokens that Unsloth pads with.
        "<|vision_pad|>", "<|PAD_TOKEN|>",
    ])
    /// What may stand behind an answer; GLM stops at the header of the next turn.
    static let ends = fillers + bytes(["<|user|>", "<|observation|>"])
    /// What may stand in front of a text.
    static let starts =
        fillers + bytes(["<s>", "<bos>", "<|begin_of_text|>", "<｜begin▁of▁sentence｜>", "<|startoftext|>"])
    /// Control tokens that have no bars; a text that holds one and fits no template is in a template unknown here.
    static let bare = bytes([
        "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "<<SYS>>", "<</SYS>>", "<start_of_turn>",
        "<end_of_turn>", "[gMASK]",
    ])
    /// The borders of a control token's name; DeepSeek's are of full width.
    struct Bars {
        let open: [UInt8]
        let close: [UInt8]
    }
    static let bars = [
        Bars(open: Array("<|".utf8), close: Array("|>".utf8)), Bars(open: Array("<｜".utf8), close: Array("｜>".utf8)),
    ]
    /// How a template's last header may go on, so that the answer begins within a thought or behind an empty one.
    static let thoughts = bytes(["<think>\n\n</think>\n\n", "<think>\n", "<think>", "</think>"])

    private static func bytes(_ tokens: [String]) -> [[UInt8]] { tokens.map { Array($0.utf8) } }
}

extension UInt8 {
    /// White space of ASCII.
    var isSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }

    /// What the name of a control token is made of: letters, digits, `_`, `-`, `.`, and DeepSeek's `▁`.
    fileprivate var isName: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: self >= 0x80
        }
    }
}

extension [UInt8] {
    func has(_ part: [UInt8], at place: Int) -> Bool {
        guard part.count <= count - place else { return false }
        for index in part.indices where self[place + index] != part[index] { return false }
        return true
    }

    /// Where the text begins behind its padding, its tokens of beginning and the space among them.
    var startBehindPadding: Int {
        var start = 0
        while start < count {
            if self[start].isSpace {
                start += 1
            } else if let token = ControlTokens.starts.first(where: { has($0, at: start) }) {
                start += token.count
            } else {
                break
            }
        }
        return start
    }

    /// Where an answer that begins at `start` ends, in front of its end tokens and padding and the space among them.
    func endBeforePadding(from start: Int) -> Int {
        var end = count
        while true {
            var edge = end
            while edge > start, self[edge - 1].isSpace { edge -= 1 }
            let token = ControlTokens.ends.first { $0.count <= edge - start && has($0, at: edge - $0.count) }
            guard let token else { return end }
            end = edge - token.count
        }
    }

    /// Where the answer begins behind a header that ends at `header` and may open a thought.
    func startBehindThought(at header: Int) -> Int {
        header + (ControlTokens.thoughts.first { has($0, at: header) }?.count ?? 0)
    }

    /// Whether a control token of any template stands in the range.
    func holdsControlToken(in range: Range<Int>) -> Bool {
        for place in range where self[place] == UInt8(ascii: "<") || self[place] == UInt8(ascii: "[") {
            let room = range.upperBound - place
            if ControlTokens.bare.contains(where: { token in token.count <= room && has(token, at: place) }) {
                return true
            }
            for bars in ControlTokens.bars where isToken(at: place, before: range.upperBound, bars) { return true }
        }
        return false
    }

    /// Whether a name between bars stands here, of 3 bytes (a shorter one is an absolute value, as in `a<|y|>b`) to 64.
    private func isToken(at place: Int, before end: Int, _ bars: ControlTokens.Bars) -> Bool {
        guard has(bars.open, at: place) else { return false }
        let start = place + bars.open.count
        var edge = start
        while edge < end, edge - start <= 64, !has(bars.close, at: edge), self[edge].isName { edge += 1 }
        return (3...64).contains(edge - start) && bars.close.count <= end - edge && has(bars.close, at: edge)
    }
}
