// Tells which chat a Jinja template writes, without running it.

/// The chats that are written out here, by their name in `linchpin.json`.
package enum ChatDialect: String, Sendable, CaseIterable {
    /// `<|im_start|>role\ncontent<|im_end|>\n` (Qwen2, Qwen2.5).
    case chatML = "chatml"
    /// ChatML whose last answer opens with a block of thought, empty where the answer has none (Qwen3).
    case thinkingChatML = "chatml-think"
    /// `<|start_header_id|>role<|end_header_id|>\n\ncontent<|eot_id|>`, contents trimmed (Llama-3).
    case llama3
    /// Llama-3 whose system turn is always there and begins with two dates (Llama-3.1).
    case datedLlama3 = "llama3-dated"

    /// The token by which a tokenizer shows that it knows the dialect.
    var openingToken: String {
        switch self {
        case .chatML, .thinkingChatML: "<|im_start|>"
        case .llama3, .datedLlama3: "<|start_header_id|>"
        }
    }
}

/// A dialect with the system message that its template puts where nobody brings one.
package struct ChatFormat: Sendable, Equatable {
    package let dialect: ChatDialect
    package let defaultSystem: String?

    package init(_ dialect: ChatDialect, defaultSystem: String? = nil) {
        self.dialect = dialect
        self.defaultSystem = defaultSystem
    }

    /// Nil for a template that writes none of the dialects, or that cannot be told apart by its text.
    ///
    /// Templates are programs; the marks below are those of every family in reference/prm-zoo.md section 3.
    package init?(jinja template: String) {
        switch (template.contains("<|im_start|>"), template.contains("<|start_header_id|>")) {
        case (true, false):
            let thinks = template.contains("<think>") && template.contains("reasoning_content")
            self.init(
                thinks ? .thinkingChatML : .chatML,
                defaultSystem: Self.defaultSystem(template)
            )
        case (false, true):
            self.init(template.contains("Cutting Knowledge Date") ? .datedLlama3 : .llama3)
        default: return nil
        }
    }

    /// The literal system message of a ChatML template, such as Qwen2.5's "You are Qwen, ...".
    ///
    /// The first one that comes whole, up to `<|im_end|>`, with no code in it: Qwen2.5 writes the branch for tools first,
    /// which opens the turn and then computes. The newline after the role is an escape within code, else a newline.
    private static func defaultSystem(_ template: String) -> String? {
        var rest = template[...]
        while let start = rest.firstRange(of: "<|im_start|>system") {
            rest = rest[start.upperBound...]
            guard let end = rest.firstRange(of: "<|im_end|>") else { return nil }
            let text = rest[..<end.lowerBound]
            // A quote ends the literal, and braces of these kinds begin code: what follows is computed.
            if ["'", "\"", "{{", "{%"].contains(where: { text.contains($0) }) { continue }
            if text.hasPrefix(#"\n"#) { return unescaped(text.dropFirst(2)) }
            if text.hasPrefix("\n") { return String(text.dropFirst()) }
        }
        return nil
    }

    /// The escapes of Jinja's literals, which are Python's.
    private static func unescaped(_ literal: Substring) -> String {
        var text = ""
        var isEscaped = false
        for scalar in literal.unicodeScalars {
            guard isEscaped else {
                if scalar == "\\" { isEscaped = true } else { text.unicodeScalars.append(scalar) }
                continue
            }
            isEscaped = false
            switch scalar {
            case "n": text += "\n"
            case "t": text += "\t"
            case "\\", "'", "\"": text.unicodeScalars.append(scalar)
            default:
                // Python keeps an escape that it does not know.
                text += "\\"
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
