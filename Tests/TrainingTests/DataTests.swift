// Rendering, the split, and lines that cannot be learnt from.
import Scoring
import Testing
import Tokenizing
import Training
import Transformers

@Suite struct DataTests {
    private static func template() throws -> TrainingTemplate {
        try TrainingTemplate(tokenizer: try Tokenizer(parsing: trainedTokenizer(on: ["a"], vocabulary: 257)))
    }

    private static func rollout(_ steps: [String], correct: Bool = true, problem: String = "p") -> LabelledRollout {
        LabelledRollout(
            rollout: Rollout(prompt: .text("abc"), source: .list(steps)),
            correct: correct,
            problem: problem,
            label: nil
        )
    }

    private static let none = {
        var settings = TrainingSettings()
        settings.heldOut = 0
        return settings
    }()

    @Test func `each step is read at the separator after it`() throws {
        let (sequence, promptTokens) = try Self.template().render(Self.rollout(["de", "f"]).rollout)
        #expect(sequence.ids.count == 8 && sequence.readPositions == [5, 7] && promptTokens == 3)
    }

    @Test func `language is learnt from right rollouts, after the prompt`() throws {
        let lines = Toy.lines([Self.rollout(["de"]), Self.rollout(["de"], correct: false)])
        let data = try TrainingData(lines, template: try Self.template(), maximumTokens: 99, settings: Self.none)
        #expect(data.training.map(\.sequence.languageTargets) == [3..<6, 0..<0])
        #expect(data.training.map(\.correct) == [true, false])
    }

    @Test func `lines that cannot be learnt from are named up to their share`() throws {
        let good = (0..<8).map { _ in Self.rollout(["de"]) }
        let lines = Toy.lines([Self.rollout([])] + good + [Self.rollout(["very long"])])
        var settings = Self.none
        settings.badLines = 0.2
        let data = try TrainingData(lines, template: try Self.template(), maximumTokens: 6, settings: settings)
        #expect(
            data.bad == [
                BadLine(line: 1, problem: .unscorable(.emptySteps)),
                BadLine(line: 10, problem: .unscorable(.tooLong(tokens: 13, limit: 6))),
            ]
        )
        #expect(data.training.map(\.index) == Array(0..<8))
        var strict = Self.none
        strict.badLines = 0.1
        let error = try refusal(lines, try Self.template(), strict)
        guard case .tooManyBadLines(_, count: 2, lines: 10)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    private func refusal(
        _ lines: TrainingLines,
        _ template: TrainingTemplate,
        _ settings: TrainingSettings
    ) throws -> TrainingError? {
        do throws(TrainingError) {
            _ = try TrainingData(lines, template: template, maximumTokens: 6, settings: settings)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a problem is never on both sides`() {
        let problems = (0..<3000).map { "p\($0 % 1000)" }
        var settings = TrainingSettings()
        settings.heldOut = 0.2
        let split = ProblemSplit(problems, settings)
        let heldOut = Set(problems.filter(split.holdsOut))
        #expect((150...250).contains(heldOut.count))
        settings.seed = 1
        let other = ProblemSplit(problems, settings)
        #expect(Set(problems.filter(other.holdsOut)) != heldOut)
    }

    @Test func `no more is held out than was said, and whole problems`() {
        let problems = (0..<3000).map { "p\($0 % 1000)" }
        var settings = TrainingSettings()
        (settings.heldOut, settings.heldOutMost) = (0.5, 100)
        let held = problems.filter(ProblemSplit(problems, settings).holdsOut)
        #expect(held.count == 99 && Set(held).count == 33)
    }

    @Test func `a problem stays on its side when others are added`() {
        var settings = TrainingSettings()
        settings.heldOut = 0.3
        let few = (0..<100).map { "p\($0)" }
        let one = ProblemSplit(few, settings)
        let two = ProblemSplit(few + (100..<500).map { "p\($0)" }, settings)
        #expect(few.allSatisfy { one.holdsOut($0) == two.holdsOut($0) })
    }
}
