// Token ids while they are laid down, and where they are read.
import Tokenizing
import Transformers

/// Encodes segments one after the other; read positions are recorded, never searched for.
struct Assembly {
    private let tokenizer: Tokenizer
    private var ids: [Int32] = []
    private var reads: [Int] = []
    private var readOfStep: [Int?]

    init(tokenizer: Tokenizer, stepCount: Int) {
        self.tokenizer = tokenizer
        readOfStep = Array(repeating: nil, count: stepCount)
    }

    var rendering: Rendering {
        Rendering(sequence: TokenSequence(ids: ids, readPositions: reads), readOfStep: readOfStep)
    }

    mutating func lay(_ segment: Segment) throws(ScoringError) {
        switch segment {
        case .text(let text): ids += tokenizer.encode(text)
        case .token(let id): ids.append(id)
        case .read(let content, let step):
            let before = ids.count
            switch content {
            case .text(let text): ids += tokenizer.encode(text)
            case .token(let id): ids.append(id)
            }
            guard ids.count > before else { throw .emptyStep(step: step) }
            read(at: ids.count - 1, step: step)
        case .marked(let text): try lay(text)
        }
    }

    /// Of several reads in one step the last is the step's own (Skywork reads at every line).
    private mutating func read(at position: Int, step: Int) {
        readOfStep[step] = reads.count
        reads.append(position)
    }

    /// Moves the last read in front of trailing padding: transformers' sequence classification reads "the right-most
    /// token whose id is not the padding's".
    mutating func stepBack(over padding: Int32) {
        guard let last = reads.last else { return }
        let kept = ids[...last].lastIndex { $0 != padding } ?? last
        reads[reads.count - 1] = kept
    }
}

// MARK: - Markers that are text

extension Assembly {
    /// The marker's token after every step, and nowhere else.
    private mutating func lay(_ text: MarkedText) throws(ScoringError) {
        let (prompt, steps) = parts(of: text)
        for id in prompt {
            // The prompt is not the policy's: it is read as plain text, the marker's letters as two tokens.
            if id == text.markerID, let (left, right) = tokenizer.halves(of: id) {
                ids += [left, right]
            } else {
                ids.append(id)
            }
        }
        for (index, step) in steps.enumerated() {
            guard !step.contains(text.markerID) else { throw .markerInStep(step: index) }
            ids += step + [text.markerID]
            read(at: ids.count - 1, step: index)
        }
    }

    /// The ids of the prompt and of each step, without the markers between them.
    ///
    /// As one string, as the authors encode it, up to the first marker that merges with the white space beside it, where
    /// their code would lose a step; from there on every step is encoded apart. What stands before an intact marker does
    /// not depend on what follows it, so earlier steps keep their bits.
    private func parts(of text: MarkedText) -> (prompt: [Int32], steps: [[Int32]]) {
        let joined = tokenizer.encode(joining: [text.prompt] + text.steps.flatMap { [$0, text.marker] })
        // White space may merge across this border too; the prompt's are those ids that it has when it stands alone.
        var start = joined.ends[0] ?? zip(joined.ids, tokenizer.encode(text.prompt)).prefix { $0 == $1 }.count
        var prompt = Array(joined.ids[..<start])
        var steps: [[Int32]] = []
        for step in text.steps.indices {
            guard let end = joined.ends[1 + 2 * step], let after = joined.ends[2 + 2 * step],
                after == end + 1, joined.ids[end] == text.markerID
            else {
                if step == 0 { prompt = tokenizer.encode(text.prompt) }
                steps += text.steps[step...].map(tokenizer.continuation)
                break
            }
            steps.append(Array(joined.ids[start..<end]))
            start = after
        }
        return (prompt, steps)
    }
}

// MARK: - Raw rollouts

extension Rendering {
    /// A reward at every read position; each of them is a step.
    init(_ ids: [Int32], readAt positions: [Int]) throws(ScoringError) {
        if positions.isEmpty { throw .emptySteps }
        self.init(
            sequence: TokenSequence(ids: ids, readPositions: positions),
            readOfStep: positions.indices.map { $0 }
        )
    }

    init(_ segments: [RawSegment], tokenizer: Tokenizer) throws(ScoringError) {
        var ids: [Int32] = []
        var reads: [Int] = []
        for (index, segment) in segments.enumerated() {
            let before = ids.count
            switch segment.content {
            case .text(let text): ids += tokenizer.encode(text)
            case .id(let id): ids.append(id)
            case .token(let token):
                guard let id = tokenizer.addedToken(token) else { throw .unknownToken(segment: index) }
                ids.append(id)
            }
            guard segment.isRead else { continue }
            guard ids.count > before else { throw .emptySegment(index) }
            reads.append(ids.count - 1)
        }
        try self.init(ids, readAt: reads)
    }
}
