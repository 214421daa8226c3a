// What a prompt asks, and what cannot be told.
import Testing
import Transcripts

@Suite struct QuestionTests {
    private func question(_ prompt: String) throws -> Question { try Transcript(prompt: prompt, response: "").question }

    @Test(arguments: [
        "What is 1+1?", "", "\nWhat?\r\n", "Q: a<|y|>b\nA:", "x <| f |> g", "a[0] < b", "|x|<|y|", "<extra_0> <b>",

        "User: hi\n\nAssistant:", "Continue: USER: hi ASSISTANT: hello", "e\u{301}<|", "<|im_start", "[ INST ]",
    ])
    func `a prompt in no template is taken as it stands`(prompt: String) throws {
        #expect(try question(prompt) == .text(prompt))
    }

    @Test func `padding in front of a plain prompt is no part of it`() throws {
        #expect(try question("<|endoftext|><|endoftext|>What is 1+1?") == .text("What is 1+1?"))
        #expect(try question("<s> What is 1+1?") == .text("What is 1+1?"))
        let transcript = try Transcript(cutting: "<s>What is 1+1? Two.</s>", after: "What is 1+1?")
        #expect(transcript.question == .text("What is 1+1?"))
        #expect(transcript.response == " Two.")
    }

    @Test(arguments: [
        "<|user|>\nWhat?<|assistant|>\n", "[gMASK]sop<|user|>\n What?<|assistant|>\n",
        "<|start_of_role|>user<|end_of_role|>What?<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>",
        "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>What?<|END_OF_TURN_TOKEN|>", "GPT4 Correct User: What?<|end_of_turn|>",
        "What <|endoftext|> is this?", "[INST] What?", "a <start_of_turn>user\nWhat?", "What<｜tool▁sep｜>?",
        "hat is 1+1?<|im_end|>\n<|im_start|>assistant\n", "<|im_start|>user\nWhat?", "<｜User｜>What?",
        "<|im_start|> USER: What? ASSISTANT:",
    ])
    func `control tokens of no known template are refused`(prompt: String) {
        #expect(throws: TranscriptError.unknownTemplate) { try question(prompt) }
        #expect(throws: TranscriptError.unknownTemplate) { try Transcript(cutting: prompt + "Two.", after: prompt) }
    }

    @Test(arguments: [
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>assistant\n", "<|im_start|>assistant\n",
        "<|im_start|>system\nBe brief.<|im_end|>\n", "<|start_header_id|>assistant<|end_header_id|>\n\nTwo.",
    ])
    func `a known template in which nobody asks is refused`(prompt: String) {
        #expect(throws: TranscriptError.noQuestion) { try question(prompt) }
        #expect(throws: TranscriptError.noQuestion) { try Transcript(cutting: prompt + "Two.", after: prompt) }
    }

    /// Prompt and turns.
    private static let known: [(String, [Turn])] = [
        // Without the header of an answer.
        ("<|im_start|>user\nWhat?<|im_end|>\n", [Turn(.user, "What?")]),
        ("<start_of_turn>user\nWhat?<end_of_turn>", [Turn(.user, "What?")]),
        // With its first words.
        ("<|im_start|>user\nWhat?<|im_end|>\n<|im_start|>assistant\nLet us see", [Turn(.user, "What?")]),
        ("[INST] What? [/INST] Let us see", [Turn(.user, "What?")]),
        // What a tool gave back, and two questions in a row.
        (
            "<|im_start|>user\nWhat?<|im_end|>\n<|im_start|>tool\n2<|im_end|>\n<|im_start|>assistant\n",
            [Turn(.user, "What?"), Turn(.user, "2")]
        ),
        // Tulu ends no turn of the user's in a token, and what it ends an answer in is the base model's.
        (
            "<|system|>\nBrief.\n<|user|>\nWhat?\n\n<|assistant|>\nTwo.<|endoftext|>\n<|user|>\nWhy?\n<|assistant|>\n",
            [Turn(.system, "Brief."), Turn(.user, "What?\n"), Turn(.assistant, "Two."), Turn(.user, "Why?")]
        ),
        (
            "<|user|>\nWhat?\n<|assistant|>\nTwo.</s>\n<|user|>\nWhy?\n<|assistant|>\n",
            [Turn(.user, "What?"), Turn(.assistant, "Two."), Turn(.user, "Why?")]
        ),
        // Vicuna's lines, as later templates write them.
        (
            "Be brief.\n\nUSER: What?\nASSISTANT: Two.</s>\nUSER: Why?\nASSISTANT:",
            [Turn(.system, "Be brief."), Turn(.user, "What?"), Turn(.assistant, "Two."), Turn(.user, "Why?")]
        ),
        // Mistral 0.2, whose answers have no space before them.
        (
            "<s>[INST] What? [/INST]Two.</s>[INST] Why? [/INST]",
            [Turn(.user, "What?"), Turn(.assistant, "Two."), Turn(.user, "Why?")]
        ),
        // Mistral 7 before Tekken.
        (
            "<s>[SYSTEM_PROMPT] Brief.[/SYSTEM_PROMPT][INST] What?[/INST]",
            [Turn(.system, "Brief."), Turn(.user, "What?")]
        ),
        ("<|im_start|>user\n<|im_end|>\n<|im_start|>assistant\n", [Turn(.user, "")]),
    ]

    @Test(arguments: known)
    func `a prompt of a known template gives its turns`(prompt: String, turns: [Turn]) throws {
        #expect(try question(prompt) == .turns(turns))
    }
}
