// The turns of a chat, as segments.
import Tokenizing

/// A dialect with the ids that this checkpoint's tokenizer gives its tokens.
struct Chat {
    private let frame: Frame
    private let beginning: [Int32]
    private let defaultSystem: String?

    private enum Frame {
        case chatML(start: Int32, end: Int32, thought: Thought?)
        case llama3(header: Int32, headerEnd: Int32, turnEnd: Int32, isDated: Bool)
    }

    /// The tokens around a thought.
    private struct Thought {
        let open: Int32
        let close: Int32
    }

    /// Llama-3.1's template, where nobody gives a date; newer ones put the day of the call, which no two days agree on.
    private static let dates = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"

    /// - Parameters:
    ///   - token: the id of a token by its text, or an error that names it.
    ///   - beginning: what stands before a text, which only Llama-3's template writes.
    init(_ format: ChatFormat, system: SystemTurn, beginning: [Int32], token: (String) throws -> Int32) throws {
        switch format.dialect {
        case .chatML, .thinkingChatML:
            var thought: Thought?
            if format.dialect == .thinkingChatML {
                thought = Thought(open: try token("<think>"), close: try token("</think>"))
            }
            frame = .chatML(start: try token("<|im_start|>"), end: try token("<|im_end|>"), thought: thought)
            self.beginning = []
        case .llama3, .datedLlama3:
            frame = .llama3(
                header: try token("<|start_header_id|>"),
                headerEnd: try token("<|end_header_id|>"),
                turnEnd: try token("<|eot_id|>"),
                isDated: format.dialect == .datedLlama3
            )
            self.beginning = beginning
        }
        defaultSystem =
            switch system {
            case .template: format.defaultSystem
            case .none: nil
            case .text(let text): text
            }
    }

    /// All turns of a conversation up to the assistant's; a conversation's own system message stands before ours.
    func turns(_ messages: [Message]) -> [Segment] {
        var messages = messages
        var system = defaultSystem
        if let first = messages.first, first.role == "system" {
            system = first.content
            messages.removeFirst()
        }
        var segments = beginning.map(Segment.token)
        switch frame {
        case .llama3(_, _, _, isDated: true):
            segments += turn("system", "", before: Self.dates + trimmed(system ?? ""))
        default:
            if let system { segments += turn("system", system) }
        }
        return segments + messages.flatMap { turn($0.role, $0.content) }
    }

    /// One whole turn.
    func turn(_ role: String, _ content: String) -> [Segment] { turn(role, content, before: "") }

    /// - Parameter before: text in front of the content, which is not trimmed.
    private func turn(_ role: String, _ content: String, before: String) -> [Segment] {
        let (header, lead) = open(role)
        return header + [.text(lead + before + trimmed(content))] + close
    }

    /// A turn's opening: its tokens, and the text that merges with the beginning of the content.
    func open(_ role: String) -> (header: [Segment], lead: String) {
        switch frame {
        // Role and content are one text, so that a prompt's leading newlines merge with the role's.
        case .chatML(let start, _, _): ([.token(start)], role + "\n")
        case .llama3(let header, let headerEnd, _, _): ([.token(header), .text(role), .token(headerEnd)], "\n\n")
        }
    }

    /// A turn's end.
    var close: [Segment] {
        switch frame {
        case .chatML(_, let end, _): [.token(end), .text("\n")]
        case .llama3(_, _, let turnEnd, _): [.token(turnEnd)]
        }
    }

    /// The assistant's last turn up to its end, with the block of thought that some dialects put before the answer.
    func answer(_ text: String) -> [Segment] {
        let (header, lead) = open("assistant")
        guard case .chatML(_, _, let thought?) = frame else { return header + [.text(lead + trimmed(text))] }
        let (reasoning, answer) = Self.reasoning(in: text)
        return header + [
            .text(lead), .token(thought.open), .text("\n" + reasoning + "\n"), .token(thought.close),
            .text("\n\n" + answer),
        ]
    }

    /// Llama-3's templates trim every content, ChatML's none.
    func trimmed(_ text: String) -> String {
        guard case .llama3 = frame else { return text }
        return text.trimmingPythonSpace()
    }

    /// Qwen3's template: what stands before the last `</think>` is thought, the rest the answer, without the newlines
    /// at their borders.
    private static func reasoning(in text: String) -> (reasoning: String, answer: String) {
        let scalars = text.unicodeScalars
        let ends = scalars.ranges(of: "</think>".unicodeScalars)
        guard let first = ends.first, let last = ends.last else { return ("", text.trimmingNewlines(.leading)) }
        var thought = scalars[..<first.lowerBound]
        if let start = thought.ranges(of: "<think>".unicodeScalars).last { thought = thought[start.upperBound...] }
        return (
            String(thought).trimmingNewlines(.both), String(scalars[last.upperBound...]).trimmingNewlines(.leading)
        )
    }
}

extension String {
    enum Border {
        case leading
        case both
    }

    /// Without the newlines at its beginning, or at both ends.
    func trimmingNewlines(_ border: Border) -> String {
        var scalars = unicodeScalars[...]
        while scalars.first == "\n" { scalars.removeFirst() }
        while border == .both, scalars.last == "\n" { scalars.removeLast() }
        return String(scalars)
    }

    /// Without the white space at its ends, as Python's `str.strip` and so Jinja's `trim` have it: U+001C to U+001F
    /// are white space to Python and not to Unicode.
    func trimmingPythonSpace() -> String {
        func isSpace(_ scalar: Unicode.Scalar) -> Bool {
            scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
        }
        var scalars = unicodeScalars[...]
        while let first = scalars.first, isSpace(first) { scalars.removeFirst() }
        while let last = scalars.last, isSpace(last) { scalars.removeLast() }
        return String(scalars)
    }
}
