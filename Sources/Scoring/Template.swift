// Lays a rollout out as the model's authors laid out theirs.
package import Tokenizing

/// A profile's template with the token ids that this checkpoint's tokenizer gives its fixed parts.
///
/// Made when the model is loaded, so that a tokenizer without the profile's marker fails there and not at a request.
package struct Template: Sendable {
    let recipe: TemplateRecipe
    let profile: String
    let tokenizer: Tokenizer
    let chat: Chat?
    /// The token of the recipe's marker; for `lines` that which opens the text.
    let marker: Int32?
    let newline: Int32?
    private let beginning: [Int32]
    let padding: Int32?

    /// - Parameters:
    ///   - chat: the chat that the recipe's turns are written in; needed where it has turns.
    ///   - beginning: what the tokenizer puts before every text, where it puts something.
    ///   - padding: the id that outcome models read in front of, where it stands last.
    package init(
        profile: Profile,
        tokenizer: Tokenizer,
        chat format: ChatFormat? = nil,
        beginning: Int32? = nil,
        padding: Int32? = nil
    ) throws {
        func token(_ content: String) throws -> Int32 {
            guard let id = tokenizer.addedToken(content) else {
                throw ProfileError.missingToken(profile: profile.name, token: content)
            }
            return id
        }
        recipe = profile.template
        self.profile = profile.name
        self.tokenizer = tokenizer
        self.beginning = beginning.map { [$0] } ?? []
        self.padding = padding
        chat =
            recipe.isChat
            ? try Chat(
                format ?? ChatFormat(.chatML),
                system: recipe.system,
                beginning: Array(repeating: self.beginning, count: recipe.beginnings).flatMap(\.self),
                token: token
            ) : nil
        switch recipe.kind {
        case .chatMarker: (marker, newline) = (try token(recipe.marker), nil)
        case .lines:
            newline = try Self.onlyToken("\n", tokenizer.encode("\n"), profile)
            marker = try token(recipe.marker)
        case .textMarker:
            // After a letter, since on SentencePiece vocabularies a text that stands alone begins with a space.
            let joined = tokenizer.encode(joining: ["a", recipe.marker])
            let start = joined.ends.first.flatMap(\.self) ?? 0
            (marker, newline) = (try Self.onlyToken(recipe.marker, Array(joined.ids[start...]), profile), nil)
        case .chatLast, .pieces, .chatTurns, .raw: (marker, newline) = (nil, nil)
        }
    }

    private static func onlyToken(_ text: String, _ ids: [Int32], _ profile: Profile) throws -> Int32 {
        guard ids.count == 1 else {
            throw ProfileError.notOneToken(profile: profile.name, text: text, count: ids.count)
        }
        return ids[0]
    }

    /// Encodes what `segments` lays out.
    package func render(_ prompt: Prompt, steps: Steps) throws(ScoringError) -> Rendering {
        var assembly = Assembly(tokenizer: tokenizer, stepCount: steps.texts.count)
        for segment in try segments(prompt, steps: steps) { try assembly.lay(segment) }
        if recipe.kind == .chatLast, let padding { assembly.stepBack(over: padding) }
        return assembly.rendering
    }

    /// A rollout whose caller has laid it out.
    package func render(_ raw: RawSequence) throws(ScoringError) -> Rendering {
        switch raw {
        case .ids(let ids, let positions): try Rendering(ids, readAt: positions)
        case .segments(let segments): try Rendering(segments, tokenizer: tokenizer)
        case .tagged(let input): try render(input)
        }
    }

    /// The segments of a rollout, before any text is encoded.
    private func segments(_ prompt: Prompt, steps: Steps) throws(ScoringError) -> [Segment] {
        switch (recipe.kind, chat, marker) {
        case (.chatMarker, let chat?, let marker?): try markedTurn(prompt, steps, chat, marker)
        case (.chatLast, let chat?, _): try lastOfChat(prompt, steps, chat)
        case (.chatTurns, let chat?, _): try turns(prompt, steps, chat)
        case (.textMarker, let chat, let marker?): try markedText(prompt, steps, chat, marker)
        case (.lines, _, let opening?): try lines(prompt, steps, opening)
        case (.pieces, _, _): try pieces(prompt, steps)
        default: throw .rawOnly(profile: profile)
        }
    }
}

// MARK: - Kinds of templates

