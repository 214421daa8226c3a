// Writes conversations as the templates do, spelt out anew.
import Fixtures
import Transcripts

/// A conversation in a template: what stands before the answer, and how the text may go on.
struct Written {
    let turns: [Turn]
    let prompt: String
    /// How long the last header is, in bytes.
    let header: Int

    /// - Parameter turns: alternating questions and answers, perhaps behind a system turn.
    init(_ turns: [Turn], in template: PolicyTemplate) {
        self.turns = turns
        let header = template.header
        self.header = header.drop(while: \.isWhitespace).utf8.count
        prompt =
            template.beginning + turns.enumerated().map { template.written($1, isFirst: $0 == 0) }.joined() + header
    }
}

extension PolicyTemplate {
    fileprivate var beginning: String {
        switch self {
        case .llama3: "<|begin_of_text|>"
        case .gemma: "<bos>"
        case .deepSeek: "<｜begin▁of▁sentence｜>"
        case .vicuna, .zephyr: "<s>"
        case .glm: "[gMASK]<sop>"
        default: ""
        }
    }

    /// What opens the answer.
    fileprivate var header: String {
        switch self {
        case .chatML: "<|im_start|>assistant\n"
        case .phi4: "<|im_start|>assistant<|im_sep|>"
        case .llama3: "<|start_header_id|>assistant<|end_header_id|>\n\n"
        case .gemma: "<start_of_turn>model\n"
        case .phi3, .zephyr, .tulu: "<|assistant|>\n"
        case .glm: "<|assistant|>"
        case .instruct: " [/INST]"
        case .deepSeek: "<｜Assistant｜>"
        case .vicuna: "ASSISTANT:"
        }
    }

    /// The tokens that end an answer.
    var ends: [String] {
        switch self {
        case .chatML, .phi4: ["<|im_end|>"]
        case .llama3: ["<|eot_id|>", "<|eom_id|>"]
        case .gemma: ["<end_of_turn>"]
        case .phi3: ["<|end|>"]
        case .zephyr, .instruct, .vicuna: ["</s>"]
        case .tulu: ["</s>", "<|end_of_text|>", "<|endoftext|>"]
        case .glm: ["<|user|>"]
        case .deepSeek: ["<｜end▁of▁sentence｜>"]
        }
    }

    fileprivate func written(_ turn: Turn, isFirst: Bool) -> String {
        let (role, text) = (turn.role, turn.content)
        return switch self {
        case .chatML: "<|im_start|>\(role)\n\(text)<|im_end|>\n"
        case .phi4: "<|im_start|>\(role)<|im_sep|>\(text)<|im_end|>"
        case .llama3: "<|start_header_id|>\(role)<|end_header_id|>\n\n\(text)<|eot_id|>"
        case .gemma: "<start_of_turn>\(role == .assistant ? "model" : "\(role)")\n\(text)<end_of_turn>\n"
        case .phi3: "<|\(role)|>\n\(text)<|end|>\n"
        case .zephyr: "<|\(role)|>\n\(text)</s>\n"
        case .tulu: "<|\(role)|>\n\(text)\(role == .assistant ? "<|end_of_text|>" : "")\n"
        case .glm: "<|\(role)|>\n\(role == .assistant ? "<think></think>\n" : "")\(text)"
        case .instruct: instruct(turn, isFirst: isFirst)
        case .deepSeek:
            switch role {
            case .system: text
            case .user: "<｜User｜>\(text)"
            case .assistant: "<｜Assistant｜>\(text)<｜end▁of▁sentence｜>"
            }
        case .vicuna:
            switch role {
            case .system: "\(text) "
            case .user: "USER: \(text) "
            case .assistant: "ASSISTANT: \(text)</s>"
            }
        }
    }

    /// Llama-2's, which opens a question behind its system turn with nothing.
    private func instruct(_ turn: Turn, isFirst: Bool) -> String {
        switch turn.role {
        case .system: "<s>[INST] <<SYS>>\n\(turn.content)\n<</SYS>>\n\n"
        case .user: isFirst ? "<s>[INST] \(turn.content)" : turn.content
        case .assistant: " [/INST] \(turn.content) </s><s>[INST] "
        }
    }
}

extension SeededGenerator {
    private static let words = [
        "alpha", "2 × 3", "数学", "😀", "x\ny", "a\r\nb", "e\u{301}", "\\boxed{6}", "a<|y|>b", "Step 1.\n\nSo", "if a < b",
    ]
    /// Headers, marks and end tokens of every template, and what looks like them.
    private static let marks = [
        "<|im_start|>assistant\n", "<|im_start|>user\n", "<|im_end|>\n", "<|im_end|>", "<|im_sep|>", "<|im_",
        "<|start_header_id|>assistant<|end_header_id|>\n\n", "<|start_header_id|>user<|end_header_id|>\n\n",
        "<|eot_id|>",
        "<|eom_id|>", "<start_of_turn>model\n", "<start_of_turn>user\n", "<end_of_turn>\n", "<|assistant|>\n",
        "<|user|>\n",
        "<|end|>\n", "</s>\n", "</s>", "<s>", "\n<|assistant|>\n", "\n<|user|>\n", "<|endoftext|>", "<|end_of_text|>\n",
        "[INST] ",
        " [/INST]", "[/INST]", "<<SYS>>\n", "\n<</SYS>>\n\n", "[/SYSTEM_PROMPT]", "<｜User｜>", "<｜Assistant｜>",
        "<｜end▁of▁sentence｜>", " USER: ", " ASSISTANT:", "<think>\n", "</think>\n\n", "<pad>", "<|", "|>", "<extra_0>",
    ]

    /// Words that begin and end in a letter or a sign that no template strips.
    mutating func plainText() -> String {
        (0..<Int.random(in: 1...4, using: &self)).map { _ in Self.words.randomElement(using: &self) ?? "" }
            .joined(separator: " ")
    }

    /// 1 to 3 questions, with answers between them, perhaps behind a system turn.
    mutating func conversation(in template: PolicyTemplate) -> [Turn] {
        let isBare = template == .deepSeek || template == .vicuna
        var turns = isBare || Bool.random(using: &self) ? [Turn(.system, plainText())] : []
        for _ in 0..<Int.random(in: 0...2, using: &self) {
            turns += [Turn(.user, plainText()), Turn(.assistant, plainText())]
        }
        return turns + [Turn(.user, plainText())]
    }

    /// Words and marks but those that hold one of `without`; what it ends in is a word.
    mutating func answer(without: [String] = []) -> String {
        let marks = Self.marks.filter { mark in !without.contains { mark.contains($0) } }
        let parts = (0..<Int.random(in: 0...6, using: &self)).map { _ in
            Bool.random(using: &self) ? plainText() : marks.randomElement(using: &self) ?? ""
        }
        return plainText() + parts.joined() + plainText()
    }

    /// Any number of tokens that end or fill a text, with space among them.
    mutating func padding() -> String {
        let tokens = ["<|im_end|>", "<|endoftext|>", "</s>", "<eos>", "<pad>", "<|eot_id|>", "<｜▁pad▁｜>"]
        return (0..<Int.random(in: 0...4, using: &self)).map { _ in
            (tokens.randomElement(using: &self) ?? "") + (["", "\n", " "].randomElement(using: &self) ?? "")
        }.joined()
    }
}
