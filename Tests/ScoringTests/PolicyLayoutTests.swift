// Which ids a policy's text becomes.
import Checkpoints
import Fixtures
import Foundation
import JSON
import Scoring
import Testing

/// One conversation of `Tests/Goldens/chats.json`, written by make_chat_goldens.py.
struct ChatCase: Decodable, CustomTestStringConvertible {
    struct Turn: Decodable {
        let role: String
        let content: String
    }

    let checkpoint: String
    let template: String
    let messages: [Turn]
    let ids: [Int32]

    var testDescription: String { "\(checkpoint): \(messages.map(\.content))" }

    static let all: [ChatCase] = {
        let url = Shared.checkout.appendingPathComponent("Tests/Goldens/chats.json")
        return (try? JSONDecoder().decode([ChatCase].self, from: Data(contentsOf: url))) ?? []
    }()
}

@Suite struct PolicyLayoutTests {
    @Test func `there are conversations of three chats`() {
        #expect(ChatCase.all.count == 9 && Set(ChatCase.all.map(\.template)).count == 3)
    }

    @Test(arguments: ChatCase.all)
    func `a conversation has the ids of transformers' chat template, the assistant's turn opened`(
        expected: ChatCase
    ) async throws {
        let model = try LanguageModelScorer(
            checkpoint: variant(of: expected.checkpoint, chatTemplate: expected.template)
        )
        let messages = expected.messages.map { Message(role: $0.role, content: $0.content) }
        let request = SignalRequest(.text(.messages(messages), .list(["So 10."]), separator: "\n"), wantsTokens: true)
        #expect(try await model.signals(for: [request])[0].get().promptIDs == expected.ids)
    }

    /// By Hugging Face's tokenizers 0.23.3: the ids behind a newline, which is an unknown character here.
    @Test(
        arguments: [
            ("a ☃ b", [424, 359, 0, 359, 425]), ("☃", [0]), ("☃a", [0, 424]),
            ("So ☃ is 10.\n", [410, 438, 359, 0, 270, 306, 375, 373, 0]), (" led", [359, 297, 427]),
        ] as [(String, [Int32])]
    )
    func `beside unknown characters no space is put before a step, nor is one of them lost`(
        step: String,
        ids: [Int32]
    ) async throws {
        let plain = try variant(
            of: "tiny-mistral",
            tokenizer: { file in
                guard var model = file["model"]?.object else { return }
                model["byte_fallback"] = false
                file["model"] = .object(model)
            }
        )
        let model = try LanguageModelScorer(checkpoint: plain)
        let request = SignalRequest(policyText("Add 1 to 9.", ["a", step]), wantsTokens: true)
        let found = try await model.signals(for: [request])[0].get()
        #expect(found.tokenSpans.count == 2 && Array(found.tokenIDs[found.tokenSpans[1]]) == ids)
    }
}
