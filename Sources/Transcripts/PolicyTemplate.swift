// The chat templates of the policies that trainers train.

/// A chat template by what it writes; two templates that cannot be told apart by their text are one.
///
/// Read in the tokenizers' own `chat_template`s, as TRL 1.16, Axolotl 0.19 and Unsloth 2026.10 ship them.
package enum PolicyTemplate: String, Sendable, CaseIterable {
    /// `<|im_start|>role\n..<|im_end|>\n` (Qwen2, Qwen2.5, Qwen3).
    case chatML
    /// `<|im_start|>role<|im_sep|>..<|im_end|>`.
    case phi4
    /// `<|start_header_id|>role<|end_header_id|>\n\n..<|eot_id|>`.
    case llama3
    /// `<start_of_turn>role\n..<end_of_turn>\n`.
    case gemma
    /// `<|role|>\n..<|end|>\n`.
    case phi3
    /// `<|role|>\n..</s>\n`.
    case zephyr
    /// `<|role|>\n..\n`, where the assistant's turns alone end in a token (Tulu, OLMo-2).
    case tulu
    /// `[gMASK]<sop><|user|>\n..<|assistant|>..`, where the next header alone ends a turn (GLM-4.5, GLM-4.6).
    case glm
    /// `[INST] .. [/INST] ..</s>`: Llama-2 and Mistral, v1 to v7, in each of their spacings.
    case instruct
    /// `<｜User｜>..<｜Assistant｜>..<｜end▁of▁sentence｜>` behind a bare system text (DeepSeek-V3, R1).
    case deepSeek
    /// `USER: .. ASSISTANT: ..</s>` behind a bare system text.
    case vicuna
}

extension PolicyTemplate {
    /// The places where a turn begins; of two that fit at one place the earlier in this list holds.
    var joints: [Joint] {
        switch self {
        case .chatML: Self.uniform(ends: ["<|im_end|>\n", "<|im_end|>"]) { "<|im_start|>\($0)\n" }
        case .phi4: Self.uniform(ends: ["<|im_end|>"]) { "<|im_start|>\($0)<|im_sep|>" }
        case .llama3:
            Self.uniform(ends: ["<|eot_id|>", "<|eom_id|>"]) { "<|start_header_id|>\($0)<|end_header_id|>\n\n" }
        case .gemma: Self.uniform(ends: ["<end_of_turn>\n", "<end_of_turn>"]) { "<start_of_turn>\($0)\n" }
        case .phi3: Self.uniform(ends: ["<|end|>\n", "<|end|>"]) { "<|\($0)|>\n" }
        case .zephyr: Self.uniform(ends: ["</s>\n", "</s>"]) { "<|\($0)|>\n" }
        case .tulu:
            Self.uniform(
                ends: ["\n"],
                // The end token is the base model's: Llama-2, OLMo-2, Llama-3.1.
                assistant: ["</s>\n", "<|endoftext|>\n", "<|end_of_text|>\n"]
            ) { "<|\($0)|>\n" }
        case .glm: Self.glmJoints
        case .instruct: Self.instructJoints
        case .deepSeek: Self.deepSeekJoints
        case .vicuna: Self.vicunaJoints
        }
    }

    /// Whether an answer to an earlier question begins with a space that is the template's.
    var spacesAnswers: Bool { self == .instruct || self == .vicuna }

    /// Whether plain words are its headers, so that more must be seen before a text is taken for it.
    var isPlain: Bool { self == .vicuna }

    /// The words for each role; what a tool gives back is a turn of the user's, as Qwen2.5's own template has it.
    private static let words: [(String, Turn.Role)] = [
        ("system", .system), ("developer", .system), ("user", .user), ("tool", .user), ("ipython", .user),
        ("assistant", .assistant), ("model", .assistant),
    ]

    /// A template that frames every role in one way.
    ///
    /// No joint leads from assistant to assistant: no prompt has two answers in a row, and an answer that writes such a
    /// header must not cut itself.
    private static func uniform(ends: [String], assistant: [String]? = nil, header: (String) -> String) -> [Joint] {
        words.flatMap { word, role in
            let header = header(word)
            let others = Turn.Role.allCases.filter { ($0, role) != (.assistant, .assistant) }
            return [Joint(nil, "", role, header)]
                + others.flatMap { from in
                    (from == .assistant ? assistant ?? ends : ends).map { Joint(from, $0, role, header) }
                }
        }
    }

    private static let glmJoints: [Joint] = {
        let asking: [(Turn.Role, String)] = [
            (.system, "<|system|>\n"), (.user, "<|user|>\n"), (.user, "<|observation|>\n"),
        ]
        // Behind an answer to an earlier question its empty thought stays, as it does where thought is switched off.
        let answering = ["<|assistant|>\n<think></think>\n", "<|assistant|>\n<think></think>", "<|assistant|>"]
        return asking.map { Joint(nil, "", $0, "[gMASK]<sop>" + $1) }
            + Turn.Role.allCases.flatMap { from in asking.map { Joint(from, "", $0, $1) } }
            + [Turn.Role.system, .user].flatMap { from in answering.map { Joint(from, "", .assistant, $0) } }
    }()

    private static let instructJoints: [Joint] = {
        let users = ["[INST] ", "[INST]"]
        // Mistral v1 has a space before its bracket; Llama-2's template has one before its end token, and a token of
        // beginning before each question.
        let ends = [" </s><s>", "</s><s>", "</s> ", "</s>"]
        return [Joint(nil, "", .system, "[INST] <<SYS>>\n")]
            + ["[SYSTEM_PROMPT] ", "[SYSTEM_PROMPT]"].map { Joint(nil, "", .system, $0) }
            + users.map { Joint(nil, "", .user, $0) }
            + [Joint(.system, "", .user, "\n<</SYS>>\n\n")]
            + users.map { Joint(.system, "[/SYSTEM_PROMPT]", .user, $0) }
            + [" ", ""].map { Joint(.user, $0, .assistant, "[/INST]") }
            + ends.flatMap { end in users.map { Joint(.assistant, end, .user, $0) } }
    }()

    private static let deepSeekJoints: [Joint] = {
        // Without thought, V3.1 closes in its header a thought that it never opened.
        let assistants = ["<｜Assistant｜></think>", "<｜Assistant｜>"]
        return [
            Joint(nil, "", .user, "<｜User｜>"),
            Joint(nil, "", .system, ""),
            Joint(.system, "", .user, "<｜User｜>"),
            Joint(.assistant, "<｜end▁of▁sentence｜>", .user, "<｜User｜>"),
        ] + assistants.map { Joint(.user, "", .assistant, $0) }
    }()

    private static let vicunaJoints: [Joint] =
        [Joint(nil, "", .user, "USER: "), Joint(nil, "", .system, "")]
        // One space is FastChat's; the newlines are those of templates written after it.
        + ["\n\n", "\n", " "].map { Joint(.system, $0, .user, "USER: ") }
        + [" ", "\n"].map { Joint(.user, $0, .assistant, "ASSISTANT:") }
        + ["</s>\n", "</s> ", "</s>"].map { Joint(.assistant, $0, .user, "USER: ") }
}