extension Template {
    private func markedTurn(
        _ prompt: Prompt,
        _ steps: Steps,
        _ chat: Chat,
        _ marker: Int32
    ) throws(ScoringError) -> [Segment] {
        // The turn's opening and the first step are one text: a step that starts with a newline merges with it, as in
        // the authors' rendering of the whole conversation (prm-zoo section 3 A).
        let (header, lead) = chat.open("assistant")
        var segments = chat.turns(try conversation(prompt)) + header
        for (index, step) in steps.texts.enumerated() {
            segments.append(.text(index == 0 ? lead + step : step))
            segments.append(.read(.token(marker), step: index))
        }
        return segments + chat.close
    }

    private func lastOfChat(_ prompt: Prompt, _ steps: Steps, _ chat: Chat) throws(ScoringError) -> [Segment] {
        let answer = steps.response ?? steps.texts.joined(separator: recipe.joiner)
        let segments = chat.turns(try conversation(prompt)) + chat.answer(answer) + chat.close
        let step = steps.texts.count - 1
        switch segments.last {
        case .text(let text): return segments.dropLast() + [.read(.text(text), step: step)]
        case .token(let id): return segments.dropLast() + [.read(.token(id), step: step)]
        default: return segments
        }
    }

    /// All turns in one pass: the reward of a step depends only on what stands before its verdict, so that the authors'
    /// one pass a step gives the same numbers (prm-zoo section 1).
    private func turns(_ prompt: Prompt, _ steps: Steps, _ chat: Chat) throws(ScoringError) -> [Segment] {
        let (header, lead) = chat.open("assistant")
        let question = recipe.promptPrefix + (try question(prompt)) + recipe.promptSuffix
        var segments = chat.turns([])
        for (index, step) in steps.texts.enumerated() {
            segments += chat.turn("user", index == 0 ? question + step : step) + header
            segments += [.read(.text(lead), step: index), .text(recipe.verdict)] + chat.close
        }
        return segments
    }

    private func markedText(
        _ prompt: Prompt,
        _ steps: Steps,
        _ chat: Chat?,
        _ marker: Int32
    ) throws(ScoringError) -> [Segment] {
        let header = chat?.open("user")
        let text = MarkedText(
            prompt: (header?.lead ?? "") + recipe.promptPrefix + (try question(prompt)),
            steps: steps.texts.enumerated().map { index, step in
                (index == 0 ? recipe.promptSuffix : recipe.joiner) + labelled(step, number: index + 1)
            },
            marker: recipe.marker,
            markerID: marker
        )
        guard let chat, let header else {
            let beginnings = Array(repeating: beginning, count: recipe.beginnings).flatMap(\.self)
            return beginnings.map(Segment.token) + [.marked(text)]
        }
        return chat.turns([]) + header.header + [.marked(text)] + chat.close
    }

    /// A step that brings its label keeps it.
    private func labelled(_ step: String, number: Int) -> String {
        let label = recipe.stepPrefix.split(separator: "{n}", omittingEmptySubsequences: false).joined(
            separator: "\(number)"
        )
        return step.utf8.starts(with: label.utf8) ? step : label + step
    }

    private func lines(_ prompt: Prompt, _ steps: Steps, _ opening: Int32) throws(ScoringError) -> [Segment] {
        var segments: [Segment] = [.token(opening), .text(try question(prompt) + "\n")]
        for (index, step) in steps.texts.enumerated() {
            for line in step.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
                segments.append(.text(String(Substring(line))))
                segments.append(.read(newline.map(Segment.Content.token) ?? .text("\n"), step: index))
            }
        }
        return segments
    }

    /// Prompt and steps are encoded apart, as TRL's tokenize_row does in training.
    private func pieces(_ prompt: Prompt, _ steps: Steps) throws(ScoringError) -> [Segment] {
        var segments = beginning.map(Segment.token)
        segments.append(.text(recipe.promptPrefix + (try question(prompt)) + recipe.promptSuffix))
        for (index, step) in steps.texts.enumerated() {
            if recipe.joiner.isEmpty {
                segments.append(.read(.text(step), step: index))
            } else {
                segments += [.text(step), .read(.text(recipe.joiner), step: index)]
            }
        }
        return segments
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

    private func conversation(_ prompt: Prompt) throws(ScoringError) -> [Message] {
        switch prompt {
        case .text(let text): return [Message(role: "user", content: text)]
        case .messages(let messages):
            guard messages.last?.role != "assistant" else { throw .assistantTurnLast }
            return messages
        }
    }
}
