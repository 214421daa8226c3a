// Rollouts as token ids, split by problem.
package import Scoring
package import Transformers

/// What the loss may see of a rollout: its tokens and one bit.
package struct Example: Sendable {
    package let sequence: TrainingSequence
    package let correct: Bool
    /// Its place among all rendered rollouts, in the order of the file.
    package let index: Int
}

/// A held-out rollout; its label is for measuring alone and never comes near the loss.
package struct HeldOutExample: Sendable {
    package let example: Example
    /// The first wrong step, -1 where there is none.
    package let label: Int?
}

/// The two sides of the split.
package struct TrainingData: Sendable {
    package private(set) var training: [Example] = []
    package private(set) var heldOut: [HeldOutExample] = []
    package private(set) var bad: [BadLine]

    /// All rollouts in the order of the file.
    var all: [Example] { (training + heldOut.map(\.example)).sorted { $0.index < $1.index } }

    /// Renders each line; those that cannot be learnt from are named, and too many of them refused.
    ///
    /// - Parameter maximumTokens: what the decoder has positions for.
    package init(
        _ lines: TrainingLines,
        template: TrainingTemplate,
        maximumTokens: Int,
        settings: TrainingSettings
    ) throws(TrainingError) {
        bad = lines.bad
        let split = ProblemSplit(lines.rollouts.map(\.rollout.problem), settings)
        var index = 0
        for (line, labelled) in lines.rollouts {
            let rendered: (sequence: TokenSequence, promptTokens: Int)
            do throws(ScoringError) {
                rendered = try template.render(labelled.rollout)
                let count = rendered.sequence.ids.count
                guard count <= maximumTokens else {
                    throw ScoringError.tooLong(tokens: count, limit: maximumTokens)
                }
            } catch {
                bad.append(BadLine(line: line, problem: .unscorable(error)))
                continue
            }
            let (sequence, promptTokens) = rendered
            let learnsLanguage = labelled.correct && settings.tuning != .head
            let example = Example(
                sequence: TrainingSequence(
                    ids: sequence.ids,
                    readPositions: sequence.readPositions,
                    // Nothing comes before the first token of all, so it cannot be learnt.
                    languageTargets: learnsLanguage ? max(1, promptTokens)..<sequence.ids.count : 0..<0
                ),
                correct: labelled.correct,
                index: index
            )
            index += 1
            if split.holdsOut(labelled.problem) {
                heldOut.append(HeldOutExample(example: example, label: labelled.label))
            } else {
                training.append(example)
            }
        }
        try check(lines, settings)
    }

    private mutating func check(_ lines: TrainingLines, _ settings: TrainingSettings) throws(TrainingError) {
        bad.sort { $0.line < $1.line }
        let count = lines.rollouts.count + lines.bad.count
        guard Double(bad.count) <= settings.badLines * Double(count) else {
            throw .tooManyBadLines(bad, count: bad.count, lines: count)
        }
        guard !training.isEmpty || !heldOut.isEmpty else { throw .noRollouts }
        guard !training.isEmpty, settings.heldOut == 0 || !heldOut.isEmpty else {
            throw .emptySplit(training: training.count, heldOut: heldOut.count)
        }
    }
}

/// Which problems are held out: those whose hash, with the seed, is among the smallest.
package struct ProblemSplit {
    private var heldOut: Set<[UInt8]> = []

    /// - Parameter problems: of each rollout, in any order.
    package init(_ problems: [String], _ settings: TrainingSettings) {
        // By bytes: to String's own ==, composed and decomposed accents are the same problem.
        var rollouts: [[UInt8]: Int] = [:]
        for problem in problems { rollouts[Array(problem.utf8), default: 0] += 1 }
        let hashed = rollouts.map { (hash: Self.hash($0.key, seed: settings.seed), problem: $0.key, count: $0.value) }
        let bound = settings.heldOut * 0x1p64
        var held = 0
        for item in hashed.sorted(by: { ($0.hash, $0.problem.count) < ($1.hash, $1.problem.count) }) {
            guard Double(item.hash) < bound, held + item.count <= settings.heldOutMost else { break }
            heldOut.insert(item.problem)
            held += item.count
        }
    }

    package func holdsOut(_ problem: String) -> Bool { heldOut.contains(Array(problem.utf8)) }

    private static func hash(_ problem: [UInt8], seed: Int) -> UInt64 {
        var fingerprint = Fingerprint()
        fingerprint.add((0..<8).map { UInt8(truncatingIfNeeded: seed >> (8 * $0)) })
        fingerprint.add(problem)
        return fingerprint.value
    }
}
