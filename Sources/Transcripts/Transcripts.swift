// A trainer's text, taken apart into question and answer.
//
// Trainers send what their tokenizer decoded, in the chat template of the policy and with its special tokens; a reward
// model has a template of its own. Strings in, strings out: no vocabulary and no model is known here.
// Written by hand because a chat template is a program that writes, and no library reads back what it wrote.

/// One turn of a conversation as the policy's template wrote it.
package struct Turn: Sendable, Equatable {
    package enum Role: String, Sendable, CaseIterable {
        case system
        case user
        case assistant
    }

    package let role: Role
    package let content: String

    package init(_ role: Role, _ content: String) {
        self.role = role
        self.content = content
    }
}

/// What stood before the answer.
package enum Question: Sendable, Equatable {
    /// A prompt in no template, as a base model gets it.
    case text(String)
    /// At least one turn of the user's; the last turn is not the assistant's.
    case turns([Turn])
}

/// A question and its answer, free of the policy's template.
package struct Transcript: Sendable, Equatable {
    package let question: Question
    /// Without the end and padding tokens that stood behind it.
    package let response: String
    /// Where `response` stands in the text that it was cut from, [start, end) in bytes of UTF-8.
    package let span: Range<Int>
}

/// Why a text could not be taken apart.
package enum TranscriptError: Error, Sendable, Equatable {
    /// The text does not begin with the prompt, and no header of a known template opens an answer in it.
    case noAnswer
    /// The prompt has control tokens of a template that is not known here.
    case unknownTemplate
    /// The prompt's template is known, and nothing in it is the user's.
    case noQuestion
}
