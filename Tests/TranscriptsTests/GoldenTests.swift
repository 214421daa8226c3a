// Prompts are read as the policies' own templates write them.
import Fixtures
import Foundation
import Testing
import Transcripts

/// A case of golden.json, which make_golden.py writes.
struct GoldenPrompt: Decodable, Sendable, CustomTestStringConvertible {
    let template: String
    let source: String
    let prompt: String
    let turns: [[String]]

    var testDescription: String { "\(source): \(prompt.debugDescription)" }

    var expected: [Turn] {
        get throws { try turns.map { Turn(try #require(Turn.Role(rawValue: $0[0])), $0[1]) } }
    }

    static let all: [GoldenPrompt] = {
        let file = Shared.checkout.appendingPathComponent("Tests/TranscriptsTests/golden.json")
        return (try? JSONDecoder().decode([GoldenPrompt].self, from: Data(contentsOf: file))) ?? []
    }()
}

@Suite struct GoldenTests {
    @Test func `every template but Tulu's has golden prompts`() {
        #expect(
            Set(GoldenPrompt.all.map(\.template)) == Set(PolicyTemplate.allCases.map(\.rawValue)).subtracting(["tulu"])
        )
    }

    @Test(arguments: GoldenPrompt.all)
    func `a rendered prompt gives back its turns`(golden: GoldenPrompt) throws {
        let transcript = try Transcript(prompt: golden.prompt, response: "Two.")
        #expect(transcript.question == .turns(try golden.expected))
    }

    /// Whether the prompt is given or not, though it may open a thought.
    @Test(arguments: GoldenPrompt.all)
    func `an answer behind a rendered prompt is found`(golden: GoldenPrompt) throws {
        let answer = "Step 1.\n\nStep 2: <|im_start|>assistant\nno turn."
        let text = golden.prompt + answer + "</s><pad>"
        let expected = Transcript.Expected(
            question: .turns(try golden.expected),
            response: answer,
            start: golden.prompt.utf8.count
        )
        for prompt in [golden.prompt, nil] {
            #expect(Transcript.Expected(try Transcript(cutting: text, after: prompt)) == expected)
        }
    }
}
