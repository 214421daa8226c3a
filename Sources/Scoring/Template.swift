// Lays a rollout out as the model's authors laid out theirs.
import Checkpoints
import JSON
package import Tokenizing
package import Transformers

/// A piece of what the model reads: text, always encoded as plain text (promise P3), or one token by its id.
package enum Segment: Sendable, Equatable {
    case text(String)
    case token(Int32)
    /// A token, or a text's last token, whose hidden state is read as the reward of a step.
    case read(Content, step: Int)

    package enum Content: Sendable, Equatable {
        case text(String)
        case token(Int32)
    }
}

/// A rollout as token ids; `readOfStep` says which read position carries each step's reward (nil: none does).
package struct Rendering: Sendable, Equatable {
    package let sequence: TokenSequence
    package let readOfStep: [Int?]
}

/// A profile's template with the token ids that this checkpoint's tokenizer gives its fixed parts.
///
/// Made when the model is loaded, so that a tokenizer without the profile's marker fails there and not at a request.
package struct Template: Sendable {
    private let kind: Compiled
    private let profile: String
    private let tokenizer: Tokenizer
    private let beginning: Int32?

    private enum Compiled {
        case chatMarker(ChatML, system: String?, marker: Int32)
        case chatLast(ChatML, system: String?, joiner: String)
        case lines(opening: Int32, newline: Int32)
        case pieces(separator: String)
    }

    /// - Parameter beginning: the token that the tokenizer puts before every text, where it has one.
    package init(profile: Profile, tokenizer: Tokenizer, beginning: Int32?) throws {
        func token(_ content: String) throws -> Int32 {
            guard let id = tokenizer.addedToken(content) else {
                throw ProfileError.missingToken(profile: profile.name, token: content)
            }
            return id
        }
        self.profile = profile.name
        self.tokenizer = tokenizer
        self.beginning = beginning
        switch profile.template {
        case .chatMarker(let system, let marker):
            kind = .chatMarker(
                ChatML(start: try token("<|im_start|>"), end: try token("<|im_end|>")),
                system: system,
                marker: try token(marker)
            )
        case .chatLast(let system, let joiner):
            kind = .chatLast(
                ChatML(start: try token("<|im_start|>"), end: try token("<|im_end|>")),
                system: system,
                joiner: joiner
            )
        case .lines(let opening):
            let newline = tokenizer.encode("\n")
            guard newline.count == 1 else {
                throw ProfileError.notOneToken(profile: profile.name, text: "\n", count: newline.count)
            }
            kind = .lines(opening: try token(opening), newline: newline[0])
        case .pieces(let separator):
            kind = .pieces(separator: separator)
        }
    }

    /// The segments of a rollout, before any text is encoded.
    func segments(_ prompt: Prompt, steps: Steps) throws(ScoringError) -> [Segment] {
        switch kind {
        case .chatMarker(let chat, let system, let marker):
            // "assistant\n" and the first step are one text: a step that starts with a newline merges with it, as in
            // the authors' rendering of the whole conversation (prm-zoo section 3 A).
            var segments = try chat.turns(prompt, system: system)
            for (index, step) in steps.texts.enumerated() {
                segments.append(.text(index == 0 ? "assistant\n" + step : step))
                segments.append(.read(.token(marker), step: index))
            }
            return segments + [.token(chat.end), .text("\n")]
        case .chatLast(let chat, let system, let joiner):
            let answer = steps.response ?? steps.texts.joined(separator: joiner)
            return try chat.turns(prompt, system: system) + [
                .text("assistant\n" + answer), .token(chat.end), .read(.text("\n"), step: steps.texts.count - 1),
            ]
        case .lines(let opening, let newline):
            var segments: [Segment] = [.token(opening), .text(try question(prompt) + "\n")]
            for (index, step) in steps.texts.enumerated() {
                for line in step.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
                    segments.append(.text(String(Substring(line))))
                    segments.append(.read(.token(newline), step: index))
                }
            }
            return segments
        case .pieces(let separator):
            // Prompt and steps are encoded apart, as TRL's tokenize_row does in training.
            var segments: [Segment] = beginning.map { [.token($0)] } ?? []
            segments.append(.text(try question(prompt)))
            for (index, step) in steps.texts.enumerated() {
                segments += [.text(step), .read(.text(separator), step: index)]
            }
            return segments
        }
    }

    /// The one question of a template that knows no turns.
    private func question(_ prompt: Prompt) throws(ScoringError) -> String {
        switch prompt {
        case .text(let text): return text
        case .messages(let messages):
            guard messages.count == 1, messages[0].role == "user" else { throw .unsupportedMessages(profile: profile) }
            return messages[0].content
        }
    }

    /// Encodes the segments; read positions are recorded while ids are laid down, never searched for.
    func render(_ prompt: Prompt, steps: Steps) throws(ScoringError) -> Rendering {
        var ids: [Int32] = []
        var reads: [Int] = []
        var readOfStep = [Int?](repeating: nil, count: steps.texts.count)
        for segment in try segments(prompt, steps: steps) {
            switch segment {
            case .text(let text): ids += tokenizer.encode(text)
            case .token(let id): ids.append(id)
            case .read(let content, let step):
                switch content {
                case .text(let text): ids += tokenizer.encode(text)
                case .token(let id): ids.append(id)
                }
                // Of several reads in one step the last is the step's own (Skywork reads at every line).
                readOfStep[step] = reads.count
                reads.append(ids.count - 1)
            }
        }
        return Rendering(sequence: TokenSequence(ids: ids, readPositions: reads), readOfStep: readOfStep)
    }
}

/// The turns of ChatML, `<|im_start|>role\ncontent<|im_end|>\n`, up to the opening of the assistant's.
private struct ChatML {
    let start: Int32
    let end: Int32

    /// The profile's system message stands unless the conversation brings its own.
    func turns(_ prompt: Prompt, system: String?) throws(ScoringError) -> [Segment] {
        var messages: [Message]
        switch prompt {
        case .text(let text): messages = [Message(role: "user", content: text)]
        case .messages(let given): messages = given
        }
        guard messages.last?.role != "assistant" else { throw .assistantTurnLast }
        if let system, messages.first?.role != "system" {
            messages.insert(Message(role: "system", content: system), at: 0)
        }
        // Role and content are one text, so that a prompt's leading newlines merge with the role's.
        return messages.flatMap { message -> [Segment] in
            [.token(start), .text("\(message.role)\n\(message.content)"), .token(end), .text("\n")]
        } + [.token(start)]
    }
}
