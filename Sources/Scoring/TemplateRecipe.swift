// How a family lays a rollout out, as plain data.

/// What stands in a chat's system turn when the caller's conversation brings none.
package enum SystemTurn: Sendable, Equatable {
    /// What the folder's own chat template puts there by itself, which may be nothing.
    case template
    /// No system turn, whatever the chat template would put.
    case none
    case text(String)
}

/// The kind of a template and the texts that fill it (reference/prm-zoo.md section 3).
///
/// Flat, so that each field is one key of `linchpin.json`; a kind reads the fields that its case names and no others.
package struct TemplateRecipe: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// A chat; in the assistant's turn each step is followed by the token `marker` and read there (Qwen PRM).
        /// Reads `chat`, `system`, `marker`.
        case chatMarker = "chat_marker"
        /// A chat; the whole answer, steps joined by `joiner`, is read once, at the last token (outcome models).
        /// Reads `chat`, `system`, `joiner`.
        case chatLast = "chat_last"
        /// The token `marker`, the problem and a newline, then each line with a newline token, read there (Skywork).
        case lines
        /// `promptPrefix`, prompt and `promptSuffix` as one text, then each step and `joiner` encoded apart and read at
        /// the last token; where `joiner` is empty, at the step's own (TRL, PURE, ReasonEval).
        case pieces
        /// One string: `promptPrefix`, prompt, `promptSuffix`, then each step after `stepPrefix` and followed by
        /// `marker`, read there; `joiner` goes between (Math-Shepherd). With `isUserTurn` that string is the user's turn
        /// of a chat (Med-PRM). Reads `beginnings`; with `isUserTurn` also `chat` and `system`.
        case textMarker = "text_marker"
        /// A chat in which each step is a user's turn, answered by `verdict`, and read just before the verdict; the
        /// first turn is `promptPrefix`, prompt, `promptSuffix` and the first step (RLHFlow, FoVer).
        /// Reads `chat`, `system`.
        case chatTurns = "chat_turns"
        /// The caller lays out every token: only raw rollouts are taken.
        case raw
    }

    package let kind: Kind
    /// Nil: told from the folder's chat template, else from the tokenizer's tokens.
    package var chat: ChatDialect?
    package var system: SystemTurn
    package var promptPrefix: String
    package var promptSuffix: String
    /// `{n}` stands for the step's number, from 1; not repeated before a step that begins with it.
    package var stepPrefix: String
    package var marker: String
    package var joiner: String
    package var verdict: String
    /// How many beginning-of-text tokens stand before a `textMarker`, where the tokenizer has one.
    package var beginnings: Int
    package var isUserTurn: Bool

    package init(
        _ kind: Kind,
        chat: ChatDialect? = nil,
        system: SystemTurn = .template,
        promptPrefix: String = "",
        promptSuffix: String = "",
        stepPrefix: String = "",
        marker: String = "",
        joiner: String = "",
        verdict: String = "",
        beginnings: Int = 1,
        isUserTurn: Bool = false
    ) {
        self.kind = kind
        self.chat = chat
        self.system = system
        self.promptPrefix = promptPrefix
        self.promptSuffix = promptSuffix
        self.stepPrefix = stepPrefix
        self.marker = marker
        self.joiner = joiner
        self.verdict = verdict
        self.beginnings = beginnings
        self.isUserTurn = isUserTurn
    }

    /// Whether any part of it is a chat.
    package var isChat: Bool {
        switch kind {
        case .chatMarker, .chatLast, .chatTurns: true
        case .textMarker: isUserTurn
        case .lines, .pieces, .raw: false
        }
    }
}
